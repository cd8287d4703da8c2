"""Rest days: the five roll calendars and how a last day moves; which years are covered by official data.

Holiday data are handed in (see `load_holidays`); nothing here reads a clock or a database.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .dates import ONE_DAY, parse_day

DATA = Path(__file__).resolve().parent.parent / "data"
OFFICIAL, PROVISIONAL, WEEKEND_ONLY = "official", "provisional", "weekend_only"


@dataclass(frozen=True, eq=False)
class Holidays:
    """One version of the State Council arrangement: days off, weekends worked in lieu (调休上班), years covered."""

    version: str
    off: frozenset[date]
    worked: frozenset[date]
    years: frozenset[int]
    closings: Mapping[str, frozenset[date]] = field(default_factory=dict)
    names: Mapping[date, str] = field(default_factory=dict)

    def coverage(self, year: int) -> str:
        """`official` for a published year, `weekend_only` before the data begin, `provisional` after them."""
        if year in self.years:
            return OFFICIAL
        return WEEKEND_ONLY if year < min(self.years, default=0) else PROVISIONAL

    def with_days(self, version: str, off: Iterable[date], worked: Iterable[date], years: Iterable[int]) -> "Holidays":
        """The same data with further days and years, as a new version."""
        return Holidays(
            version,
            self.off | set(off),
            self.worked | set(worked),
            self.years | set(years),
            self.closings,
            self.names,
        )


@dataclass(frozen=True)
class RestDays:
    """A calendar of another plugin: the rest days of the calendar `like`, and `off`; `worked` days are none of them.

    `zh`, `en` are its words in explanations, `basis` the law that says so.
    """

    name: str
    zh: str
    en: str
    basis: str = ""
    like: str = "weekend"
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


_joined: dict[str, RestDays] = {}


def joined_calendars() -> Mapping[str, RestDays]:
    """The calendars of other plugins by name."""
    return _joined


def join_calendars(given: Mapping[str, RestDays]) -> None:
    """Take these beside the shipped calendars, in the place of those that were taken before."""
    _joined.clear()
    _joined.update(given)


class Calendar(dict[date, date]):
    """One roll calendar: `calendar[day]` is the day a last day moves to, computed once per day."""

    def __init__(self, name: str, holidays: Holidays) -> None:
        super().__init__()
        self.name = name
        self.holidays = holidays
        self._earlier: dict[date, date] = {}

    def is_rest(self, day: date) -> bool:
        """True on a rest day of this calendar (see roll_calendars in cn-rules.yaml)."""
        given = _joined.get(self.name)
        if given is not None:
            return day in given.off or (day not in given.worked and Calendar(given.like, self.holidays).is_rest(day))
        weekend = day.weekday() >= 5
        if self.name == "none":
            return False
        if self.name == "wipo":
            return weekend or day in self.holidays.closings.get("wipo", frozenset())
        if self.name == "weekend":
            return weekend
        if self.name == "patent":
            return weekend or day in self.holidays.off
        return day in self.holidays.off or (weekend and day not in self.holidays.worked)

    def __missing__(self, day: date) -> date:
        moved = day
        while self.is_rest(moved):
            moved += ONE_DAY
        self[day] = moved
        return moved

    def on_or_before(self, day: date) -> date:
        """The last day not later than `day` that is no rest day."""
        found = self._earlier.get(day)
        if found is None:
            found = day
            while self.is_rest(found):
                found -= ONE_DAY
            self._earlier[day] = found
        return found

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`."""
        while count > 0:
            day += ONE_DAY
            if not self.is_rest(day):
                count -= 1
        return day


class Calendars:
    """The roll calendars over one version of the holiday data."""

    def __init__(self, holidays: Holidays) -> None:
        self.holidays = holidays
        self.version = holidays.version
        self.coverage = holidays.coverage
        self._closed_years = {day.year for day in holidays.closings.get("wipo", ())}
        self._by_name = {
            name: Calendar(name, holidays) for name in ("patent", "tm", "court", "wipo", "none", "weekend", *_joined)
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The calendars that there are."""
        return tuple(self._by_name)

    def __getitem__(self, name: str) -> Calendar:
        return self._by_name[name]

    def known(self, roll: str, year: int) -> str:
        """How far the rest days of one roll calendar are known in a year: of WIPO's own closing days only some are."""
        found = self.coverage(year)
        return WEEKEND_ONLY if roll == "wipo" and found == OFFICIAL and year not in self._closed_years else found


def holidays_from(data: Mapping[str, Any]) -> Holidays:
    """Holiday data from its JSON shape (see data/holidays.json)."""
    return Holidays(
        version=data["version"],
        off=frozenset(parse_day(day) for day in data["off"]),
        worked=frozenset(parse_day(day) for day in data["worked"]),
        years=frozenset(data["years"]),
        closings={name: frozenset(parse_day(day) for day in days) for name, days in data.get("closings", {}).items()},
        names={parse_day(day): name for day, name in data["off"].items()},
    )


def load_holidays() -> Holidays:
    """The holiday data that ship with the plugin."""
    return holidays_from(json.loads((DATA / "holidays.json").read_text("utf-8")))
