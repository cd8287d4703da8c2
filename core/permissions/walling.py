"""Building and ending information walls, and what stands on their sides. What a wall closes is decided in `walls`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from core.clock import now
from core.db import db
from core.errors import FieldError, Forbidden, Invalid, Refused
from core.i18n import _
from core.permissions import walls
from core.permissions.principal import Principal
from core.permissions.separation import Wall, WallPart
from core.records import service
from core.registry import registry


def kinds() -> list[str]:
    """Record types before which a wall can stand: their plugins say so (`"walls": True`)."""
    return [key for key, kind in registry().types.items() if kind.walls]


def build(values: dict[str, Any]) -> Wall:
    """A new wall, without anybody behind it yet: `name`, `reason`, `starts_at`, `ends_at`."""
    return service.create(Wall, values)


def end(wall: Wall) -> None:
    """It stands no more from now on."""
    service.update(wall, {"ends_at": now()})


def put(wall: Wall, side: str, key: str, ident: int) -> WallPart:
    """Put a person, team, department or record on a side. Raises `NotFound` for one that the person does not see."""
    if key not in (*walls.PEOPLE, *kinds()):
        raise Invalid([FieldError("record_key", "choice", _("No wall can stand before this."))])
    service.get(registry().types[key].model, ident)
    return service.create(WallPart, {"wall": wall.id, "side": side, "record_key": key, "record_id": ident})


def parts(wall_id: int) -> list[WallPart]:
    """What stands on the sides of a wall, as far as the person sees it."""
    return list(db.session.scalars(select(WallPart).where(WallPart.wall_id == wall_id).order_by(WallPart.id)))


def check_walls(rows: list[Wall]) -> None:
    """Raises `Invalid` for a wall that ends before it begins, `Forbidden` for whoever stands behind it."""
    for row in rows:
        if row.ends_at is not None and row.ends_at < row.starts_at:
            raise Invalid([FieldError("ends_at", "order", _("It ends before it begins."))])
        if row.id is not None:
            check_builder(row.id)


def check_parts(rows: list[WallPart]) -> None:
    """Nobody stands on both sides. Raises `Refused`, or `Forbidden` for whoever stands behind the wall."""
    table = WallPart.__table__.c
    for row in rows:
        check_builder(row.wall_id)
        same = (table.wall_id == row.wall_id, table.record_key == row.record_key, table.record_id == row.record_id)
        if db.session().connection().execute(select(table.id).where(*same, table.id != (row.id or 0))).first():
            raise Refused(_("This stands on a side of the wall already."), code="both_sides")


def check_builder(wall_id: int) -> None:
    """Whoever stands behind a wall changes nothing about it. Raises `Forbidden`."""
    principal = db.session().principal
    if not principal.is_system and stands_behind(wall_id, principal):
        raise Forbidden(_("Whoever stands behind a wall does not change it. Ask somebody else."))


def stands_behind(wall_id: int, person: Principal) -> bool:
    """Whether this person stands on a side of the wall, also one that does not stand yet or no more."""
    connection = db.session().connection()
    found = next((wall for wall in walls.read_walls(connection) if wall.id == wall_id), None)
    return found is not None and found.names(stand_of(person))


def stand_of(person: Principal) -> walls.Ids:
    """The person, their team, their department and those above it."""
    from core.permissions.people import places_above

    own = frozenset({person.user_id}) - {None}
    places = places_above(db.session().connection(), person.department_id)
    return {walls.PERSON: own, walls.TEAM: person.team_ids, walls.DEPARTMENT: places}


def day_start(day: dt.date) -> dt.datetime:
    """The first moment of a day where the agency is."""
    from core.clock import LOCAL

    return dt.datetime.combine(day, dt.time(), LOCAL).astimezone(dt.UTC)
