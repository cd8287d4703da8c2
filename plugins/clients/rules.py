"""What own, assigned, team, department and branch mean for clients, as SQL expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select, union_all

from core import Principal, Scopes, scopes_via

Assigned = Callable[[Any, Principal], list[Select[Any] | ColumnElement[bool]]]
_assigned: list[Assigned] = []


def also_assigned(expression: Assigned) -> Assigned:
    """Lets another plugin say whose work is for which clients: `expression(model, principal)`.

    It gives selects of client ids, which are collected once, and conditions on the client itself, for what may be many.
    """
    if expression not in _assigned:
        _assigned.append(expression)
    return expression


def own(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The lead consultant, and who made the record. One branch for each, so that each uses its own index."""
    client, me = model.__table__.c, principal.user_id
    return model.id.in_(
        union_all(select(client.id).where(client.owner_id == me), select(client.id).where(client.created_by_id == me))
    )


def assigned(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The lead consultant, the agents named for the client, and who is named on the client's work."""
    client, me = model.__table__.c, principal.user_id
    named = (client.owner_id, client.trademark_agent_id, client.patent_agent_id)
    found = [way for work in _assigned for way in work(model, principal)]
    collected = [way for way in found if isinstance(way, Select)]
    if asked := [way for way in found if not isinstance(way, Select)]:
        own_words = (getattr(model, column.name) == me for column in named)
        return or_(*own_words, *asked, *(model.id.in_(way) for way in collected))
    return model.id.in_(union_all(*(select(client.id).where(column == me) for column in named), *collected))


def team(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's team."""
    return model.team_id.in_(sorted(principal.team_ids)) if principal.team_ids else false()


def department(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's department or one below the person's."""
    return model.department_id.in_(sorted(principal.department_ids)) if principal.department_ids else false()


def branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The client's branch."""
    return model.branch_id == principal.branch_id if principal.branch_id else false()


def claimed(column: Any, principal: Principal) -> ColumnElement[bool]:
    """For people of a client: `column` holds one of the clients that they are bound to. Nobody else is bound to any."""
    ids = principal.claims.get("clients.client", frozenset())
    return column.in_(sorted(ids)) if ids else false()


def themselves(model: Any, principal: Principal) -> ColumnElement[bool]:
    """The clients that a person of a client is bound to."""
    return claimed(model.id, principal)


def of_their_client(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Records whose `client` is one that a person of a client is bound to."""
    return claimed(model.client_id, principal)


CLIENT_SCOPES = Scopes(
    own=own, assigned=assigned, team=team, department=department, branch=branch, extra={"client": themselves}
)
CONTACT_SCOPES = replace(scopes_via("client"), extra={"client": of_their_client})
