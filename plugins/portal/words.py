"""How the portal speaks: stages in the client's words, expected months, days and amounts. Pure but for the language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from core import current_locale, gettext, registry, today
from plugins.cases import Stop, model

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CURRENCIES = {"CNY": "¥", "USD": "US$", "EUR": "€", "HKD": "HK$", "JPY": "JP¥"}


def cost(found: dict[str, Any]) -> str:
    """Official fee and our fee of an offer or an estimate."""
    return gettext(
        "Official fee %(official)s, our fee %(service)s",
        official=money(found["official_total"], found["currency"]),
        service=money(found["service_total"], found["currency"]),
    )


def stage(case_type: str | None, code: str | None) -> str:
    """The words of a state that are meant for clients; never its code."""
    state = state_of(case_type, code)
    return "" if state is None else state.portal_zh if current_locale() == "zh" else state.portal_en


def state_of(case_type: str | None, code: str | None) -> Any:
    """The state of a case type, or None when it is not known."""
    try:
        return model(case_type or "").states.get(code or "")
    except KeyError:
        return None


def type_words(case_type: str | None, right_kind: str | None) -> str:
    """The kind of matter, for example 商标注册申请 or 发明专利申请."""
    for name, code in (("case_type", case_type), ("right_kind", right_kind)):
        found = registry().types["cases.case"].fields[name].choice(code)
        if found:
            return str(found.label)
    return ""


def about(stop: Stop | None) -> str:
    """An expected range: 约 2027 年 4–6 月. Never a promise, and never a day that has passed."""
    if stop is None or stop.latest is None:
        return ""
    first, last = max(stop.earliest or stop.latest, today()), stop.latest
    if last < today():
        return gettext("any time now")
    return gettext("about %(month)s", month=_months(first, last))


def _months(first: date, last: date) -> str:
    if current_locale() == "zh":
        if (first.year, first.month) == (last.year, last.month):
            return f"{last.year} 年 {last.month} 月"
        if first.year == last.year:
            return f"{last.year} 年 {first.month}–{last.month} 月"
        return f"{first.year} 年 {first.month} 月–{last.year} 年 {last.month} 月"
    end = f"{_MONTHS[last.month - 1]} {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return end
    begin = _MONTHS[first.month - 1] + (f" {first.year}" if first.year != last.year else "")
    return f"{begin}–{end}"


def comma() -> str:
    """Between the parts of a line."""
    return "，" if current_locale() == "zh" else ", "


def short_day(day: date | None) -> str:
    """`03-27` in this year, else with the year."""
    return "" if day is None else f"{day:%m-%d}" if day.year == today().year else day.isoformat()


def money(amount: Any, currency: str | None = "CNY") -> str:
    """`¥4,800.00`; another currency by its sign or code."""
    if amount in (None, ""):
        return ""
    sign = CURRENCIES.get(currency or "CNY", f"{currency} ")
    value = Decimal(str(amount))
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.2f}"


def classes(codes: Iterable[str] | None) -> str:
    """第 30、43 类."""
    numbers = "、".join(str(int(c)) if str(c).isdigit() else str(c) for c in codes or ())
    if current_locale() != "zh":
        numbers = numbers.replace("、", ", ")
    many = "," in numbers
    return (gettext("classes %(n)s", n=numbers) if many else gettext("class %(n)s", n=numbers)) if numbers else ""
