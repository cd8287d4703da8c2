"""What the home page says about cases: who is waited for, which papers came, what stands too long. Only reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import Panel, _, current_locale, current_principal, db, labels, today
from plugins.cases import choices, status
from plugins.cases.case import Case
from plugins.cases.records import Event

ROWS = 8
RECENT = timedelta(days=14)
TOO_LONG = timedelta(days=60)
WAITS_FOR_CLIENT = ("client_confirm", "on_hold")
COLUMNS = (Case.id, Case.name, Case.number, Case.case_type, Case.status, Case.status_since, Case.client_id)


def panels() -> list[Panel]:
    """The panels that have something to show to this person."""
    principal = current_principal()
    if not principal.can("cases.case", "read"):
        return []
    found = [
        ("cases/home_cases.html", waiting_for_client(), 30, "cases.waiting"),
        ("cases/home_papers.html", recent_papers(), 35, "cases.papers"),
    ]
    if principal.has_role("dept_head", "branch_manager", "partner"):
        found.append(("cases/home_cases.html", standing_too_long(), 40, "cases.standing"))
    return [
        Panel(template, context, order=order, key=key) for template, context, order, key in found if context["rows"]
    ]


def waiting_for_client() -> dict[str, Any]:
    """Cases that wait for their client, the longest wait first."""
    statement = select(*COLUMNS).where(Case.status.in_(WAITS_FOR_CLIENT), Case.archived_at.is_(None))
    more = f"/r/cases.case?view=-&status__in={','.join(WAITS_FOR_CLIENT)}&sort=status_since"
    return {"title": _("Waiting for the client"), "rows": _rows(statement), "more": more}


def standing_too_long() -> dict[str, Any]:
    """Cases in preparation that did not move for two months."""
    before = today() - TOO_LONG
    statement = select(*COLUMNS).where(
        Case.status_group == "intake", Case.status_since < before, Case.archived_at.is_(None)
    )
    more = f"/r/cases.case?view=-&status_group=intake&status_since__lt={before.isoformat()}&sort=status_since"
    return {"title": _("Standing too long"), "rows": _rows(statement), "more": more}


def _rows(statement: Any) -> list[dict[str, Any]]:
    found = db.session.execute(statement.order_by(Case.status_since, Case.id).limit(ROWS)).all()
    clients = labels("clients.client", [row.client_id for row in found if row.client_id])
    return [_row(row, clients) for row in found]


def _row(row: Any, clients: dict[int, Any]) -> dict[str, Any]:
    state = status.model(row.case_type).states.get(row.status)
    return {
        "id": row.id,
        "name": row.name,
        "number": row.number,
        "client": clients.get(row.client_id),
        "status": state.label(current_locale()) if state else row.status,
        "tone": choices.TONES[state.group] if state else "plain",
        "days": (today() - row.status_since).days if row.status_since else None,
    }


def recent_papers() -> dict[str, Any]:
    """The latest papers of the offices on the cases that the person sees."""
    if not current_principal().can("cases.event", "read"):
        return {"rows": []}
    statement = (
        select(Event.id, Event.code, Event.date, Event.case_id, Event.state_after, Event.waiting)
        .where(Event.source.in_(("office", "court")), Event.date >= today() - RECENT, Event.archived_at.is_(None))
        .order_by(Event.date.desc(), Event.id.desc())
        .limit(ROWS)
    )
    found = db.session.execute(statement).all()
    cases = {row.id: row for row in db.session.execute(select(*COLUMNS).where(Case.id.in_([r.case_id for r in found])))}
    rows = [_paper(row, cases[row.case_id]) for row in found if row.case_id in cases]
    return {"rows": rows, "more": "/r/cases.event"}


def _paper(row: Any, case: Any) -> dict[str, Any]:
    state = status.model(case.case_type).states.get(row.state_after or "")
    return {
        "id": row.id,
        "date": row.date,
        "label": status.event_type(row.code).label(current_locale()),
        "case": case,
        "status": state.label(current_locale()) if state and not row.waiting else "",
        "tone": choices.TONES[state.group] if state else "plain",
        "waiting": bool(row.waiting),
    }
