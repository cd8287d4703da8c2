"""The rights that administrators laid over the shipped ones, read once per stamp and process. No SQL of rules here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from core.i18n import L
from core.permissions.model import CUSTOM, LAID_OVER, Condition, CustomRole, FieldRight, Right, RightsStamp
from core.permissions.separation import WALLS
from core.permissions.walls import BuiltWall, read_walls


@dataclass(frozen=True)
class BuiltCondition:
    """A condition as it is stored; compiled per person by `core.permissions.building`."""

    id: int
    record: str
    name: str
    use: str
    within: str
    tree: dict[str, Any]
    actions: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MadeRole:
    """A role that an administrator made; the program takes its holders for holders of `base`."""

    id: int
    code: str
    label: Any
    realm: str
    summary: str
    base: str


@dataclass(frozen=True)
class Overlay:
    """What differs from the shipped rights. `rights` holds (action, scope) pairs that are more or less, per role and
    record; `closed` the treatments of fields by (role, record, field)."""

    stamp: str = ""
    roles: dict[str, MadeRole] = field(default_factory=dict)
    more: dict[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    less: dict[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    conditions: dict[int, BuiltCondition] = field(default_factory=dict)
    closed: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    walls: tuple[BuiltWall, ...] = ()

    def limits(self, record: str) -> list[BuiltCondition]:
        """Conditions that limit every right on a record type."""
        return [c for c in self.conditions.values() if c.use == "rule" and c.record == record]

    @property
    def by_the_day(self) -> bool:
        """Whether some condition means another day tomorrow."""
        return any("today" in str(c.tree) for c in self.conditions.values())

    def like(self, code: str) -> str:
        """The shipped role that the program takes a role for."""
        made = self.roles.get(code)
        return made.base if made is not None else code


_STAMP = select(RightsStamp.__table__.c.stamp)
SHIPPED = Overlay()
"""Nothing laid over."""
_last = SHIPPED


def forget_overlay() -> None:
    """A new deployment in this process reads its own."""
    global _last
    _last = SHIPPED


def last_overlay() -> Overlay:
    """As it was when this process last asked who somebody is."""
    return _last


def read_overlay(connection: Connection) -> Overlay:
    """The overlay of the database as this connection sees it; one small select while nothing changed."""
    global _last
    stamp = connection.execute(_STAMP).scalar() or ""
    if stamp != _last.stamp:
        _last = _load(connection, stamp) if stamp else SHIPPED
    return _last


def _load(connection: Connection, stamp: str) -> Overlay:
    role, right, closed = CustomRole.__table__, Right.__table__, FieldRight.__table__
    roles = {row.code: _role(row) for row in connection.execute(select(role).where(role.c.archived_at.is_(None)))}
    more: dict[tuple[str, str], set[tuple[str, str]]] = {}
    less: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in connection.execute(select(right)):
        side = more if row.effect == "add" else less
        side.setdefault((row.role, row.record), set()).add((row.action, row.scope))
    fields: dict[str, dict[tuple[str, str], str]] = {}
    for row in connection.execute(select(closed)):
        fields.setdefault(row.record, {})[row.role, row.field] = row.treatment
    return Overlay(
        stamp,
        roles,
        {key: frozenset(pairs) for key, pairs in more.items()},
        {key: frozenset(pairs) for key, pairs in less.items()},
        _conditions(connection),
        fields,
        read_walls(connection),
    )


def _role(row: Any) -> MadeRole:
    label = L(row.name, row.name_en or row.name)
    return MadeRole(row.id, row.code, label, row.realm, row.summary or "", row.base)


def _conditions(connection: Connection) -> dict[int, BuiltCondition]:
    table = Condition.__table__
    return {
        row.id: BuiltCondition(
            row.id,
            row.record,
            row.name,
            row.use,
            row.within,
            row.tree,
            tuple(row.actions or ()),
            frozenset(row.roles or ()),
        )
        for row in connection.execute(select(table).where(table.c.archived_at.is_(None)))
    }


def is_custom(code: str) -> bool:
    """Whether an administrator made the role."""
    return code.startswith(CUSTOM)


def restamp(session: Any, models: set[type]) -> None:
    """After a flush: when one of `models` is part of the overlay, all processes are told by a new stamp."""
    if models.isdisjoint((*LAID_OVER, *WALLS)):
        return
    table, connection = RightsStamp.__table__, session.connection()
    fresh = uuid4().hex
    if connection.execute(update(table).values(stamp=fresh)).rowcount == 0:
        connection.execute(insert(table).values(id=1, stamp=fresh))
