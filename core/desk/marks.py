"""Favourites, recently opened records, and the list that somebody came from: each person's own, nobody else's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import current_principal
from core.records.dump import labels
from core.records.reading import run
from core.registry import registry

from .model import Favourite, Recent, Trail

MOST_FAVOURITES = 100
MOST_RECENT = 30
MOST_TRAILS = 40
TOKEN = re.compile(r"[A-Za-z0-9_-]{8,24}")
favourites, recents, _trail = Favourite.__table__, Recent.__table__, Trail.__table__


@dataclass(frozen=True)
class Marked:
    """A record as a short list names it."""

    key: str
    id: int
    label: str
    icon: str
    kind: str

    @property
    def href(self) -> str:
        """Its page."""
        return f"/r/{self.key}/{self.id}"


def upsert(table: Table, values: dict[str, Any], changed: dict[str, Any]) -> None:
    """Insert a row of the desk, or change the one that is there."""
    session = db.session()
    connection = session.connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    keys = [column.name for column in table.primary_key.columns]
    statement = dialect.insert(table).values(values | changed)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))
    session.info["wrote"] = True


def _mine(table: Table) -> Any:
    return table.c.user_id == current_principal().user_id


def keep_newest(table: Table, most: int) -> None:
    """Of one's own rows the newest stay."""
    edge = run(select(table.c.at).where(_mine(table)).order_by(table.c.at.desc()).offset(most).limit(1)).scalar()
    if edge is not None:
        db.session().connection().execute(delete(table).where(_mine(table), table.c.at <= edge))


def mark(table: Table, key: str, ident: int) -> None:
    """Put a record among one's favourites or recent ones. The caller has checked that the person sees it."""
    values = {"user_id": current_principal().user_id, "record_key": key, "record_id": ident}
    upsert(table, values, {"at": now()})
    keep_newest(table, MOST_FAVOURITES if table is favourites else MOST_RECENT)


def unmark(table: Table, key: str, ident: int) -> None:
    """Take it out again."""
    here = (_mine(table), table.c.record_key == key, table.c.record_id == ident)
    db.session().connection().execute(delete(table).where(*here))
    db.session().info["wrote"] = True


def starred(key: str, ident: int) -> bool:
    """Whether the record is among one's favourites."""
    here = (_mine(favourites), favourites.c.record_key == key, favourites.c.record_id == ident)
    return bool(run(select(func.count()).select_from(favourites).where(*here)).scalar())


def marked(table: Table, limit: int = 12) -> list[Marked]:
    """The newest marked records, of those that the person may see now; others stay unnamed."""
    chosen = select(table.c.record_key, table.c.record_id).where(_mine(table)).order_by(table.c.at.desc())
    rows = run(chosen).all()
    types, principal = registry().types, current_principal()
    ids: dict[str, list[int]] = {}
    for key, ident in rows:
        if key in types and types[key].public and principal.can(key, "read"):
            ids.setdefault(key, []).append(ident)
    known = {key: labels(key, several) for key, several in ids.items()}
    found = [(types[key], ident, known[key][ident]) for key, ident in rows if ident in known.get(key, {})]
    return [
        Marked(kind.key, ident, label, kind.icon or "file", str(kind.label)) for kind, ident, label in found[:limit]
    ]


def keep_trail(token: str, key: str, address: str) -> None:
    """Remember a list's address under the token that a browser made; raises `BadRequest` for what is no list."""
    base = f"/r/{key}"
    if not TOKEN.fullmatch(token) or len(address) > 4000 or not (address == base or address.startswith(f"{base}?")):
        raise BadRequest(_("This is no list."))
    values = {"user_id": current_principal().user_id, "token": token}
    upsert(_trail, values, {"record_key": key, "address": address, "at": now()})
    keep_newest(_trail, MOST_TRAILS)


def trail(token: str, key: str) -> str | None:
    """The address of the list that one's own token names."""
    here = (_mine(_trail), _trail.c.token == token, _trail.c.record_key == key)
    return run(select(_trail.c.address).where(*here)).scalar() if TOKEN.fullmatch(token) else None
