"""What somebody typed and has not saved: kept on the server for them alone, by the place of its form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from core.clock import now
from core.db import db
from core.desk.marks import keep_newest, upsert
from core.errors import BadRequest, ZhianError
from core.i18n import _
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.reading import run
from core.registry import RecordType, registry

from .model import Draft as DraftRow

KEPT_FOR = timedelta(days=90)
MOST = 100
LONGEST = 200_000
"""Characters of one draft."""
PLACE = re.compile(r"/r/(?P<key>[a-z_]+\.[a-z_]+)(?:/(?P<id>\d{1,18}))?(?P<note>/-/note)?(?:\?[^\s]*)?")
NEVER = frozenset({"csrf_token", "version", "draft"})
_draft = DraftRow.__table__


@dataclass(frozen=True)
class Place:
    """A form: of a record type (`ident` None for a new record), or the comment on a record."""

    address: str
    kind: RecordType
    ident: int | None
    note: bool


def place_of(address: str) -> Place:
    """What a form's address names; raises `BadRequest` for what keeps no drafts."""
    found = PLACE.fullmatch(address) if len(address) <= 300 else None
    kind = registry().types.get(found["key"]) if found else None
    if found is None or kind is None or not kind.public or (found["note"] and not found["id"]):
        raise BadRequest(_("Nothing is kept for this form."))
    return Place(address, kind, int(found["id"]) if found["id"] else None, bool(found["note"]))


def may_use(place: Place) -> bool:
    """Whether the person could still fill in that form: raises `NotFound` when the record is out of their sight."""
    if place.ident is None:
        return current_principal().can(place.kind.key, "create")
    record = service.get(place.kind.model, place.ident)
    return place.note or service.may(record, "update")


def keep(place: Place, data: dict[str, list[str]], version: int | None) -> None:
    """Keep what was typed, without secrets. Raises `BadRequest` when it is no form or far too long."""
    if not isinstance(data, dict) or not all(_fits(n, v) for n, v in data.items()):
        raise BadRequest(_("A draft is the inputs of a form."))
    kept = {name: values for name, values in data.items() if name not in NEVER and not _is_secret(place.kind, name)}
    if sum(len(n) + sum(map(len, v)) for n, v in kept.items()) > LONGEST:
        raise BadRequest(_("This text is too long for a draft. Save it."))
    values = {"user_id": current_principal().user_id, "place": place.address}
    changed = {"record_key": place.kind.key, "record_id": place.ident, "version": version, "data": kept, "at": now()}
    upsert(_draft, values, changed)
    keep_newest(_draft, MOST)


def _fits(name: Any, values: Any) -> bool:
    return isinstance(name, str) and isinstance(values, list) and all(isinstance(v, str) for v in values)


def _is_secret(kind: RecordType, name: str) -> bool:
    """Secret fields of the type, and of the rows of other types inside its form (`lines-0-1-password`)."""
    last = name.rpartition("-")[2]
    if name == last:
        return name in kind.fields and kind.fields[name].kind == "secret"
    return any(last in other.fields and other.fields[last].kind == "secret" for other in registry().types.values())


def _closed(place: Place) -> frozenset[str]:
    """Fields that the person may not write: what they once typed or read there is not shown again."""
    if place.note:
        return frozenset()
    treated = access().treatments(place.kind.model, db.session().principal)
    return frozenset(n for n, rule in treated.items() if not (place.ident is None and rule.when is not None))


def kept_at(place: Place) -> tuple[datetime, bool] | None:
    """When the person's draft of this form was kept, and whether the record was changed since; None without one."""
    row = _row(place, _draft.c.at, _draft.c.version)
    if row is None:
        return None
    version = service.get(place.kind.model, place.ident).version if place.ident and not place.note else None
    return row.at, version is not None and row.version is not None and version != row.version


def read(place: Place) -> dict[str, list[str]] | None:
    """What the person typed there, less what is closed to them by now."""
    row = _row(place, _draft.c.data)
    closed = _closed(place)
    return None if row is None else {name: values for name, values in row.data.items() if name not in closed}


def _row(place: Place, *columns: Any) -> Any:
    mine = (_draft.c.user_id == current_principal().user_id, _draft.c.place == place.address)
    return run(select(*columns).where(*mine)).first()


def drop(address: str | None) -> None:
    """Throw a draft of one's own away: its form was saved, or it is not wanted."""
    if address:
        mine = (_draft.c.user_id == current_principal().user_id, _draft.c.place == address[:300])
        db.session().connection().execute(delete(_draft).where(*mine))


def mine(limit: int = 20) -> list[tuple[Place, datetime]]:
    """One's drafts, the last first, of forms that one may still fill in."""
    who = current_principal().user_id
    rows = run(select(_draft.c.place, _draft.c.at).where(_draft.c.user_id == who).order_by(_draft.c.at.desc())).all()
    found = []
    for address, at in rows[: 3 * limit]:
        try:
            place = place_of(address)
            if may_use(place):
                found.append((place, at))
        except ZhianError:  # a type or record that is gone or hidden has no draft to show
            continue
    return found[:limit]


def forget_old() -> int:
    """Delete drafts that nobody came back to; how many."""
    with db.engine.begin() as connection:
        return connection.execute(delete(_draft).where(_draft.c.at < now() - KEPT_FOR)).rowcount
