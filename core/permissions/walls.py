"""Information walls: which records a person's walls close, as SQL. Nothing is asked or joined where no wall stands.

A wall names records of some types; what hangs on these by links, or lies at them by `record_key` and `record_id`, is
closed with them. How it hangs together is read from the fields of all record types, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, not_, or_, select

from core.i18n import _
from core.permissions.separation import Wall as WallRecord
from core.permissions.separation import WallPart
from core.records.base import MODELS, Record

if TYPE_CHECKING:
    from core.permissions.principal import Principal

WALL = _("Information wall")
PERSON, TEAM, DEPARTMENT = "core.user", "core.team", "core.department"
PEOPLE = (PERSON, TEAM, DEPARTMENT)
"""What stands on a side of a wall; everything else lies there."""
Ids = Mapping[str, frozenset[int]]


@dataclass(frozen=True)
class BuiltWall:
    """A wall as it is stored: ids by record type, for each side."""

    id: int
    name: str
    starts_at: datetime
    ends_at: datetime | None
    sides: tuple[Ids, Ids]

    def stands(self, at: datetime) -> bool:
        """Whether it holds at this moment."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    def hides_from(self, stand: Ids) -> dict[str, frozenset[int]]:
        """What lies on the other side from these people, by record type; nothing for who stands on none."""
        found: dict[str, frozenset[int]] = {}
        for here, there in (self.sides, reversed(self.sides)):
            if _meet(here, stand):
                for key in there.keys() - set(PEOPLE):
                    found[key] = found.get(key, frozenset()) | there[key]
        return found

    def names(self, stand: Ids) -> bool:
        """Whether these people stand on one of its sides."""
        return any(_meet(side, stand) for side in self.sides)


def _meet(side: Ids, stand: Ids) -> bool:
    return any(side.get(key, frozenset()) & stand.get(key, frozenset()) for key in PEOPLE)


def read_walls(connection: Connection) -> tuple[BuiltWall, ...]:
    """All walls that were not ended."""
    wall, part = WallRecord.__table__, WallPart.__table__
    found: dict[int, tuple[dict[str, set[int]], dict[str, set[int]]]] = {}
    for row in connection.execute(select(part)):
        sides = found.setdefault(row.wall_id, ({}, {}))
        sides[row.side == "b"].setdefault(row.record_key, set()).add(row.record_id)
    rows = connection.execute(select(wall).where(wall.c.id.in_(found))) if found else ()
    return tuple(BuiltWall(row.id, row.name, row.starts_at, row.ends_at, _frozen(found[row.id])) for row in rows)


def _frozen(sides: tuple[dict[str, set[int]], dict[str, set[int]]]) -> tuple[Ids, Ids]:
    a, b = ({key: frozenset(ids) for key, ids in side.items()} for side in sides)
    return a, b


def hidden(walls: tuple[BuiltWall, ...], stand: Ids, at: datetime) -> dict[str, frozenset[int]]:
    """What all walls that stand at this moment hide from these people: ids by record type."""
    found: dict[str, frozenset[int]] = {}
    for wall in walls:
        if wall.stands(at):
            for key, ids in wall.hides_from(stand).items():
                found[key] = found.get(key, frozenset()) | ids
    return found


@dataclass(frozen=True)
class Hold:
    """How rows of one type hang on what a wall may hide: `links` are (column, record type); `placed` the types that
    `record_key` may name."""

    links: tuple[tuple[str, str], ...] = ()
    placed: tuple[str, ...] = ()


def holds(hidden_types: frozenset[str]) -> dict[str, Hold]:
    """Every record type that hangs on these. A type follows links to those found before it, so that nothing goes round:
    all that is linked, then what plugins lay at records, then notes, files and messages, which lie at any of these.
    """
    from core.registry import registry

    found = {key: Hold() for key in hidden_types if key in registry().types}
    placed = [key for key, kind in registry().types.items() if {"record_key", "record_id"} <= kind.fields.keys()]
    _follow_links(found, frozenset(placed))
    for core in (False, True):
        linked = tuple(found)
        for key in (k for k in placed if k.startswith("core.") == core):
            found[key] = Hold(_links(key, linked), linked)
        _follow_links(found, frozenset(placed))
    return found


def _follow_links(found: dict[str, Hold], without: frozenset[str]) -> None:
    from core.registry import registry

    more = True
    while more:
        more = False
        for key in registry().types if found else ():
            if key not in found and key not in without and (links := _links(key, tuple(found))):
                found[key], more = Hold(links), True


def _links(key: str, targets: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    from core.registry import registry

    kind = registry().types[key]
    attrs = kind.model.__mapper__.column_attrs
    links = ((s.attr, str(s.target)) for s in kind.fields.values() if s.kind == "link" and not s.custom)
    own = ((attr, target) for attr, target in links if target in targets and target != key)
    return tuple((attrs[attr].columns[0].name, target) for attr, target in own if not target.startswith("core."))


def open_to(model: type[Record], principal: Principal) -> ColumnElement[bool] | None:
    """Rows that no wall closes for this person; None where walls have nothing to do with the type."""
    key = model.__record__["key"]
    if "wall holds" not in principal.cache:
        principal.cache["wall holds"] = _holds_of(frozenset(principal.walled))
    parts = _parts(key, principal)
    return None if not parts else and_(*(or_(*(c.is_(None) for c in columns), not_(p)) for p, columns in parts))


_known: dict[tuple[int, frozenset[str]], dict[str, Hold]] = {}


def _holds_of(hidden_types: frozenset[str]) -> dict[str, Hold]:
    """Read once for each composed deployment."""
    from core.registry import registry

    mark = (id(registry()), hidden_types)
    if mark not in _known:
        _known.clear()
        _known[mark] = holds(hidden_types)
    return _known[mark]


def _parts(key: str, principal: Principal) -> list[tuple[ColumnElement[bool], tuple[Any, ...]]]:
    """What closes rows of a type, each with the columns that may be empty."""
    walled, hold = principal.walled, principal.cache["wall holds"].get(key)
    if hold is None:
        return []
    table, found = MODELS[key].__table__, []
    if ids := walled.get(key):
        found.append((table.c.id.in_(sorted(ids)), ()))
    for name, target in hold.links:
        column = table.c[name]
        if (closed := _ids(target, principal)) is not None:
            found.append((column.in_(closed), (column,) if column.nullable else ()))
    at = [
        and_(table.c.record_key == place, table.c.record_id.in_(closed))
        for place in hold.placed
        if (closed := _ids(place, principal)) is not None
    ]
    return [*found, (or_(*at), (table.c.record_key, table.c.record_id))] if at else found


def _ids(key: str, principal: Principal) -> Any:
    """Which rows of a type are closed, as a list of ids or a select; None for none. Files and notes at records count by
    what they link to and lie at alike."""
    hold = principal.cache["wall holds"][key]
    ids = principal.walled.get(key)
    if ids and not hold.links and not hold.placed:
        return sorted(ids)
    memory = ("wall ids", key)
    if memory not in principal.cache:
        parts = [part for part, _columns in _parts(key, principal)]
        principal.cache[memory] = select(MODELS[key].__table__.c.id).where(or_(*parts)) if parts else None
    return principal.cache[memory]
