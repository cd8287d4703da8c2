"""What people do with cases beside recording events: correct, verify, reassign, move out, close, reopen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import (
    DatePart,
    FieldError,
    FieldPart,
    Invalid,
    NumberRule,
    Refused,
    Seq,
    Text,
    _,
    current_principal,
    db,
    elevated,
    now,
    record_class,
    today,
)
from plugins.cases import choices, status
from plugins.cases.case import Case, has_critical
from plugins.cases.events import WHY, record_event
from plugins.cases.facts import is_ended
from plugins.cases.records import Event

NUMBER_RULE = NumberRule(
    "cases.case",
    "number",
    (
        FieldPart(lambda case: choices.prefix_of(case.case_type), 2, "X"),
        DatePart("%Y%m%d", field="opened_on"),
        Text("-"),
        Seq(3),
    ),
)
"""The letters of the type, the day it was opened, a running number of that day: TM20240520-001."""


REASSIGNED = ("agent", "process_clerk", "client_manager", "department")


def note_event(case: Case, code: str, **known: Any) -> int:
    """Put an event of our own making on the case's record without moving it; returns its id."""
    with elevated(WHY):
        event = Event(case_id=case.id, code=code, source="internal", state_before=case.status, **known)
        event.date = event.date or today()
        event.state_after = event.state_after or case.status
        db.session.add(event)
        db.session.flush()
        return event.id


def correct_status(case: Case, params: dict[str, Any]) -> dict[str, Any]:
    """Put a case into another status by hand, with reason and evidence; kept as an event, dates are computed anew."""
    model, target = status.model(case.case_type), params["status"]
    if target not in model.states:
        raise Invalid([FieldError("status", "status", _("This case type has no such status."))])
    if target == case.status:
        raise Invalid([FieldError("status", "unchanged", _("The case is in this status already."))])
    if not params.get("document") and not params.get("evidence"):
        raise Invalid([FieldError("evidence", "required", _("Attach the proof or say where it is."))])
    before, case.moving = case.status, True
    case.status, case.status_since = target, params.get("date") or today()
    event = note_event(
        case,
        "CASE_STATUS_CORRECTED",
        date=params.get("date"),
        reason=params["reason"],
        document_id=params.get("document"),
        details={"evidence": params["evidence"]} if params.get("evidence") else None,
    )
    return {"event": event, "before": before, "status": target}


def verify_critical(case: Case, params: dict[str, Any]) -> dict[str, Any]:
    """Confirm number, dates, classes, applicants and priority as second person; never by who entered them."""
    me = current_principal().user_id
    if not has_critical(case):
        raise Refused(_("There is nothing to verify yet: no number, date, class, applicant or priority."))
    if me is not None and me == (case.entered_by_id or case.created_by_id):
        raise Refused(_("Who entered the data does not verify them. Ask a colleague."), code="separation_of_duties")
    case.verified_by_id, case.verified_at = me, now()
    return {"verified_at": case.verified_at.isoformat()}


def reassign(cases: list[Case], params: dict[str, Any]) -> dict[str, Any]:
    """Give cases to another agent, clerk, client manager or department; every case keeps somebody in charge."""
    chosen = {
        name: params[name] for name in ("agent", "process_clerk", "client_manager", "department") if params.get(name)
    }
    if not chosen:
        raise Invalid([FieldError("agent", "required", _("Choose at least one person or a department."))])
    if chosen.get("agent") and "department" not in chosen:
        user = record_class("core.user")
        place = db.session.scalar(select(user.department_id).where(user.id == chosen["agent"]))
        chosen |= {"department": place} if place else {}
    for case in cases:
        for name, value in chosen.items():
            setattr(case, f"{name}_id", value)
    return {"cases": len(cases)}


def transfer_out(case: Case, params: dict[str, Any]) -> dict[str, Any]:
    """Move a case to another agency on the client's letter; it is watched until the change of agent is recorded."""
    if not params.get("document"):
        raise Invalid([FieldError("document", "required", _("The client's letter is needed."))])
    recorded = params.get("recorded_on")
    event = note_event(
        case,
        "CASE_TRANSFERRED_OUT",
        date=params.get("date") or today(),
        reason=params["reason"],
        document_id=params["document"],
        details={"to": params["to"]} | ({"recorded_on": recorded.isoformat()} if recorded else {}),
    )
    if recorded:
        case.watched, case.closed_on = False, recorded
    return {"event": event, "watched": case.watched}


def close(case: Case, params: dict[str, Any]) -> dict[str, Any]:
    """Close and archive a case: by its model's own move where there is one, else beside the status."""
    if case.closed_on:
        raise Refused(_("The case is closed already."))
    entered = {"event": "CASE_CLOSED", **{name: params.get(name) for name in ("reason", "document", "filed_at")}}
    if status.candidates(status.model(case.case_type), case.status, "CASE_CLOSED"):
        answer = record_event(case, entered)
    else:
        answer = {"event": note_event(case, "CASE_CLOSED", reason=params["reason"], document_id=params.get("document"))}
    case.closed_on, case.watched = today(), False
    return answer | {"status": case.status}


def reopen(case: Case, params: dict[str, Any]) -> dict[str, Any]:
    """Take a closed case up again, if need be in another status; its dates are watched again."""
    if not case.closed_on and not is_ended(case.case_type, case.status):
        raise Refused(_("The case is open."))
    target = params.get("status") or case.status
    if target not in status.model(case.case_type).states:
        raise Invalid([FieldError("status", "status", _("This case type has no such status."))])
    if is_ended(case.case_type, target):
        raise Invalid([FieldError("status", "ended", _("Choose the status in which the case goes on."))])
    case.moving, case.closed_on, case.watched = True, None, True
    if target != case.status:
        case.status, case.status_since = target, today()
    return {"event": note_event(case, "CASE_REOPENED", reason=params["reason"]), "status": target}
