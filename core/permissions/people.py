"""Loading principals from the database, remembered for a second so that disabling somebody works at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, exists, select

from core.clock import today
from core.db import db, write_intent
from core.permissions.model import Deputy, Share
from core.permissions.org import Department, User, UserRole
from core.permissions.overlay import Overlay, forget_overlay, is_custom, read_overlay
from core.permissions.principal import Principal
from core.permissions.rules import access, on_table
from core.permissions.shares import given_to, live
from core.records.custom.known import edition, refresh

FRESH_SECONDS = 0.8
_known: dict[int, tuple[float, Principal]] = {}


def load_principal(user_id: int, connection: Connection | None = None) -> Principal | None:
    """The active person as a principal, or None. The same object while nothing of their rights changed.

    Who is in a transaction already gives its `connection`: many who each wait for a second one would wait for ever.
    """
    remembered, fields = _known.get(user_id), refresh() if connection is None else edition()
    if remembered and remembered[0] > time.monotonic() and remembered[1].stamp[0] == fields.number:
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
    if user_id is not None:
        _known.pop(user_id, None)
        return
    _known.clear()
    forget_overlay()


def _read(user_id: int) -> Principal | None:
    """On a connection of its own that only reads, so that no transaction of the caller begins."""
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return _picture(connection, user_id)
    finally:
        write_intent.reset(token)


def _picture(connection: Connection, user_id: int, *, alone: bool = False) -> Principal | None:
    """The person as the database has them now; `alone` without what others gave them for a time."""
    user, role = User.__table__.c, UserRole.__table__.c
    row = connection.execute(
        select(user.login, user.name, user.department_id, user.branch_id, user.team_id, user.realm, user.locale).where(
            user.id == user_id, user.active, user.archived_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    overlay = read_overlay(connection)
    codes = connection.execute(select(role.role).where(role.user_id == user_id)).scalars()
    held = frozenset(code for code in codes if _fits(code, row.realm, overlay))
    below = _tree(connection, row.department_id, down=True)
    claims = _claims(connection, user_id, row.realm)
    lent = _lent(connection, user_id, row.department_id) if row.realm == "staff" and not alone else Lent()
    day = today() if overlay.by_the_day else None
    rights = (held, below, tuple(sorted(claims.items())), overlay.stamp, day, *lent.stamp)
    stamp: tuple[Any, ...] = (edition().number, *row, *rights)
    return Principal(
        user_id=user_id,
        login=row.login,
        name=row.name,
        roles=frozenset(overlay.like(code) for code in held),
        held=held,
        overlay=overlay,
        department_id=row.department_id,
        department_ids=below,
        branch_id=row.branch_id,
        team_ids=frozenset({row.team_id} if row.team_id else ()),
        realm=row.realm,
        locale=row.locale,
        claims=claims,
        above=lent.above,
        shared=lent.shared,
        standing_in=lent.standing_in,
        stamp=stamp,
    )


def _tree(connection: Connection, department_id: int | None, *, down: bool) -> frozenset[int]:
    """A department with those below it, or with those above it."""
    if not department_id:
        return frozenset()
    dept = Department.__table__.c
    tree = select(dept.id, dept.parent_id).where(dept.id == department_id).cte("tree", recursive=True)
    step = dept.parent_id == tree.c.id if down else dept.id == tree.c.parent_id
    tree = tree.union(select(dept.id, dept.parent_id).where(step))
    return frozenset(connection.execute(select(tree.c.id)).scalars())


@dataclass(frozen=True)
class Lent:
    """What others gave a person for a time."""

    above: frozenset[int] = frozenset()
    shared: dict[str, frozenset[str]] = field(default_factory=dict)
    standing_in: tuple[Principal, ...] = ()

    @property
    def stamp(self) -> tuple[Any, ...]:
        """Another one as soon as something of it begins, changes or ends."""
        return self.above, tuple(sorted(self.shared.items())), tuple(p.stamp for p in self.standing_in)


def _lent(connection: Connection, user_id: int, department_id: int | None) -> Lent:
    above: frozenset[int] = frozenset()
    if department_id and connection.execute(select(_places_shared_with())).scalar():
        above = _tree(connection, department_id, down=False)
    share = Share.__table__.c
    mine = given_to(Principal(user_id=user_id, above=above))
    found: dict[str, set[str]] = {}
    for key, level in connection.execute(select(share.record_key, share.level).where(live(), mine).distinct()):
        found.setdefault(key, set()).add(level)
    return Lent(above, {key: frozenset(levels) for key, levels in found.items()}, _absent(connection, user_id))


def _places_shared_with() -> Any:
    share = Share.__table__.c
    return exists().where(share.department_id.is_not(None), live())


def _absent(connection: Connection, user_id: int) -> tuple[Principal, ...]:
    """Those whom the person stands in for today, each by themself: nobody stands in by way of another."""
    deputy, day = Deputy.__table__.c, today()
    ids = connection.execute(
        select(deputy.user_id)
        .where(deputy.deputy_id == user_id, deputy.ends_on >= day, deputy.starts_on <= day)
        .distinct()
        .order_by(deputy.user_id)
    ).scalars()
    people = (_picture(connection, ident, alone=True) for ident in ids.all() if ident != user_id)
    return tuple(person for person in people if person is not None and person.realm == "staff")


def _fits(role: str, realm: str, overlay: Overlay) -> bool:
    """Whether people of this realm may hold the role: one of staff given to a client would open the house.

    A role that administrators made and put away again is held by nobody.
    """
    known = access().role(role, overlay)
    if realm == "staff":
        return not is_custom(role) if known is None else known.realm in ("staff", "admin")
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
