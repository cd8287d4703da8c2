"""Status models, events, needs and conditions as typed data, from `data/` and from other plugins. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from plugins.cases.status import changed
from plugins.cases.status.overlay import laid_over, own_events

DATA = Path(__file__).parent.parent / "data"

CODES = (
    "tm_application",
    "tm_review",
    "tm_opposition",
    "tm_invalidation",
    "tm_non_use_cancellation",
    "tm_renewal",
    "tm_recordal",
    "madrid",
    "invention",
    "utility_model",
    "design",
    "pct_national",
    "pat_reexam",
    "pat_invalidation",
    "cr_software",
    "cr_works",
)
"""The case types that ship with the plugin, in the order in which they are offered; `codes()` has all."""


@dataclass(frozen=True)
class Named:
    """A code with its words in both languages."""

    code: str
    zh: str
    en: str

    def label(self, locale: str) -> str:
        """The words in `locale`, English for anything but Chinese."""
        return self.zh if locale.startswith("zh") else self.en


@dataclass(frozen=True)
class Group(Named):
    """A group of states; it drives colour and key figures."""


@dataclass(frozen=True)
class EventType(Named):
    """A kind of event. `source`: office, court, filing (our own act), client, internal, derived or fact."""

    source: str = "office"
    note: str = ""
    recorded_as: str = ""


@dataclass(frozen=True)
class Expected:
    """The milestone to expect next: a range of months from entering the state, or from the date field `since`."""

    to: str
    months: tuple[float, float]
    certainty: str
    since: str | None = None


@dataclass(frozen=True)
class State(Named):
    """One state of a case. `portal_zh`, `portal_en` are the only words a client sees for it."""

    group: str = ""
    portal_zh: str = ""
    portal_en: str = ""
    terminal: bool = False
    expected: Expected | None = None


@dataclass(frozen=True)
class AlsoRaise:
    """An event to raise on a related case (`on`: parent, registration, …), if the check `when` holds."""

    on: str
    event: str
    when: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transition:
    """A move: from one of `sources` to `to` on `event`, by `who`, given dates, fields and documents."""

    sources: tuple[str, ...]
    to: str
    event: str
    who: tuple[str, ...]
    dates: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    docs: tuple[str, ...] = ()
    condition: str | None = None
    also_raise: tuple[AlsoRaise, ...] = ()
    outcome: str | None = None


@dataclass(frozen=True)
class Overlay(Named):
    """A concurrent proceeding that does not change the status, switched by events."""

    on: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Model(Named):
    """The whole life of one case type."""

    right_kinds: tuple[str, ...] = ()
    initial: str = "intake"
    per_class: bool = False
    type_fields: tuple[str, ...] = ()
    states: dict[str, State] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def by_state(self) -> dict[str, tuple[Transition, ...]]:
        """The transitions that leave each state."""
        return {code: tuple(t for t in self.transitions if code in t.sources) for code in self.states}

    @cached_property
    def events(self) -> frozenset[str]:
        """Every event that moves this model or switches one of its overlays."""
        switched = {event for overlay in self.overlays for event in overlay.on | overlay.off}
        return frozenset({t.event for t in self.transitions} | switched)


@dataclass(frozen=True)
class Need:
    """A date, field or document that a move asks for.

    `belongs_to`: record keys, one of which must exist in the deployment, else it is not asked.
    `field`: the case field that answers it. `event_document`: the document of the event itself answers it.
    """

    name: str
    zh: str
    en: str
    belongs_to: tuple[str, ...] = ()
    field: str | None = None
    any_of: tuple[str, ...] = ()
    event_document: bool = False
    optional: bool = False

    def label(self, locale: str) -> str:
        """The words in `locale`."""
        return self.zh if locale.startswith("zh") else self.en


@dataclass(frozen=True)
class Condition:
    """A condition of the models, classified.

    `checks`: named predicates with their arguments, all of which must hold. `confirm`: a person states it, with a
    reason. `hint`: the text names a consequence, there is nothing to decide. `otherwise`: `refuse` the event or
    `record` it without a move. `rank`: of several that hold, the highest wins. `belongs_to` as in `Need`.
    """

    text: str
    zh: str
    en: str
    checks: tuple[tuple[str, ...], ...] = ()
    confirm: bool = False
    hint: bool = False
    belongs_to: tuple[str, ...] = ()
    otherwise: str = "refuse"
    rank: int = 0

    def label(self, locale: str) -> str:
        """The words in `locale`."""
        return self.zh if locale.startswith("zh") else self.en


@dataclass(frozen=True)
class CaseType:
    """A case type of another plugin, in the shape of the files in `data/`: see `data/status/cr_software.json`.

    `model` is its status model; its `type_fields` are fields of the case, those that the plugin adds among them.
    `events`, `needs` and `conditions` are those that `data/` lacks, `right_kinds` kinds of right as `Choice`;
    `prefix` stands before the date in case numbers.
    """

    model: Mapping[str, Any]
    prefix: str
    right_kinds: tuple[Any, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    needs: tuple[Mapping[str, Any], ...] = ()
    conditions: tuple[Mapping[str, Any], ...] = ()

    @property
    def code(self) -> str:
        """The code of the case type."""
        return str(self.model["code"])


_joined: dict[str, CaseType] = {}


def join(given: Iterable[CaseType]) -> None:
    """Take these beside the shipped ones, in the place of those that were taken before."""
    _joined.clear()
    _joined.update({one.code: one for one in given})
    global _events
    _laid.clear()
    _events = None
    for known in (shipped_events, needs, conditions, raw_model, shipped_model, _absent):
        known.cache_clear()


def joined() -> Mapping[str, CaseType]:
    """The case types of other plugins by code."""
    return _joined


def codes() -> tuple[str, ...]:
    """All case types, the shipped ones first."""
    return (*CODES, *_joined)


def _rows(name: str, part: str) -> list[dict[str, Any]]:
    """The rows of a data file and those of other plugins behind them."""
    return [*_read(name), *(dict(row) for one in _joined.values() for row in getattr(one, part))]


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


@cache
def groups() -> dict[str, Group]:
    """The groups of states by code."""
    return {g["code"]: Group(**g) for g in _read("groups.json")}


@cache
def shipped_events() -> dict[str, EventType]:
    """Every kind of event by code as plugins give them, before the agency's changes."""
    return {e["code"]: EventType(**e) for e in _rows("events.json", "events")}


_events: tuple[Mapping[str, Any], dict[str, EventType]] | None = None


def event_types() -> dict[str, EventType]:
    """Every kind of event by code, the agency's own at the end."""
    global _events
    known = changed.changes()
    if not known:
        return shipped_events()
    if _events is None or _events[0] is not known:
        own = own_events(row for row in known.values() if row)
        _events = (known, shipped_events() | {code: EventType(**row) for code, row in own.items()})
    return _events[1]


def event_type(code: str) -> EventType:
    """The kind of event with that code. Raises KeyError for an unknown one."""
    return event_types()[code]


@cache
def needs() -> dict[str, Need]:
    """Every need by name; a document that shares its name with a field is filed under `docs:<name>`."""
    listed = _rows("needs.json", "needs")
    return {n["name"]: Need(**{k: tuple(v) if isinstance(v, list) else v for k, v in n.items()}) for n in listed}


def need(name: str, kind: str = "fields") -> Need:
    """The need `name` as a date, field or document (`kind`: dates, fields, docs)."""
    return needs().get(f"{kind}:{name}") or needs()[name]


@cache
def conditions() -> dict[str, Condition]:
    """Every condition of the models by its text."""
    return {c["text"]: _condition(c) for c in _rows("conditions.json", "conditions")}


def condition_of(transition: Transition) -> Condition | None:
    """The classified condition of a transition, None where it has none."""
    return conditions()[transition.condition] if transition.condition else None


_laid: dict[str, tuple[Any, Model]] = {}


def model(code: str) -> Model:
    """The status model of a case type as it is in force; for one whose plugin is off, one that knows every status."""
    if code not in codes():
        return _absent(code)
    own = changed.changes().get(code)
    if not own:
        return shipped_model(code)
    known = _laid.get(code)
    if known is None or known[0] is not own:
        known = _laid[code] = (own, model_from(laid_over(raw_model(code), own)))
    return known[1]


@cache
def raw_model(code: str) -> dict[str, Any]:
    """The data of a model as its plugin gives it, to lay changes over; do not change them in place."""
    return dict(_joined[code].model) if code in _joined else _read(f"status/{code}.json")


@cache
def shipped_model(code: str) -> Model:
    """The model as it is shipped."""
    return model_from(raw_model(code))


@cache
def _absent(code: str) -> Model:
    """Cases outlive the plugin that gave their type: they are read as before, and nothing moves them."""
    states = {state.code: state for one in all_models() for state in one.states.values()}
    return Model(code, code, code, states=states)


def all_models() -> tuple[Model, ...]:
    """All status models, in the order in which case types are offered."""
    return tuple(model(code) for code in codes())


def _condition(raw: dict[str, Any]) -> Condition:
    return Condition(
        text=raw["text"],
        zh=raw["zh"],
        en=raw["en"],
        checks=tuple(tuple(check) for check in raw.get("checks", ())),
        confirm=raw.get("confirm", False),
        hint=raw.get("hint", False),
        belongs_to=tuple(raw.get("belongs_to", ())),
        otherwise=raw.get("else", "refuse"),
        rank=raw.get("rank", 0),
    )


def model_from(raw: dict[str, Any]) -> Model:
    """A model out of its data; raises KeyError, TypeError or ValueError when they lack something."""
    return Model(
        **{key: raw[key] for key in ("code", "zh", "en", "initial", "per_class")},
        right_kinds=tuple(raw["right_kinds"]),
        type_fields=tuple(raw["type_fields"]),
        states={s["code"]: _state(s) for s in raw["states"]},
        transitions=tuple(_transition(t) for t in raw["transitions"]),
        overlays=tuple(_overlay(o) for o in raw.get("overlays", ())),
        notes=tuple(raw.get("notes", ())),
    )


def _state(raw: dict[str, Any]) -> State:
    following = raw.get("next")
    expected = following and Expected(
        following["to"], (following["months"][0], following["months"][1]), following["certainty"], following.get("from")
    )
    return State(
        raw["code"],
        raw["zh"],
        raw["en"],
        group=raw["group"],
        portal_zh=raw["portal"]["zh"],
        portal_en=raw["portal"]["en"],
        terminal=raw["is_terminal"],
        expected=expected or None,
    )


def _transition(raw: dict[str, Any]) -> Transition:
    asked = raw.get("needs") or {}
    return Transition(
        sources=tuple(raw["from"]),
        to=raw["to"],
        event=raw["event"],
        who=tuple(raw["who"]),
        dates=tuple(asked.get("dates", ())),
        fields=tuple(asked.get("fields", ())),
        docs=tuple(asked.get("docs", ())),
        condition=raw.get("condition"),
        also_raise=tuple(AlsoRaise(a["on"], a["event"], tuple(a.get("when", ()))) for a in raw.get("also_raise", ())),
        outcome=raw.get("outcome"),
    )


def _overlay(raw: dict[str, Any]) -> Overlay:
    return Overlay(raw["code"], raw["zh"], raw["en"], frozenset(raw["on"]), frozenset(raw["off"]))
