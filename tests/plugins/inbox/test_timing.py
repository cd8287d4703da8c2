"""Quiet hours, the hour of the digest and working time, by examples at their edges."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import Invalid
from plugins.inbox.snoozing import instant_of
from plugins.inbox.timing import Quiet, digest_due, working

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(time(22), time(7, 30))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("quiet", "instant", "end"),
    [
        (NIGHT, at(23, 21, 59), None),
        (NIGHT, at(23, 22), at(24, 7, 30)),
        (NIGHT, at(24, 0, 5), at(24, 7, 30)),
        (NIGHT, at(24, 7, 30), None),
        (Quiet(time(12), time(13, 30)), at(24, 12, 45), at(24, 13, 30)),
        (Quiet(), at(24, 3), None),
        (Quiet(time(9), time(9)), at(24, 9), None),
        (Quiet(weekend=True), at(27, 23, 59), None),
        (Quiet(weekend=True), at(28, 9), at(30, 0)),
        (Quiet(time(22), time(7), True), at(27, 23), at(30, 7)),
        (Quiet(time(22), time(7), True), at(29, 12), at(30, 7)),
    ],
)
def test_quiet_time_ends_when_night_and_weekend_are_over(quiet, instant, end):
    assert quiet.ends(instant) == end


def test_a_digest_is_due_once_a_day_and_late_rather_than_never():
    assert not digest_due(at(24, 8, 29), time(8, 30), None)
    assert digest_due(at(24, 8, 30), time(8, 30), at(23, 8).date())
    assert digest_due(at(24, 19), time(8, 30), at(20, 8).date())
    assert not digest_due(at(24, 19), time(8, 30), at(24, 8).date())


def test_only_working_hours_count():
    assert working(at(23, 10), at(23, 12)) == timedelta(hours=2)
    assert working(at(23, 17), at(24, 10)) == timedelta(hours=2)
    assert working(at(27, 17, 30), at(30, 9, 30)) == timedelta(hours=1)
    assert working(at(28, 9), at(29, 18)) == timedelta()


def test_presets_lead_to_the_next_such_time():
    assert instant_of("hour", at(24, 23, 30)) == at(25, 0, 30)
    assert instant_of("tomorrow", at(24, 9)) == at(25, 8, 30)
    assert instant_of("monday", at(23, 7)) == at(30, 8, 30)
    assert instant_of("afternoon", at(24, 9)) == at(24, 14)
    assert instant_of("afternoon", at(24, 15)) == at(25, 14)
    with pytest.raises(Invalid):
        instant_of("never", at(24, 9))
