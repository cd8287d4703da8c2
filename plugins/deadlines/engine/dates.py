"""Arithmetic of days, months and years as the Chinese statutes count them; no calendars of rest days here.

The base day is never counted (专利法实施细则第5条, 商标法实施条例第12条); a month or year ends on the
same-numbered day, or on the last day of the month where there is none. A whole period is added in one step.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from .problems import InputError, MissingInput

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ONE_DAY = timedelta(days=1)


def parse_day(value: object, name: str = "date") -> date:
    """The day of an ISO string `YYYY-MM-DD` (or of a date); InputError `invalid_date` otherwise."""
    if type(value) is date:
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise InputError("invalid_date", f"{name} is not a day written as YYYY-MM-DD")


def add_months(day: date, months: int) -> date:
    """The same-numbered day `months` later, clamped to the end of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    number = day.day
    if number > 28:
        number = min(number, monthrange(year, month + 1)[1])
    return date(year, month + 1, number)


def add_days(day: date, days: int) -> date:
    """The day `days` later; the base day itself is not counted."""
    return date.fromordinal(day.toordinal() + days)


def term_end(day: date, years: int) -> date:
    """The day on which a right ends that lasts `years` from `day`: 29 February without one becomes 1 March."""
    end = add_months(day, years * 12)
    return end if end.day == day.day else end + ONE_DAY


def validity_end(day: date, years: int) -> date:
    """Last day of a validity of `years` that starts on `day` (商标法实施条例第12条): the day before the
    corresponding day, or the last day of the month where there is no corresponding day."""
    end = add_months(day, years * 12)
    return end if end.day != day.day else end - ONE_DAY


def next_month_start(day: date) -> date:
    """The first day of the month after `day`."""
    return add_months(day.replace(day=1), 1)


def year_end(day: date) -> date:
    """31 December of the year of `day`."""
    return date(day.year, 12, 31)


def day_input(inputs: Mapping[str, Any], keys: tuple[str, ...]) -> date | None:
    """The first day given under one of `keys`, or None."""
    for key in keys:
        value = inputs.get(key)
        if value is not None:
            return value if type(value) is date else parse_day(value, key)
    return None


def earliest_input(inputs: Mapping[str, Any], keys: tuple[str, ...]) -> date | None:
    """The earliest of all days given under `keys`, each a day or a list of days; None when there is none."""
    found: list[date] = []
    for key in keys:
        value = inputs.get(key)
        if value is None:
            continue
        if isinstance(value, list | tuple):
            found.extend(parse_day(item, key) for item in value)
        else:
            found.append(parse_day(value, key))
    return min(found, default=None)


def number_input(inputs: Mapping[str, Any], key: str, bounds: tuple[int, int] = (0, 1200)) -> int:
    """A whole number given under `key`, within `bounds`; InputError when missing, no number or out of bounds."""
    value = inputs.get(key)
    if value is None:
        raise MissingInput((key,))
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise InputError("invalid_input", f"{key} must be a whole number from {bounds[0]} to {bounds[1]}")
    return value
