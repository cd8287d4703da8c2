"""When a message may leave: quiet hours, the hour of the digest, working time. Pure; all instants are local ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

SATURDAY = 5


@dataclass(frozen=True)
class Quiet:
    """Quiet hours as times of day; `until` before `since` reaches over midnight. Nothing is quiet without both."""

    since: time | None = None
    until: time | None = None
    weekend: bool = False

    def ends(self, at: datetime) -> datetime | None:
        """When the quiet time ends in which `at` lies; None when it lies in none."""
        found = at
        for _step in range(10):  # a night that meets a weekend that meets a night
            following = self._night_ends(found) or self._weekend_ends(found)
            if following is None:
                break
            found = following
        return found if found != at else None

    def _night_ends(self, at: datetime) -> datetime | None:
        if self.since is None or self.until is None or self.since == self.until:
            return None
        end = datetime.combine(at.date(), self.until, at.tzinfo)
        here = at.timetz().replace(tzinfo=None)
        if self.since < self.until:
            return end if self.since <= here < self.until else None
        if here >= self.since:
            return end + timedelta(days=1)
        return end if here < self.until else None

    def _weekend_ends(self, at: datetime) -> datetime | None:
        if not self.weekend or at.weekday() < SATURDAY:
            return None
        monday = at.date() + timedelta(days=7 - at.weekday())
        return datetime.combine(monday, time(), at.tzinfo)


def time_of(text: str | None) -> time | None:
    """`22:30` as a time of day."""
    return time.fromisoformat(text) if text else None


def digest_due(at: datetime, hour: time, last: object) -> bool:
    """Whether the digest of this day is due at `at`; `last` is the day of the last one. A missed hour is made up."""
    return at.timetz().replace(tzinfo=None) >= hour and last != at.date()


def working(since: datetime, until: datetime, begin: time = time(9), end: time = time(18)) -> timedelta:
    """How much of the time between two instants lay in working hours, Monday to Friday. Holidays are not known here."""
    total, day = timedelta(), since.date()
    while day <= until.date():
        if day.weekday() < SATURDAY:
            first = max(since, datetime.combine(day, begin, since.tzinfo))
            last = min(until, datetime.combine(day, end, since.tzinfo))
            total += max(timedelta(), last - first)
        day += timedelta(days=1)
    return total
