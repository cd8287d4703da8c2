"""The way of a case through its states, worked out backwards from the day of its last step. Pure; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from plugins.demo.when import day, office_day, span

TAKEN_OVER = timedelta(days=400)
"""Cases without steps of their own came into the house this long ago."""


@dataclass(frozen=True)
class Step:
    """One event of a case: on which day, to which state if it moves, and what is entered."""

    day: date
    event: str
    state: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    aside: bool = False


@dataclass(frozen=True)
class Road:
    """Where a case starts, on which day it is entered, and its steps in order."""

    start: str
    entered: date
    steps: tuple[Step, ...] = ()


def road_of(row: dict[str, Any], roads: dict[str, Any], today: date) -> Road:
    """The road of one case of the data; raises `KeyError` when no road leads to its state."""
    at = office_day(day(row.get("at", "-20d"), today))
    steps: list[Step] = []
    state = row["s"]
    while state != row.get("from"):
        leg = roads[row["t"]].get(state) or (roads["common"].get(state) if state != "ready_to_file" else None)
        if leg is None:
            break
        steps = [*_leg(state, at, leg, steps[0].day if steps else today), *steps]
        before, gap = leg[0], leg[1]
        state, at = before, office_day(at - span(gap))
    if not steps and state != row["s"]:
        raise KeyError(row["s"])
    steps += [Step(office_day(day(when, today)), code, None, *more) for when, code, *more in row.get("e", ())]
    return Road(state, _entered(row, state, at, steps, today), tuple(sorted(steps, key=lambda step: step.day)))


def _leg(state: str, at: date, leg: list[Any], until: date) -> Iterator[Step]:
    _before, _gap, event, *rest = leg
    given = rest[0] if rest else {}
    more = rest[1] if len(rest) > 1 else {}
    for gap, code, *entered in more.get("pre", ()):
        yield Step(office_day(at - span(gap)), code, None, *entered, aside=True)
    yield Step(at, event, state, given)
    for gap, code, *entered in more.get("post", ()):
        later = office_day(at + span(gap))
        if at < later <= until:
            yield Step(later, code, None, *entered)


def _entered(row: dict[str, Any], state: str, at: date, steps: list[Step], today: date) -> date:
    """The day the case came into the system: before its first step, and after the days it brought along."""
    if not steps:
        return at if row.get("at") else today - TAKEN_OVER
    if any(name in row for name in ("filed", "granted", "registered")):
        return office_day(steps[0].day - timedelta(days=30))
    return min(office_day(steps[0].day - timedelta(days=9)), at)
