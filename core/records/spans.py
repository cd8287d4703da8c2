"""Days said relative to today: `today-30`, `this_week`, `next_month`, `next_30_days`. Pure calendar, no database."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from core.clock import LOCAL

DAY = re.compile(r"^today(?:([+-])(\d{1,5}))?$")
COUNTED = re.compile(r"^(next|last)_(\d{1,5})_days$")
ISO_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
UNITS = ("day", "week", "month", "quarter", "year")
PERIODS = tuple(
    f"{which}_{unit}" for unit in ("week", "month", "quarter", "year") for which in ("this", "last", "next")
)
WORDS = ("today", "yesterday", "tomorrow", *PERIODS)
_STEPS = {"last": -1, "this": 0, "next": 1}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    @property
    def instants(self) -> tuple[dt.datetime, dt.datetime]:
        """Its beginning, and the moment after its end, where the agency is."""
        return _midnight(self.first), _midnight(self.last + dt.timedelta(days=1))


def span_of(word: str, now: dt.date) -> Span | None:
    """The days that a word means on the day `now`; None when it is no such word. Weeks begin on Monday.

    `next_30_days` begins today, `last_30_days` ends today. Raises `OverflowError` far beyond the calendar.
    """
    if found := DAY.match(word):
        return _single(now + dt.timedelta(days=int(f"{found[1]}{found[2]}") if found[1] else 0))
    if found := COUNTED.match(word):
        days = dt.timedelta(days=int(found[2]))
        return Span(now, now + days) if found[1] == "next" else Span(now - days, now)
    if word in ("yesterday", "tomorrow"):
        return _single(now + dt.timedelta(days=1 if word == "tomorrow" else -1))
    if word not in PERIODS:
        return None
    which, _sep, unit = word.partition("_")
    return bucket(_moved(now, unit, _STEPS[which]), unit)


def bucket(day: dt.date, unit: str) -> Span:
    """The day, week, month, quarter or year that a day lies in."""
    if unit == "day":
        return _single(day)
    if unit == "week":
        first = day - dt.timedelta(days=day.weekday())
        return Span(first, first + dt.timedelta(days=6))
    months = _MONTHS[unit]
    first = dt.date(day.year, (day.month - 1) // months * months + 1, 1)
    return Span(first, _months_later(first, months) - dt.timedelta(days=1))


def _moved(day: dt.date, unit: str, steps: int) -> dt.date:
    if unit == "week":
        return day + dt.timedelta(days=7 * steps)
    return _months_later(day.replace(day=1), _MONTHS[unit] * steps)


def _months_later(first: dt.date, months: int) -> dt.date:
    count = first.year * 12 + first.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def _single(day: dt.date) -> Span:
    return Span(day, day)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), LOCAL)
