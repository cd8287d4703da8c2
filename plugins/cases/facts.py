"""What the status machine and the deadline engine are told about cases: fields, events, documents. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from core import db, record_class, registry, today
from plugins.cases import status
from plugins.cases.case import Case
from plugins.cases.entry import Entry
from plugins.cases.records import Event, Member

IN_THE_FILE = frozenset({"client_instruction"})
"""Documents that must be in the file itself: a right is given up only against the client's own letter."""

ENTERED_ANEW = {"TM_RENEWED": ("valid_to",), "IR_RENEWED": ("valid_to",)}
"""Values that an event brings anew although the case holds an older one."""


@dataclass(frozen=True)
class EventFacts:
    """One event as the deadline engine reads it: `inputs` are dates and details under the engine's names."""

    id: int
    code: str
    date: date | None
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseFacts:
    """A case as the deadline engine reads it: its fields by name, its events, whether it has ended."""

    case: int
    case_type: str
    fields: Mapping[str, Any]
    events: tuple[EventFacts, ...]
    ended: bool


def is_ended(case_type: str, state: str) -> bool:
    """Whether nothing falls due any more: the state is an end of its model. Unknown states are not."""
    found = status.model(case_type).states.get(state) if case_type in status.codes() else None
    return bool(found and found.terminal)


def field_values(case: Case) -> dict[str, Any]:
    """The case's own values by field name; links as ids."""
    return {name: getattr(case, spec.attr) for name, spec in registry().types["cases.case"].fields.items()}


def facts_of(case: Case) -> CaseFacts:
    """The facts of one case."""
    return facts_of_many([case])[case.id]


def facts_of_many(cases: Iterable[Case]) -> dict[int, CaseFacts]:
    """The facts of many cases by id, with one query for all their events."""
    cases = list(cases)
    by_case: dict[int, list[EventFacts]] = {case.id: [] for case in cases}
    for event in events_of(list(by_case)):
        by_case[event.case_id].append(EventFacts(event.id, event.code, event.date, event_inputs(event)))
    return {
        case.id: CaseFacts(
            case.id,
            case.case_type,
            field_values(case),
            tuple(by_case[case.id]),
            is_ended(case.case_type, case.status),
        )
        for case in cases
    }


def events_of(case_ids: list[int]) -> list[Event]:
    """The events of these cases that were not withdrawn, in the order in which they happened."""
    found: list[Event] = []
    for start in range(0, len(case_ids), 500):
        statement = (
            select(Event)
            .where(Event.case_id.in_(case_ids[start : start + 500]), Event.archived_at.is_(None))
            .order_by(Event.date, Event.id)
        )
        found += db.session.scalars(statement).all()
    return found


def event_inputs(event: Any) -> dict[str, Any]:
    """Dates and details of an event under the names that rules use."""
    known = {
        "dispatch_date": event.dispatch_date,
        "receipt_date": event.receipt_date,
        "delivery": event.delivery,
        "outcome": event.outcome,
        **(event.details or {}),
    }
    return {name: value for name, value in known.items() if value is not None}


def members_of(case_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Per case the people beside the agent in charge, as (user id, role)."""
    members: dict[int, list[tuple[int, str]]] = {}
    statement = select(Member.case_id, Member.user_id, Member.role).where(Member.case_id.in_(list(case_ids)))
    for case_id, user_id, role in db.session.execute(statement):
        members.setdefault(case_id, []).append((user_id, role))
    return members


def machine_facts(case: Case, entry: Entry, actor: int | None) -> status.Facts:
    """What the guards are checked against: the case, what was entered, its papers and its past."""
    past = events_of([case.id])
    submitted = [e for e in past if e.code == "CASE_SUBMITTED_FOR_REVIEW"]
    anew = ENTERED_ANEW.get(entry.code, ())
    held = {name: value for name, value in field_values(case).items() if name not in anew}
    held["goods"] = case.goods if case.goods and all(row["items"] for row in case.goods) else None
    values = held | {"old_valid_to": case.valid_to} | _daughters(case) | entry.values
    return status.Facts(
        today=today(),
        values=values,
        docs=document_kinds(case) | (papers() - IN_THE_FILE if entry.filed_at else frozenset()),
        event_document=bool(entry.document or entry.filed_at),
        records=frozenset(registry().types),
        past=tuple(_past(event) for event in past if event.id != entry.complete),
        actor=actor,
        author=submitted[-1].created_by_id if submitted else None,
        confirmation=entry.reason,
        to=entry.to,
    )


def _daughters(case: Case) -> dict[str, str]:
    """The review or re-examination of this case in the docket: known, so nobody is asked for it."""
    kinds = {"tm_review": "review_case", "pat_reexam": "reexam_case"}
    statement = select(Case.case_type, Case.number).where(Case.parent_case_id == case.id, Case.case_type.in_(kinds))
    return {kinds[kind]: number for kind, number in db.session.execute(statement)}


def _past(event: Event) -> status.Past:
    day = event.receipt_date or event.dispatch_date or event.date
    return status.Past(event.code, day, event.outcome, event.created_by_id)


def document_kinds(case: Case) -> frozenset[str]:
    """The kinds of documents attached to the case."""
    attachment = record_class("core.attachment")
    statement = select(attachment.kind).where(
        attachment.record_key == "cases.case", attachment.record_id == case.id, attachment.archived_at.is_(None)
    )
    return frozenset(kind for kind in db.session.scalars(statement) if kind)


def papers() -> frozenset[str]:
    """Every kind of document that some move asks for."""
    return frozenset(name for model in status.all_models() for t in model.transitions for name in t.docs)


def travelled(case: Case) -> list[tuple[str, date | None]]:
    """The states a case went through with the days it entered them, the present one last."""
    model = status.model(case.case_type)
    moved = [e for e in events_of([case.id]) if e.state_after and e.state_after != e.state_before]
    stops = _start(case, model, moved[0] if moved else None)
    stops += [(e.state_after, e.date) for e in moved]
    if stops[-1][0] != case.status:
        stops.append((case.status, case.status_since))
    return stops


def _start(case: Case, model: status.Model, first: Event | None) -> list[tuple[str, date | None]]:
    """Where the known road begins: at intake, or for a case that was taken over at the states that its dates prove."""
    before = first.state_before if first else case.status
    if before == model.initial:
        return [(model.initial, case.opened_on)]
    proofs = (
        ("filed", case.filing_date),
        ("published", case.publication_date),
        ("registered", case.registration_date),
        ("granted", case.grant_publication_date),
    )
    until = first.date if first else None
    told = {before, first.state_after if first else None}
    stops = [
        (code, day)
        for code, day in proofs
        if day and code in model.states and code not in told and (until is None or day <= until)
    ]
    return [*stops, (before, None if first else case.status_since)]
