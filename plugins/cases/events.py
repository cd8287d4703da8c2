"""Recording events: the one place where a case moves. Guards are the machine's, rights and writing are here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select, update

from core import FieldError, Invalid, _, current_principal, db, elevated, registry
from plugins.cases import status
from plugins.cases.bounds import beyond
from plugins.cases.case import Case
from plugins.cases.entry import COLUMNS, Entry, as_day, case_field, refusal, roles_now, waiting_for
from plugins.cases.facts import machine_facts
from plugins.cases.records import Event, Goods, Relation

LIVE_ORDER = ("action", "at_risk", "pending", "published", "granted", "won", "intake", "closed", "withdrawn", "dead")
"""Of classes in different states the case shows the first live one in this order of groups."""

PASSED_ON = ("submission_date", "publication_date", "approval_date", "dispatch_date", "receipt_date", "payment_date")
WHY = "an event is written with the rights of its own action"


def record_event(
    case: Case, entered: dict[str, Any], *, roles: Any = "mine", raised_by: int | None = None
) -> dict[str, Any]:
    """Record an event on a case and move it as the model says.

    `entered`: `event` and whatever was typed: dates, fields, `document` (attachment id), `filed_at` (where the paper
    lies), `reason` (confirms what only a person knows), `to` (the target where several are possible), `classes`,
    `keep` (put an official event on record even if the case cannot move yet), `complete` (a waiting event's id).
    Returns the event's id, the status, whether it moved, what it waits for, and the events raised on other cases.
    Raises `Invalid` naming each missing need, `Forbidden` when other roles make this move.
    """
    entry = Entry.read(entered)
    if wrong := beyond(entry.typed):
        raise Invalid(wrong)
    who = roles_now() if roles == "mine" else roles
    with elevated(WHY):
        event = _waiting_event(case, entry) or Event(case_id=case.id, code=entry.code)
        rows = _class_rows(case, entry.classes)
        state = _state(case, rows, entry.classes)
        facts = machine_facts(case, entry, current_principal().user_id)
        model = status.model(case.case_type)
        result = status.apply_event(model, state, case.overlays or (), entry.code, facts, who)
        if result.problems and not (entry.keep and _recordable(result)):
            raise refusal(result)
        _write(event, entry, result, state)
        event.raised_by_id = raised_by or event.raised_by_id
        _move(case, entry, result, rows, event)
        db.session.flush()
        if result.moved:
            _settle(event)
        raised = [made for also in result.raises for made in _raise(case, also, event, entry)]
        return {
            "event": event.id,
            "status": case.status,
            "moved": result.moved,
            "waiting": event.waiting,
            "raised": raised,
        }


def _recordable(result: status.Outcome) -> bool:
    return status.event_type(result.event).source in ("office", "court", "fact", "derived", "filing")


def _waiting_event(case: Case, entry: Entry) -> Event | None:
    if not entry.complete:
        return None
    found = db.session.scalars(select(Event).where(Event.id == entry.complete, Event.case_id == case.id)).first()
    if found is None or found.code != entry.code or not found.waiting:
        raise Invalid([FieldError("complete", "unknown", _("No such event of this case is waiting."))])
    entry.fill_from(found)
    return found


def _class_rows(case: Case, classes: list[str]) -> dict[str, Goods]:
    if not classes or not status.model(case.case_type).per_class:
        return {}
    rows = {row.nice_class: row for row in db.session.scalars(select(Goods).where(Goods.case_id == case.id))}
    if missing := [number for number in classes if number not in rows]:
        raise Invalid([FieldError("classes", "unknown", _("The case has no class %(n)s.", n=", ".join(missing)))])
    return rows


def _state(case: Case, rows: dict[str, Goods], classes: list[str]) -> str:
    states = {rows[number].status or case.status for number in classes if number in rows}
    if len(states) > 1:
        message = _("These classes are in different states. Record the event for each state by itself.")
        raise Invalid([FieldError("classes", "mixed", message)])
    return states.pop() if states else case.status


def _write(event: Event, entry: Entry, result: status.Outcome, state: str) -> None:
    for name in COLUMNS:
        if name in entry.typed:
            setattr(event, name, as_day(entry.typed[name]))
    event.details = entry.details or None
    event.date = entry.day(result.transition)
    event.document_id = entry.document
    event.source = status.event_type(entry.code).source
    event.classes = entry.classes or event.classes
    event.state_before, event.state_after = state, result.state
    event.waiting = waiting_for(result)
    event.reason = entry.reason or event.reason
    db.session.add(event)


def _move(case: Case, entry: Entry, result: status.Outcome, rows: dict[str, Goods], event: Event) -> None:
    case.moving = True
    case.overlays = sorted(result.overlays) or None
    if result.problems:
        return
    case.proven = _proven(case, entry, result)
    _take_values(case, entry.values)
    if not result.moved:
        return
    target = result.state
    if rows and len(entry.classes) < len(rows):
        for number in entry.classes:
            rows[number].status = target
        target = _worst_live(case, rows)
        for row in rows.values():
            row.status = None if (row.status or case.status) == target else (row.status or case.status)
    if target != case.status:
        case.status, case.status_since = target, event.date


def _proven(case: Case, entry: Entry, result: status.Outcome) -> dict[str, Any]:
    """What the receipt attached to a filing says for the first time: the receipt stands for the second person."""
    if not entry.document or not result.moved or status.event_type(entry.code).source != "filing":
        return {}
    return {"filing_date": entry.values.get("filing_date")}


def _settle(event: Event) -> None:
    """What waited for the same move, such as the first of two reviews, waits no more once the move is made."""
    same = (Event.case_id == event.case_id, Event.code == event.code, Event.state_before == event.state_before)
    waited = update(Event).where(*same, Event.id != event.id, Event.waiting.is_not(None)).values(waiting=None)
    db.session.execute(waited, execution_options={"synchronize_session": "fetch"})


def _take_values(case: Case, values: dict[str, Any]) -> None:
    fields = registry().types["cases.case"].fields
    for name, value in values.items():
        found = case_field(name)
        if found is None:
            continue
        spec = fields[found]
        loaded = int(value) if spec.kind == "integer" else value
        if getattr(case, spec.attr) != loaded:
            setattr(case, spec.attr, loaded)


def _worst_live(case: Case, rows: dict[str, Goods]) -> str:
    states = status.model(case.case_type).states
    present = {row.status or case.status for row in rows.values()}
    return min(present, key=lambda code: (states[code].terminal, LIVE_ORDER.index(states[code].group), code))


def _raise(case: Case, also: status.AlsoRaise, event: Event, entry: Entry) -> list[dict[str, Any]]:
    """Record the event on each related case; there it is kept even if it cannot move the case."""
    passed = {name: entry.typed[name] for name in PASSED_ON if name in entry.typed}
    passed |= {"event": also.event, "keep": True, "document": event.document_id, "date": event.date}
    passed |= {"review_case": case.number, "reexam_case": case.number, "filed_at": entry.filed_at}
    if entry.typed.get("new_valid_to"):
        passed["valid_to"] = entry.typed["new_valid_to"]
    made = []
    for related in related_cases(case, also.on):
        answer = record_event(related, dict(passed), roles=None, raised_by=event.id)
        made.append({"case": related.id, "event": answer["event"], "code": also.event, "moved": answer["moved"]})
    return made


def related_cases(case: Case, role: str) -> list[Case]:
    """The cases that stand in a role to this one: parent, registration, watched_mark or attacked_mark."""
    ids = {"parent": case.parent_case_id, "registration": case.registration_id}.get(role)
    if ids:
        return list(db.session.scalars(select(Case).where(Case.id == ids)))
    kinds = {
        "parent": ("review_of",),
        "registration": ("renewal_of", "assignment"),
        "watched_mark": ("opposition_against",),
        "attacked_mark": ("invalidation_against", "cancellation_against"),
    }[role]
    linked = select(Relation.to_id).where(Relation.case_id == case.id, Relation.kind.in_(kinds))
    found = list(db.session.scalars(select(Case).where(Case.id.in_(linked))))
    number = {"watched_mark": case.opposed_number, "attacked_mark": case.attacked_number}.get(role)
    if found or not number:
        return found
    same = or_(Case.application_number == number, Case.registration_number == number)
    mark = Case.case_type == "tm_application"
    return list(db.session.scalars(select(Case).where(same, mark, Case.jurisdiction == case.jurisdiction)))


def complete_plain(events: Iterable[Any]) -> None:
    """Events that were stored as plain records, not through `record_event`: their day and source are filled in, and
    where they would move the case they wait for somebody to do that."""
    for event in events:
        if event.state_after is not None:
            continue
        entry = Entry(event.code)
        entry.fill_from(event)
        event.date = entry.day(None)
        event.source = event.source or status.event_type(event.code).source
        case = db.session.scalars(select(Case).where(Case.id == event.case_id)).first()
        if case is None:
            continue
        event.state_before = event.state_after = case.status
        if status.candidates(status.model(case.case_type), case.status, event.code):
            event.waiting = event.waiting or "move:status"
