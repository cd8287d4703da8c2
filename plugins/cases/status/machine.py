"""The machine: which moves a state allows, what an event does, what is missing. Pure functions over model and facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from plugins.cases.status.facts import Facts
from plugins.cases.status.model import (
    AlsoRaise,
    Condition,
    Model,
    State,
    Transition,
    condition_of,
    event_types,
    need,
)
from plugins.cases.status.predicates import ask

STANDS_FOR_SYSTEM = frozenset({"process_clerk"})
"""Who takes in official papers by hand where no automatic intake does: the clerk may do what `system` may."""

FREE = frozenset({"office", "court", "derived", "fact", "filing"})
"""Sources whose events may be put on record in any state; the others make sense only as a move."""


@dataclass(frozen=True)
class Problem:
    """Why an event does not move. `kind`: dates, fields, docs, condition, confirmation, role, choice or event."""

    kind: str
    name: str


@dataclass(frozen=True)
class Move:
    """A move that a state allows, with what it asks in this deployment."""

    transition: Transition
    to: State
    dates: tuple[str, ...]
    fields: tuple[str, ...]
    docs: tuple[str, ...]
    condition: Condition | None
    confirm: bool

    @property
    def event(self) -> str:
        """The event that makes the move."""
        return self.transition.event


@dataclass(frozen=True)
class Way:
    """How a case comes to where an event can move it: the status and the events that lead there, in order."""

    state: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What an event does. `waiting`: it is recorded, the status follows once this condition holds."""

    event: str
    state: str
    overlays: frozenset[str]
    moved: bool = False
    transition: Transition | None = None
    problems: tuple[Problem, ...] = ()
    choices: tuple[str, ...] = ()
    raises: tuple[AlsoRaise, ...] = ()
    waiting: str | None = None
    confirmed: str | None = None
    way: Way | None = None

    @property
    def accepted(self) -> bool:
        """Whether the event may be recorded as it stands."""
        return not self.problems


@dataclass(frozen=True)
class _Judged:
    transition: Transition
    condition: Condition | None
    answer: bool | None

    @property
    def rank(self) -> int:
        return self.condition.rank if self.condition else 0


def candidates(model: Model, state: str, event: str) -> tuple[Transition, ...]:
    """The transitions that leave `state` on `event`."""
    return tuple(t for t in model.by_state.get(state, ()) if t.event == event)


def may(transition: Transition, roles: Collection[str] | None) -> bool:
    """Whether one of these roles may make the move; None stands for the system itself, which may all."""
    if roles is None:
        return True
    held = set(roles) | ({"system"} if STANDS_FOR_SYSTEM & set(roles) else set())
    return not held.isdisjoint(transition.who)


def moves(
    model: Model, state: str, roles: Collection[str] | None, records: Collection[str] = frozenset()
) -> list[Move]:
    """The moves open to these roles from `state`, with the needs that are asked where `records` exist."""
    return [_move(model, t, frozenset(records)) for t in model.by_state.get(state, ()) if may(t, roles)]


SHORT_WAY = 2
"""In a loop of a model an event counts as ahead of the status only when so few events are missing."""


def way_to(model: Model, state: str, event: str) -> Way | None:
    """The shortest way to a status that `event` leaves, when the case has yet to come there; None when it is past."""
    sources = {s for t in model.transitions if t.event == event for s in t.sources}
    found = next((way for way in _ways(model, state) if way.state in sources), None)
    if found is None or not found.events:
        return None
    targets = {t.to for t in model.transitions if t.event == event and found.state in t.sources}
    looping = any(way.state == state for target in targets for way in _ways(model, target))
    return found if not looping or len(found.events) <= SHORT_WAY else None


def _ways(model: Model, state: str) -> Iterable[Way]:
    """Every status that can be reached, the nearest first, with the events on the way."""
    seen, queue = {state}, [Way(state, ())]
    for way in queue:
        yield way
        for transition in model.by_state.get(way.state, ()):
            if transition.to not in seen:
                seen.add(transition.to)
                queue.append(Way(transition.to, (*way.events, transition.event)))


def overlays_after(model: Model, overlays: Iterable[str], event: str) -> frozenset[str]:
    """The overlays in force after `event`."""
    current = set(overlays)
    for overlay in model.overlays:
        if event in overlay.on:
            current.add(overlay.code)
        elif event in overlay.off:
            current.discard(overlay.code)
    return frozenset(current)


def apply_event(
    model: Model,
    state: str,
    overlays: Iterable[str],
    event: str,
    facts: Facts,
    roles: Collection[str] | None = None,
) -> Outcome:
    """What `event` does to a case in `state`: the new state and overlays, or the problems that stand in the way.

    Of several transitions on one event, the outcome and the conditions decide; where they do not, `choices` lists the
    targets to choose from in `facts.to`. An unknown answer of a predicate asks for a confirmation with a reason.
    """
    result = Outcome(event, state, overlays_after(model, overlays, event))
    found = candidates(model, state, event)
    if not found:
        return _without_move(model, result)
    allowed = [t for t in found if may(t, roles)]
    if not allowed:
        return replace(result, problems=(Problem("role", " ".join(found[0].who)),))
    judged = [_judge(t, facts) for t in allowed if facts.to in (None, _target(model, t, facts))]
    if not judged:
        return replace(result, problems=(Problem("choice", facts.to or ""),), choices=tuple(t.to for t in allowed))
    return _decide(model, result, judged, facts)


def _without_move(model: Model, result: Outcome) -> Outcome:
    """On record without a move; what comes before its time waits until the case is there."""
    known, way = event_types().get(result.event), way_to(model, result.state, result.event)
    if known is None or known.source not in FREE:
        return replace(result, problems=(Problem("event", result.event),), way=way)
    return replace(result, way=way)


def _decide(model: Model, result: Outcome, judged: list[_Judged], facts: Facts) -> Outcome:
    alive = [j for j in judged if j.answer is not False]
    if not alive:
        return _refused(result, judged)
    sure = [j for j in alive if j.answer]
    pool = sure or alive
    best = [j for j in pool if j.rank == max(other.rank for other in pool)]
    if len(best) > 1:
        targets = tuple(_target(model, j.transition, facts) for j in best)
        return replace(result, problems=(Problem("choice", "outcome"),), choices=targets)
    return _take(model, result, best[0], facts)


def _refused(result: Outcome, judged: list[_Judged]) -> Outcome:
    waits = next((j.condition for j in judged if j.condition and j.condition.otherwise == "record"), None)
    if waits is not None:
        return replace(result, waiting=waits.text)
    names = [j.transition.condition or j.transition.outcome or j.transition.event for j in judged]
    return replace(result, problems=tuple(Problem("condition", name) for name in names))


def _take(model: Model, result: Outcome, judged: _Judged, facts: Facts) -> Outcome:
    transition, condition = judged.transition, judged.condition
    problems = list(_missing(transition, facts))
    confirm = _asks_confirmation(condition, judged.answer, facts)
    if confirm and condition is not None and not facts.confirmation:
        if condition.otherwise == "record" and not problems:
            return replace(result, waiting=condition.text)
        problems.append(Problem("confirmation", condition.text))
    target = _target(model, transition, facts)
    if target not in model.states:
        problems.append(Problem("fields", "return_to_state"))
    if problems:
        return replace(result, problems=tuple(problems), transition=transition)
    raised = tuple(a for a in transition.also_raise if not a.when or ask(a.when, facts))
    confirmed = condition.text if confirm and condition else None
    return replace(result, state=target, moved=True, transition=transition, raises=raised, confirmed=confirmed)


def _judge(transition: Transition, facts: Facts) -> _Judged:
    condition = condition_of(transition)
    answers: list[bool | None] = []
    if condition and facts.exists(condition.belongs_to):
        answers += [ask(check, facts) for check in condition.checks]
    if transition.outcome and facts.to is None:
        outcome = facts.get("outcome")
        answers.append(None if outcome is None else outcome == transition.outcome)
    return _Judged(transition, condition, _all(answers))


def _all(answers: list[bool | None]) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _asks_confirmation(condition: Condition | None, answer: bool | None, facts: Facts) -> bool:
    if condition is None or condition.hint or not facts.exists(condition.belongs_to):
        return False
    return condition.confirm or answer is None


def _target(model: Model, transition: Transition, facts: Facts) -> str:
    """Where the move leads: as the model says, or back to the state before the loss where that was entered."""
    back = facts.get("return_to_state") if "return_to_state" in transition.fields else None
    return str(back) if back else transition.to


def _missing(transition: Transition, facts: Facts) -> Iterable[Problem]:
    for kind, names in (("dates", transition.dates), ("fields", transition.fields), ("docs", transition.docs)):
        for name in names:
            if not _met(kind, name, facts):
                yield Problem(kind, name)


def _met(kind: str, name: str, facts: Facts) -> bool:
    asked = need(name, kind)
    if asked.optional or not facts.exists(asked.belongs_to):
        return True
    answers = (asked.field,) if kind == "docs" else (name, asked.field)
    if any(facts.get(answer) is not None for answer in answers if answer):
        return True
    if kind != "docs":
        return False
    return (asked.event_document and facts.event_document) or not facts.docs.isdisjoint({name, *asked.any_of})


def _move(model: Model, transition: Transition, records: frozenset[str]) -> Move:
    def asked(kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
        wanted = [(name, need(name, kind)) for name in names]
        return tuple(name for name, n in wanted if not n.belongs_to or not records.isdisjoint(n.belongs_to))

    condition = condition_of(transition)
    if condition and condition.belongs_to and records.isdisjoint(condition.belongs_to):
        condition = None
    return Move(
        transition,
        model.states[transition.to],
        asked("dates", transition.dates),
        asked("fields", transition.fields),
        asked("docs", transition.docs),
        condition,
        bool(condition and condition.confirm),
    )
