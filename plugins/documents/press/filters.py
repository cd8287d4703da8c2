"""The filters that templates may use: a closed list. They know their value and the language of the letter."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS
from markupsafe import Markup, escape

from core import capital_amount

EMPTY = "—"
SHANGHAI = timezone(timedelta(hours=8))
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
STANDARD = (
    "abs batch count d default dictsort e escape first float groupby int items join last length list lower map max "
    "min reject rejectattr replace reverse round select selectattr slice sort string sum trim unique upper"
)


def blank(value: Any) -> bool:
    """Whether there is nothing to print."""
    return value is None or isinstance(value, Undefined) or value == ""


def _day_of(value: Any) -> date:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


@pass_environment
def day(environment: Environment, value: Any) -> str:
    """2026年11月22日, or 22 November 2026."""
    if blank(value):
        return EMPTY
    found = _day_of(value)
    if environment.globals["language"] == "en":
        return f"{found.day} {MONTHS[found.month - 1]} {found.year}"
    return f"{found.year}年{found.month}月{found.day}日"


@pass_environment
def month(environment: Environment, value: Any) -> str:
    """2026年11月, or November 2026."""
    if blank(value):
        return EMPTY
    found = _day_of(value)
    if environment.globals["language"] == "en":
        return f"{MONTHS[found.month - 1]} {found.year}"
    return f"{found.year}年{found.month}月"


def short_day(value: Any) -> str:
    """2026-11-22, for narrow columns."""
    return EMPTY if blank(value) else _day_of(value).isoformat()


def money(value: Any, currency: str | None = "CNY") -> str:
    """¥1,234.50; other currencies by their ISO name."""
    if blank(value):
        return EMPTY
    amount = Decimal(value)
    sign = "-" if amount < 0 else ""
    return f"{sign}{'¥' if currency in (None, 'CNY') else f'{currency} '}{abs(amount):,.2f}"


def figure(value: Any, places: int = 2) -> str:
    """1,234.50 without a sign of currency, for columns whose head names it."""
    return EMPTY if blank(value) else f"{Decimal(value):,.{min(int(places), 6)}f}"


def capital(value: Any, currency: str | None = "CNY") -> str:
    """人民币壹仟贰佰叁拾肆元伍角整."""
    return EMPTY if blank(value) else capital_amount(Decimal(value), currency or "CNY")


def dash(value: Any) -> Any:
    """The value, or — where there is none."""
    return EMPTY if blank(value) or value == [] else value


def lines(value: Any) -> Markup:
    """A text with its line breaks."""
    return Markup("<br>").join(escape(line) for line in str(dash(value)).splitlines())


def lines_of(value: Any) -> list[str]:
    """The lines of a text that have something on them."""
    return [line.strip() for line in str(value).splitlines() if line.strip()]


@pass_environment
def required(environment: Environment, value: Any, label: str = "") -> Any:
    """The value; when it is empty the letter is made, but `label` keeps it from being released or sent."""
    if blank(value) or value == []:
        environment.needed.append(str(label) or getattr(value, "_undefined_name", None) or EMPTY)  # type: ignore[attr-defined]
    return value


def whitelist() -> dict[str, Any]:
    """All filters by name."""
    own = (day, month, short_day, money, figure, capital, dash, lines, lines_of, required)
    return {name: FILTERS[name] for name in STANDARD.split()} | {f.__name__: f for f in own}
