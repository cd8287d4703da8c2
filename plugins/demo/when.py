"""Days relative to today, as the demo data write them: -12d, +3w, -14mo, -2y, -1y-3mo, or a fixed 2025-03-10."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from dateutil.relativedelta import relativedelta

_PART = re.compile(r"([+-]?\d+)(mo|d|w|y)")
_UNITS = {"d": "days", "w": "weeks", "mo": "months", "y": "years"}


def span(text: str) -> relativedelta:
    """The stretch of time written as -1y-3mo; raises `ValueError`."""
    parts = _PART.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text.strip():
        raise ValueError(f"not a stretch of time: {text!r}")
    return sum((relativedelta(**{_UNITS[unit]: int(n)}) for n, unit in parts), relativedelta())


def day(value: str | date, today: date) -> date:
    """The calendar day of `value`."""
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else today + span(value)


def office_day(value: date) -> date:
    """The same day, or the Friday before it when it falls on a weekend: offices act on weekdays."""
    return value - timedelta(days=max(0, value.weekday() - 4))


def resolve(value: object, today: date) -> object:
    """Replace every string such as {day: -3d} inside data by its day in ISO form; other values stay."""
    if isinstance(value, dict):
        if set(value) == {"day"}:
            return day(value["day"], today).isoformat()
        return {key: resolve(item, today) for key, item in value.items()}
    return [resolve(item, today) for item in value] if isinstance(value, list) else value


def instant(value: date, minute: int) -> datetime:
    """A moment in the office hours of that day in Shanghai: `minute` counts from nine o'clock, modulo eight hours."""
    return datetime(value.year, value.month, value.day, 1, tzinfo=UTC) + timedelta(minutes=minute % 480)
