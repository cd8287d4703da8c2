"""The review deadline of a refusal, reckoned by hand from the law's words; nothing of the product is asked.

Served by electronic means: 15 days after dispatch (Implementing Regulations 2014, article 10). Fifteen days from then
(Trademark Law 2019, article 34). A last day that is a holiday moves to the first working day (article 12); a weekend
worked in lieu is a working day.
"""

from __future__ import annotations

from datetime import date, timedelta

HOLIDAYS = {
    date(2026, month, first) + timedelta(n)
    for month, first, days in ((1, 1, 3), (2, 15, 9), (4, 4, 3), (5, 1, 5), (6, 19, 3), (9, 25, 3), (10, 1, 7))
    for n in range(days)
}
WORKED = {date(2026, *day) for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))}
"""State Council's notice on the holidays of 2026."""


def review_due(day: date, *, served: bool = False) -> date:
    """The last day, from the day of dispatch, or from the day of service itself."""
    last = day + timedelta(15 if served else 30)
    while last in HOLIDAYS or (last.weekday() >= 5 and last not in WORKED):
        last += timedelta(1)
    return last
