"""Planned instants of schedules."""

from datetime import datetime

import pytest

from plugins.automation.timing import last_planned


@pytest.mark.parametrize(
    ("when", "at", "planned"),
    [
        ({"every": "hour", "at": "08:15"}, "2026-11-22 09:10", "2026-11-22 08:15"),
        ({"every": "day", "at": "08:00"}, "2026-11-22 07:59", "2026-11-21 08:00"),
        ({"every": "week", "at": "08:00", "weekday": 0}, "2026-11-22 12:00", "2026-11-16 08:00"),
        ({"every": "week", "at": "13:00", "weekday": 6}, "2026-11-22 12:00", "2026-11-15 13:00"),
        ({"every": "month", "at": "08:00", "day": 31}, "2026-11-22 12:00", "2026-10-31 08:00"),
        ({"every": "month", "at": "08:00", "day": 31}, "2027-03-01 12:00", "2027-02-28 08:00"),
    ],
)
def test_the_last_planned_instant(when, at, planned):
    assert last_planned(when, datetime.fromisoformat(at)) == datetime.fromisoformat(planned)
