"""The next day of something that repeats. Pure: no database, no clock."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

STEPS = {"daily": ("days", 1), "weekly": ("days", 7), "monthly": ("months", 1), "yearly": ("months", 12)}


def next_day(first: date, repeat: str, after: date) -> date:
    """The first day of the row that begins at `first` which lies later than `after`.

    Months keep the day of `first`; where a month is too short, its last day stands in: 31 Jan, 28 Feb, 31 Mar.
    """
    unit, step = STEPS[repeat]
    if unit == "days":
        passed = max((after - first).days // step + 1, 1)
        return first + timedelta(days=passed * step)
    number = max(((after.year - first.year) * 12 + after.month - first.month) // step, 1)
    while (day := _months_on(first, number * step)) <= after:
        number += 1
    return day


def _months_on(first: date, months: int) -> date:
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    return date(year, month, min(first.day, monthrange(year, month)[1]))
