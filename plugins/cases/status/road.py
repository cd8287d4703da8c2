"""The road of a case: what it travelled, where it is, what to expect next as ranges. Pure; drawn by the web shell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from plugins.cases.status.model import Expected, Model, State

SETBACKS = frozenset({"refused", "partly_refused", "non_registration", "rejected", "decided_adverse", "loss_notice"})
"""States that bend the road down, beside those of the groups at_risk, dead and withdrawn."""

ARRIVED = frozenset({"granted", "won", "closed", "dead", "withdrawn"})
"""Groups at which nothing further is expected on the road."""

PREPARING = frozenset({"intake", "preparing", "internal_review", "client_confirm", "ready_to_file", "on_hold"})
"""The shared states before filing; the road shows only the first and the last one travelled."""


@dataclass(frozen=True)
class Stop:
    """One stop. `state`: ok, bad, now or next; `day`: entered; `earliest` to `latest`: the range expected."""

    code: str
    place: State
    state: str
    low: bool = False
    day: date | None = None
    earliest: date | None = None
    latest: date | None = None
    certainty: str = ""


def road(
    model: Model, travelled: Sequence[tuple[str, date | None]], values: Mapping[str, Any], ahead: int = 3
) -> list[Stop]:
    """The stops of a case from its history `(state, day entered)`, the last one being where it is, and at most
    `ahead` expected ones. Expected days are a range, never a promise."""
    known = [(code, day) for code, day in travelled if code in model.states]
    if not known:
        known = [(model.initial, None)]
    stops = [_travelled(model, code, day) for code, day in _short(known[:-1])]
    code, day = known[-1]
    place = model.states[code]
    stops.append(Stop(code, place, "bad" if place.group == "dead" else "now", setback(place), day))
    return stops + _expected(model, place, day, values, {c for c, _ in known}, ahead)


def setback(place: State) -> bool:
    """Whether a state is a step down."""
    return place.code in SETBACKS or place.group in ("at_risk", "dead", "withdrawn")


def _short(history: Sequence[tuple[str, date | None]]) -> list[tuple[str, date | None]]:
    kept: list[tuple[str, date | None]] = []
    before = [stop for stop in history if stop[0] in PREPARING]
    for stop in history:
        if stop[0] in PREPARING and stop not in (before[0], before[-1]):
            continue
        if not kept or kept[-1][0] != stop[0]:
            kept.append(stop)
    return kept


def _travelled(model: Model, code: str, day: date | None) -> Stop:
    place = model.states[code]
    bad = setback(place)
    return Stop(code, place, "bad" if bad else "ok", bad, day)


def _expected(
    model: Model, place: State, entered: date | None, values: Mapping[str, Any], seen: set[str], ahead: int
) -> list[Stop]:
    stops: list[Stop] = []
    low = high = entered
    while place.expected and len(stops) < ahead and (place.group not in ARRIVED or not stops):
        following = place.expected
        if following.to in seen and model.states[following.to].group not in ("granted", "published"):
            break
        low, high = _range(following, low, high, values)
        if place.group in ARRIVED and following.to != "closed":
            break
        place = model.states[following.to]
        stops.append(
            Stop(
                following.to,
                place,
                "next",
                False,
                earliest=low,
                latest=high,
                certainty=following.certainty,
            )
        )
        seen = seen | {following.to}
    return stops


def _range(
    following: Expected, low: date | None, high: date | None, values: Mapping[str, Any]
) -> tuple[date | None, date | None]:
    since = values.get(following.since) if following.since else None
    first, last = following.months
    start, end = (since, since) if isinstance(since, date) else (low, high)
    return (start and _later(start, first)), (end and _later(end, last))


def _later(day: date, months: float) -> date:
    """A day some months later, to the nearest day; good enough for an expectation, never for a deadline."""
    return day + timedelta(days=round(months * 30.44))
