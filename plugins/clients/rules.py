"""What own, assigned, team, department and branch mean for clients, as SQL expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, false, or_

from core import Principal, Scopes, scopes_via

Assigned = Callable[[Any, Principal], ColumnElement[bool]]
_assigned: list[Assigned] = []


def also_assigned(expression: Assigned) -> Assigned:
    """Lets another plugin say who else works for a client: `expression(model, principal)`, for example its agents."""
    if expression not in _assigned:
        _assigned.append(expression)
    return expression


def own(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The lead consultant, and who made the record."""
    return or_(model.owner_id == principal.user_id, model.created_by_id == principal.user_id)


def assigned(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The lead consultant, and who is named on the client's work."""
    return or_(model.owner_id == principal.user_id, *(expression(model, principal) for expression in _assigned))


def team(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's team."""
    return model.team_id.in_(sorted(principal.team_ids)) if principal.team_ids else false()


def department(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's department or one below the person's."""
    return model.department_id.in_(sorted(principal.department_ids)) if principal.department_ids else false()


def branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's branch."""
    return model.branch_id == principal.branch_id if principal.branch_id else false()


CLIENT_SCOPES = Scopes(own=own, assigned=assigned, team=team, department=department, branch=branch)
CONTACT_SCOPES = scopes_via("client")
