"""Whose deadlines are whose, and what each role may do with the records of this plugin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, select, union_all

from core import FieldRule, Grant, Principal, Scopes, hidden_but, record_class, scopes_via
from plugins.deadlines.records import Deadline

_row = Deadline.__table__.c
DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
TO_CLIENT = ("case", "name", "name_en", "kind", "status", "client_date", "optional")
"""What people of a client see of a deadline: the day by which we want their answer, none of our own days."""


def grants() -> list[Grant]:
    """The grants of the shipped role pack for this plugin's records and actions."""
    rows = json.loads(DATA.read_text("utf-8"))
    return [Grant(role, record, tuple(can), scope) for record, given in rows.items() for role, can, scope in given]


def scopes() -> dict[str, Scopes]:
    """A deadline belongs to who has its case or is named on it; reminders belong to their deadline."""
    via = scopes_via("case")
    deadline = Scopes(
        own=_or_named(via.own),
        assigned=_or_named(via.assigned),
        team=via.team,
        department=via.department,
        branch=via.branch,
        extra={"released": _released},
        follows=via.follows,
    )
    return {
        "deadlines.deadline": deadline,
        "deadlines.reminder": scopes_via("deadline"),
    }


def _released(model: Any, principal: Principal) -> ColumnElement[bool]:
    """What people of a client see: open deadlines of their cases for which a day was set by which to answer us."""
    case = record_class("cases.case")
    theirs = select(case.id).where(case.client_id.in_(sorted(principal.claims.get("clients.client", ()))))
    return and_(
        model.client_date.is_not(None),
        model.status == "open",
        model.case_id.in_(theirs.where(case.archived_at.is_(None))),
    )


def _or_named(scope: Any) -> Callable[[Any, Principal], ColumnElement[bool]]:
    """Each branch by an index of its own: an OR over them would read the whole table."""

    def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
        me = principal.user_id
        branches = (_row.responsible_id == me, _row.deputy_id == me, scope(Deadline, principal))
        return model.id.in_(union_all(*(select(_row.id).where(branch) for branch in branches)))

    return expression


def field_rules() -> list[FieldRule]:
    """What clients do not see of a deadline."""
    return hidden_but("deadlines.deadline", TO_CLIENT, PORTAL)
