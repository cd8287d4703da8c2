"""How values read on a page: days with their distance, instants, money, sizes. Words only, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from core.clock import local, today
from core.i18n import current_locale, gettext, ngettext

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def within(name: object) -> str:
    """The name of a kind of records inside an English sentence: `Portal messages` becomes `portal messages`."""
    words = str(name)
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def weekday(day: date) -> str:
    """`周一` or `Mon`."""
    return f"周{_WEEKDAYS_ZH[day.weekday()]}" if current_locale() == "zh" else _WEEKDAYS_EN[day.weekday()]


def weekday_heads() -> tuple[str, ...]:
    """Monday to Sunday, as above a calendar: `一 … 日`, `Mon … Sun`."""
    return tuple(_WEEKDAYS_ZH) if current_locale() == "zh" else _WEEKDAYS_EN


def day_short(day: date, now: date | None = None) -> str:
    """A day in a list: `12-14 周一` or `Mon 14 Dec`; the full ISO date when the year is not this one."""
    if day.year != (now or today()).year:
        return day.isoformat()
    if current_locale() == "zh":
        return f"{day:%m-%d} 周{_WEEKDAYS_ZH[day.weekday()]}"
    return f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}"


def day_heading(day: date, now: date | None = None) -> str:
    """A day above a group of entries: `今天`, `11月16日 周一`, `2025年11月16日`."""
    now = now or today()
    if day == now:
        return gettext("Today")
    if current_locale() == "zh":
        return (
            f"{day.month}月{day.day}日 {weekday(day)}"
            if day.year == now.year
            else f"{day.year}年{day.month}月{day.day}日"
        )
    text = f"{day.day} {_MONTHS_EN[day.month - 1]}"
    return f"{weekday(day)} {text}" if day.year == now.year else f"{text} {day.year}"


def day_heading_full(day: date) -> str:
    """A day under a greeting: `11月23日 周一，第 48 周`, `Mon 23 Nov, week 48`."""
    week = day.isocalendar().week
    if current_locale() == "zh":
        return f"{day.month}月{day.day}日 {weekday(day)}，第 {week} 周"
    return f"{weekday(day)} {day.day} {_MONTHS_EN[day.month - 1]}, week {week}"


def distance(day: date, now: date | None = None) -> str:
    """How far a day is: `还有 21 天`, `今天`, `已过 3 天`."""
    days = (day - (now or today())).days
    if days == 0:
        return gettext("today")
    if days > 0:
        return ngettext("%(n)s day left", "%(n)s days left", days)
    return ngettext("%(n)s day ago", "%(n)s days ago", -days)


def urgency(day: date, now: date | None = None) -> str:
    """The level of a moon: `overdue`, `today`, `week` (the next six days) or `later`."""
    days = (day - (now or today())).days
    if days < 0:
        return "overdue"
    if days == 0:
        return "today"
    return "week" if days <= 6 else "later"


def clock_time(instant: datetime) -> str:
    """`09:40` in local time."""
    return f"{_local(instant):%H:%M}"


def instant(moment: datetime, now: date | None = None) -> str:
    """`11-23 09:40`, with the year when it is not this one."""
    here = _local(moment)
    return f"{here:%m-%d %H:%M}" if here.year == (now or today()).year else f"{here:%Y-%m-%d %H:%M}"


def local_day(moment: datetime) -> date:
    """The calendar day of an instant where the agency is."""
    return _local(moment).date()


def money(amount: Decimal | float | str, currency: str | None = None) -> str:
    """`¥4,800.00`, what is taken back as `−¥800.00`; another currency than the yuan by its ISO name: `USD 300.00`."""
    value = Decimal(str(amount))
    sign = "¥" if currency in (None, "", "CNY") else f"{currency} "
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.2f}"


def amounts(sums: Mapping[str, Decimal]) -> str:
    """Sums by currency: `¥4,800.00 · USD 300.00`; `¥0.00` for none."""
    return " · ".join(money(amount, currency) for currency, amount in sums.items()) or money(0)


def number(value: int | Decimal | float) -> str:
    """A figure without useless zeros, thousands apart."""
    if isinstance(value, int):
        return str(value)
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def file_size(octets: int) -> str:
    """`312 KB`, `4.2 MB`."""
    if octets < 1024 * 1024:
        return f"{max(1, round(octets / 1024))} KB"
    return f"{octets / 1024 / 1024:.1f} MB"


def browser(agent: str | None) -> str:
    """`Chrome, Windows` out of a user-agent line."""
    text = agent or ""
    names = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    places = (
        ("iPhone", "iPhone"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    found = [next((name for mark, name in kinds if mark in text), "") for kinds in (names, places)]
    return ", ".join(f for f in found if f) or gettext("another program")


def _local(moment: datetime) -> datetime:
    return local(moment) if moment.tzinfo else moment
