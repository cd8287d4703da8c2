"""Loading principals from the database, remembered for a second so that disabling somebody works at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, case, null, or_, select

from core.clock import now, today
from core.db import db, write_intent
from core.permissions import walls
from core.permissions.declared import CONFIGURING
from core.permissions.model import Deputy, Share
from core.permissions.org import Department, User, UserRole
from core.permissions.overlay import Overlay, forget_overlay, is_custom, read_overlay
from core.permissions.principal import Principal
from core.permissions.rules import access, on_table
from core.permissions.separation import Glass
from core.permissions.shares import live
from core.records.custom.known import edition, refresh
from core.records.types import Instant


def _tree_of(down: bool) -> Any:
    """Ids of a department and of those below it, or above it."""
    dept = Department.__table__.c
    tree = select(dept.id, dept.parent_id).where(dept.id == bindparam("place")).cte("tree", recursive=True)
    step = dept.parent_id == tree.c.id if down else dept.id == tree.c.parent_id
    tree = tree.union(select(dept.id, dept.parent_id).where(step))
    return select(tree.c.id)


def _shares() -> Any:
    """What is shared with the person, and with any department: which of these is theirs is seen then."""
    share = Share.__table__.c
    theirs = or_(share.user_id == bindparam("user_id"), share.department_id.is_not(None))
    mine = case((share.user_id == bindparam("user_id"), null()), else_=share.department_id)
    return select(share.record_key, share.level, mine.label("department_id")).where(live(), theirs).distinct()


_user, _role, _deputy, _glass = User.__table__.c, UserRole.__table__.c, Deputy.__table__.c, Glass.__table__.c
_PERSON = select(
    *(_user.login, _user.name, _user.department_id, _user.branch_id, _user.team_id, _user.realm, _user.locale)
).where(_user.id == bindparam("user_id"), _user.active, _user.archived_at.is_(None))
_ROLES = select(_role.role).where(_role.user_id == bindparam("user_id"))
_BELOW, _ABOVE, _SHARES = _tree_of(True), _tree_of(False), _shares()
_AWAY = (
    select(_deputy.user_id)
    .where(
        _deputy.deputy_id == bindparam("user_id"),
        _deputy.ends_on >= bindparam("day"),
        _deputy.starts_on <= bindparam("day"),
    )
    .distinct()
    .order_by(_deputy.user_id)
)
_OPENED = (
    select(_glass.id).where(_glass.user_id == bindparam("user_id"), _glass.ends_at > bindparam("at", type_=Instant()))
).order_by(_glass.id.desc())
"""Made once: every person is asked for once in a second."""

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
    row = connection.execute(_PERSON, {"user_id": user_id}).first()
    if row is None:
        return None
    overlay = read_overlay(connection)
    codes = connection.execute(_ROLES, {"user_id": user_id}).scalars()
    held = frozenset(code for code in codes if _fits(code, row.realm, overlay))
    below = _tree(connection, _BELOW, row.department_id)
    claims = _claims(connection, user_id, row.realm)
    lent = _lent(connection, user_id, row.department_id) if row.realm == "staff" and not alone else Lent()
    day = today() if overlay.by_the_day else None
    walled = _walled(connection, user_id, row, overlay)
    glass = None if alone or held.isdisjoint(CONFIGURING) else _opened(connection, user_id)
    parted = (tuple(sorted(walled.items())), glass)
    rights = (held, below, tuple(sorted(claims.items())), overlay.stamp, day, *lent.stamp, *parted)
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
        walled=walled,
        glass=glass,
        stamp=stamp,
    )


def _walled(connection: Connection, user_id: int, row: Any, overlay: Overlay) -> dict[str, frozenset[int]]:
    """What walls close to the person now; where no wall was built, nothing is asked."""
    if not overlay.walls or row.realm != "staff":
        return {}
    stand = {
        walls.PERSON: frozenset({user_id}),
        walls.TEAM: frozenset({row.team_id} - {None}),
        walls.DEPARTMENT: places_above(connection, row.department_id),
    }
    return walls.hidden(overlay.walls, stand, now())


def places_above(connection: Connection, department_id: int | None) -> frozenset[int]:
    """A department with those above it."""
    return _tree(connection, _ABOVE, department_id)


def _opened(connection: Connection, user_id: int) -> int | None:
    """The opening of client data that the person has now."""
    return connection.execute(_OPENED, {"user_id": user_id, "at": now()}).scalar()


def _tree(connection: Connection, tree: Any, department_id: int | None) -> frozenset[int]:
    """A department with those below it, or with those above it."""
    return frozenset(connection.execute(tree, {"place": department_id}).scalars()) if department_id else frozenset()


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
    rows = connection.execute(_SHARES, {"user_id": user_id}).all()
    places = department_id and any(row.department_id for row in rows)
    above = _tree(connection, _ABOVE, department_id) if places else frozenset()
    found: dict[str, set[str]] = {}
    for key, level, place in rows:
        if place is None or place in above:
            found.setdefault(key, set()).add(level)
    return Lent(above, {key: frozenset(levels) for key, levels in found.items()}, _absent(connection, user_id))


def _absent(connection: Connection, user_id: int) -> tuple[Principal, ...]:
    """Those whom the person stands in for today, each by themself: nobody stands in by way of another."""
    ids = connection.execute(_AWAY, {"user_id": user_id, "day": today()}).scalars()
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
