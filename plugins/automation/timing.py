"""Planned instants of schedules. Pure: no database, no clock."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any


def last_planned(when: dict[str, Any], at: datetime) -> datetime:
    """The latest planned instant that is not later than `at`, a local time; `when` has every, at, weekday, day.

    In months that are too short the last day stands in.
    """
    hour, minute = (int(part) for part in (when.get("at") or "08:00").split(":"))
    if when["every"] == "hour":
        found = at.replace(minute=minute, second=0, microsecond=0)
        return found if found <= at else found - timedelta(hours=1)
    found = at.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if when["every"] == "day":
        return found if found <= at else found - timedelta(days=1)
    if when["every"] == "week":
        found -= timedelta(days=(found.weekday() - int(when.get("weekday") or 0)) % 7)
        return found if found <= at else found - timedelta(days=7)
    found = _on_day(found, int(when.get("day") or 1))
    return found if found <= at else _on_day(found.replace(day=1) - timedelta(days=1), int(when.get("day") or 1))


def _on_day(month: datetime, day: int) -> datetime:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
