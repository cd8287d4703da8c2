"""Days as the demo data write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from plugins.demo.when import day, instant, office_day, resolve, span

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-12d", date(2026, 11, 10)),
        ("+3w", date(2026, 12, 13)),
        ("-14mo", date(2025, 9, 22)),
        ("-1y-3mo", date(2025, 8, 22)),
        ("-4mo+9d", date(2026, 7, 31)),
        ("2025-03-10", date(2025, 3, 10)),
        (date(2025, 3, 10), date(2025, 3, 10)),
    ],
)
def test_a_day_is_relative_to_today_or_fixed(written, expected):
    assert day(written, TODAY) == expected


@pytest.mark.parametrize("wrong", ["", "12", "-12x", "-3d later"])
def test_what_is_no_stretch_of_time_is_refused(wrong):
    with pytest.raises(ValueError, match="stretch of time"):
        span(wrong)


def test_offices_act_on_weekdays():
    assert office_day(date(2026, 11, 22)) == office_day(date(2026, 11, 21)) == date(2026, 11, 20)
    assert office_day(date(2026, 11, 20)) == date(2026, 11, 20)


def test_days_inside_data_become_iso_text_and_the_rest_stays():
    given = {"priority": [{"country": "CN", "date": {"day": "-1y"}}], "side": "owner"}
    assert resolve(given, TODAY) == {"priority": [{"country": "CN", "date": "2025-11-22"}], "side": "owner"}


def test_moments_lie_in_the_office_hours_of_shanghai():
    assert instant(TODAY, 0) == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert instant(TODAY, 479) < datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert instant(TODAY, 480) == instant(TODAY, 0)
