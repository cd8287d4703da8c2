"""Days of things that repeat."""

from datetime import date

import pytest

from plugins.todos.repeating import next_day


@pytest.mark.parametrize(
    ("first", "repeat", "after", "day"),
    [
        ("2026-01-31", "monthly", "2026-01-31", "2026-02-28"),
        ("2026-01-31", "monthly", "2026-02-28", "2026-03-31"),
        ("2024-02-29", "yearly", "2024-02-29", "2025-02-28"),
        ("2024-02-29", "yearly", "2027-03-01", "2028-02-29"),
        ("2026-11-20", "weekly", "2026-11-20", "2026-11-27"),
        ("2026-11-20", "weekly", "2026-12-20", "2026-12-25"),
        ("2026-11-20", "daily", "2026-11-25", "2026-11-26"),
    ],
)
def test_the_next_day_keeps_to_the_first_one(first, repeat, after, day):
    assert next_day(date.fromisoformat(first), repeat, date.fromisoformat(after)) == date.fromisoformat(day)
