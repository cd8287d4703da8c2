"""Loading principals from the database, remembered for a second so that disabling somebody works at once."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, select

from core.db import db, write_intent
from core.permissions.org import Department, User, UserRole
from core.permissions.principal import Principal
from core.permissions.rules import access, on_table

FRESH_SECONDS = 0.8
_known: dict[int, tuple[float, Principal]] = {}


def load_principal(user_id: int, connection: Connection | None = None) -> Principal | None:
    """The active person as a principal, or None. The same object while nothing of their rights changed.

    Who is in a transaction already gives its `connection`: many who each wait for a second one would wait for ever.
    """
    remembered = _known.get(user_id)
    if remembered and remembered[0] > time.monotonic():
        return remembered[1]
    fresh = _read(user_id) if connection is None else _picture(connection, user_id)
    if fresh is None:
        _known.pop(user_id, None)
        return None
    if remembered and remembered[1].stamp == fresh.stamp:
        fresh = remembered[1]
    if connection is not None:  # what that transaction changed is nobody else's yet
        return fresh
    _known[user_id] = (time.monotonic() + FRESH_SECONDS, fresh)
    return fresh


def forget(user_id: int | None = None) -> None:
    """Read anew at the next question; for this process alone, the others follow within a second."""
    _known.clear() if user_id is None else _known.pop(user_id, None)


def _read(user_id: int) -> Principal | None:
    """On a connection of its own that only reads, so that no transaction of the caller begins."""
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return _picture(connection, user_id)
    finally:
        write_intent.reset(token)


def _picture(connection: Connection, user_id: int) -> Principal | None:
    user, role, dept = User.__table__.c, UserRole.__table__.c, Department.__table__.c
    row = connection.execute(
        select(user.login, user.name, user.department_id, user.branch_id, user.team_id, user.realm, user.locale).where(
            user.id == user_id, user.active, user.archived_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    roles = frozenset(connection.execute(select(role.role).where(role.user_id == user_id)).scalars())
    below: frozenset[int] = frozenset()
    if row.department_id:
        tree = select(dept.id).where(dept.id == row.department_id).cte("tree", recursive=True)
        tree = tree.union(select(dept.id).where(dept.parent_id == tree.c.id))
        below = frozenset(connection.execute(select(tree.c.id)).scalars())
    roles = frozenset(r for r in roles if _fits(r, row.realm))
    claims = _claims(connection, user_id, row.realm)
    stamp: tuple[Any, ...] = (*row, roles, below, tuple(sorted(claims.items())))
    return Principal(
        user_id=user_id,
        login=row.login,
        name=row.name,
        roles=roles,
        department_id=row.department_id,
        department_ids=below,
        branch_id=row.branch_id,
        team_ids=frozenset({row.team_id} if row.team_id else ()),
        realm=row.realm,
        locale=row.locale,
        claims=claims,
        stamp=stamp,
    )


def _fits(role: str, realm: str) -> bool:
    """Whether people of this realm may hold the role: one of staff given to a client would open the house."""
    known = access().roles.get(role)
    if realm == "staff":
        return known is None or known.realm in ("staff", "admin")
    return known is not None and known.realm == realm


def _claims(connection: Connection, user_id: int, realm: str) -> dict[str, frozenset[int]]:
    """The records that people of other realms are bound to, by key; staff have no claims."""
    if realm == "staff":
        return {}
    from core.registry import registry

    found: dict[str, frozenset[int]] = {}
    for claim in (c for c in registry().claims if c.realm == realm):
        kind = registry().types[claim.record]
        table, target = kind.model.__table__, kind.fields[claim.target]
        live = () if claim.live is None else (on_table(claim.live(kind.model)),)
        mine = table.c[kind.fields[claim.person].attr] == user_id
        ids = connection.execute(select(table.c[target.attr]).where(mine, table.c.archived_at.is_(None), *live))
        found[str(target.target)] = found.get(str(target.target), frozenset()) | frozenset(ids.scalars())
    return found
