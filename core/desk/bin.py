"""The recycle bin: what `service.delete` removed stays restorable for thirty days, with the rows that went with it.

Records that are archived by their declaration never come here: archiving keeps them for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Column,
    Table,
    Text,
    and_,
    cast,
    delete,
    insert,
    literal,
    null,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy import update as update_rows
from sqlalchemy.exc import IntegrityError

from core.clock import now
from core.db import db, system
from core.errors import Forbidden, NotFound, Refused
from core.i18n import _
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import audit, service
from core.records.base import MODELS, Record
from core.records.reading import run
from core.records.secrets import EncryptedText
from core.registry import RecordType, registry

from .model import Binned

KEPT_FOR = timedelta(days=30)
KEPT_OF_CORE = frozenset({"core.note"})
"""Of the core's own records comments alone come back; accounts, rights and sign-ins that were taken away do not."""
LOOKED_AT = 300
_bin = Binned.__table__


@dataclass
class Snapshot:
    """One record before it goes: its row, the rows that go with it in the order of their making, and cut links."""

    key: str
    ident: int
    title: str
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cut: list[tuple[str, str, list[int], int]] = field(default_factory=list)


def take(record: Record) -> Snapshot | None:
    """What deleting this record would lose, before it is deleted; None for records that do not come here."""
    key = record.__record__["key"]
    if key.startswith("core.") and key not in KEPT_OF_CORE:
        return None
    kept = Snapshot(key, record.id, record.called[:300])
    _collect(type(record).__table__, [record.id], kept)
    return kept


def put(kept: Snapshot | None) -> int | None:
    """Into the bin, after the deletion was flushed and in its transaction; the number there."""
    if kept is None:
        return None
    content = {"rows": kept.rows, "cut": kept.cut}
    values = {"record_key": kept.key, "record_id": kept.ident, "title": kept.title, "content": content}
    values |= {"hung": len(kept.rows) - 1, "user_id": current_principal().user_id, "at": now()}
    session = db.session()
    session.info["wrote"] = True
    return session.connection().execute(insert(_bin).values(values)).inserted_primary_key[0]


def _collect(table: Table, ids: list[int], kept: Snapshot) -> None:
    """The rows with these ids, then what the database deletes or cuts with them."""
    for row in run(select(*(_raw(c) for c in table.columns)).where(table.c.id.in_(ids))):
        kept.rows.append((table.name, {c.name: _packed(v) for c, v in zip(table.columns, row, strict=True)}))
    for other, column, rule in _pointing_at(table):
        if rule == "CASCADE":
            found = list(run(select(other.c.id).where(column.in_(ids))).scalars())
            known = {row["id"] for name, row in kept.rows if name == other.name}
            if fresh := [ident for ident in found if ident not in known]:
                _collect(other, fresh, kept)
        elif rule == "SET NULL":
            for ident in ids:
                if cut := list(run(select(other.c.id).where(column == ident)).scalars()):
                    kept.cut.append((other.name, column.name, cut, ident))


def _pointing_at(table: Table) -> Iterator[tuple[Table, Column[Any], str | None]]:
    """Columns of all records that point at this table by a foreign key, and what happens to them."""
    for model in MODELS.values():
        for column in model.__table__.columns:
            for key in column.foreign_keys:
                if key.column.table is table:
                    yield model.__table__, column, key.ondelete


def _raw(column: Column[Any]) -> Any:
    """Secrets are kept as they lie in the database: encrypted."""
    return type_coerce(column, Text) if isinstance(column.type, EncryptedText) else column


def _packed(value: Any) -> Any:
    """A value as JSON tells it back exactly."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return {"json": value} if isinstance(value, (dict, list)) else value


def _unpacked(value: Any) -> Any:
    readers = {"at": datetime.fromisoformat, "day": date.fromisoformat, "number": Decimal, "bytes": bytes.fromhex}
    if not isinstance(value, dict):
        return value
    kind, told = next(iter(value.items()))
    return told if kind == "json" else readers[kind](told)


def restore(bin_id: int) -> Any:
    """Bring a record back, under its old number and with what hung on it; the record.

    Raises `NotFound` when it is not there or the person could not delete it, `Refused` when something is in its way.
    """
    row = run(select(_bin).where(_bin.c.id == bin_id)).first()
    kind = registry().types.get(row.record_key) if row is not None else None
    if row is None or kind is None or row.id not in seen(kind, [row]):
        raise NotFound()
    try:
        with db.session.begin_nested():
            _put_back(row.content)
    except IntegrityError:
        raise Refused(
            _("This cannot be restored as it was: its number is taken, or what it belonged to is gone.")
        ) from None
    session = db.session()
    session.connection().execute(delete(_bin).where(_bin.c.id == bin_id))
    session.info["wrote"] = True
    record = service.get(kind.model, row.record_id)
    if not service.may(record, "delete"):
        raise Forbidden(detail={"record": kind.key, "action": "delete"})
    audit.write(session, [audit.entry("restore", kind.key, record.id, title=row.title)])
    record.updated_at = now()  # whoever listens to writes learns that it is there again
    session.flush()
    return record


def _put_back(content: dict[str, Any]) -> None:
    connection, tables = db.session().connection(), Record.metadata.tables
    for name, row in content["rows"]:
        table = tables[name]
        given = {n: _unpacked(v) for n, v in row.items() if n in table.c}
        sealed = {n: literal(v, Text()) for n, v in given.items() if v and isinstance(table.c[n].type, EncryptedText)}
        connection.execute(insert(table).values(given | sealed))
    for name, column, ids, ident in content["cut"]:
        table = tables.get(name)
        if table is not None and column in table.c:
            free = (table.c.id.in_(ids), table.c[column].is_(None))
            connection.execute(update_rows(table).where(*free).values({column: ident}))


def seen(kind: RecordType, rows: Iterable[Any]) -> set[int]:
    """Numbers of those deleted records that the person could see and delete if they were there.

    The rules are asked of the rows as they were, which stand in the place of their table.
    """
    principal, rows = db.session().principal, list(rows)
    where = and_(*(access().where(kind.model, principal, action) for action in ("read", "delete")))
    if not rows or not principal.can(kind.key, "delete"):
        return set()
    table = kind.model.__table__
    by_id = {row.record_id: row.id for row in rows}
    if str(where) == str(true()) or principal.is_system:
        return set(by_id.values())
    were = union_all(*(select(*_typed(table, row.content["rows"][0][1])) for row in rows)).cte(table.name)
    return {by_id[ident] for ident in run(select(table.c.id).where(where).add_cte(were)).scalars()}


def _typed(table: Table, row: dict[str, Any]) -> list[Any]:
    """The values of a row that was, each of its column's type. PostgreSQL has to be told; SQLite would misread days."""
    postgresql = db.engine.dialect.name == "postgresql"
    found = []
    for column in table.columns:
        secret = isinstance(column.type, EncryptedText)
        value = None if secret else _unpacked(row.get(column.name))
        one = null() if value is None else literal(value, column.type)
        found.append((cast(one, column.type) if postgresql else one).label(column.name))
    return found


def entries(before: int | None = None, limit: int = 50) -> list[Any]:
    """What lies in the bin, the last deleted first, of what this person could see and delete."""
    principal = db.session().principal
    kinds = [k for k in registry().types.values() if principal.can(k.key, "delete")]
    statement = select(_bin).where(_bin.c.record_key.in_([k.key for k in kinds]), _bin.c.at > now() - KEPT_FOR)
    if before:
        statement = statement.where(_bin.c.id < before)
    rows = run(statement.order_by(_bin.c.id.desc()).limit(LOOKED_AT)).all()
    shown: set[int] = set()
    for kind in kinds:
        shown |= seen(kind, [row for row in rows if row.record_key == kind.key])
    return [row for row in rows if row.id in shown][:limit]


def purge() -> dict[str, int]:
    """Delete for good what has lain here for thirty days; each is told to the log."""
    with system("what has lain in the recycle bin for thirty days is deleted for good") as session:
        old = select(_bin.c.id, _bin.c.record_key, _bin.c.record_id, _bin.c.title).where(_bin.c.at <= now() - KEPT_FOR)
        rows = session.connection().execute(old).all()
        told = [audit.entry("purge", row.record_key, row.record_id, title=row.title) for row in rows]
        audit.write(session, told)
        for row in rows:
            session.connection().execute(delete(_bin).where(_bin.c.id == row.id))
    return {"purged": len(rows)}
