"""Many records at once, for imports: checks, numbers, hooks and audit as one by one, with one insert per table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from core.db import db, settle
from core.errors import FieldError, Forbidden, Invalid, NotFound, Stale, Unguarded
from core.i18n import _
from core.permissions.guard import check_after
from core.permissions.rules import access
from core.records import lifecycle
from core.records.base import MODELS, Record
from core.records.behind import behind
from core.records.changes import Pending, specs_of
from core.records.service import integrity, load_values, loader


def bulk_create(
    model: type[Record], values: list[dict[str, Any]], *, allow: Iterable[str] = (), validated: bool = False
) -> list[int]:
    """Create records and return their ids in the same order, all or none.

    `validated=True` says that each dict (by field name) went through `loader(model).load` already. Hooks see records
    that are not attached to the session: their columns and id are there, their relationships are not.
    """
    if not values:
        return []
    session = db.session()
    if not access().can(session.principal, model.__record__["key"], "create"):
        raise Forbidden(detail={"record": model.__record__["key"], "action": "create"})
    settle(session)
    records = _unattached(model, _attributes(model, values, frozenset(allow), validated))
    work = Pending()
    work.created[model] = records
    lifecycle.prepare(session, work)
    try:
        _insert_records(session.connection(), model, records)
    except IntegrityError as error:
        raise integrity(model, error) from None
    session.info["wrote"] = True
    check_after(session, work)
    lifecycle.record_history(session, work)
    lifecycle.after_hooks(session, work)
    settle(session)
    return [r.id for r in records]


def _unattached(model: type[Record], values: list[dict[str, Any]]) -> list[Any]:
    """Records that no session knows, with plain defaults and None in every column: reading them asks no mapper."""
    blank = _blank(model)
    make = model.__mapper__.class_manager.new_instance
    records = [make() for _row in values]
    for record, row in zip(records, values, strict=True):
        record.__dict__.update(blank | row)
    return records


def _blank(model: type[Record]) -> dict[str, Any]:
    plain = [s for s in specs_of(model) if not (callable(s.default) or isinstance(s.default, (list, dict)))]
    return dict.fromkeys(p.key for p in model.__mapper__.column_attrs) | {s.attr: s.default for s in plain}


def _attributes(
    model: type[Record], values: list[dict[str, Any]], allow: frozenset[str], validated: bool
) -> list[dict[str, Any]]:
    if not validated:
        return [load_values(model, v, partial=False, allow=allow) for v in values]
    specs = loader(model).specs
    _check_targets(model, values)
    return [{specs[name].attr: value for name, value in row.items()} for row in values]


def _check_targets(model: type[Record], values: list[dict[str, Any]]) -> None:
    """All link targets of all rows must be visible; one query for each link field."""
    for spec in specs_of(model):
        if spec.target and (ids := {v[spec.name] for v in values if v.get(spec.name) is not None}):
            target = MODELS[spec.target]
            seen: set[int] = set()
            wanted = sorted(ids)
            for start in range(0, len(wanted), 500):
                seen.update(db.session.scalars(select(target.id).where(target.id.in_(wanted[start : start + 500]))))
            if missing := ids - seen:
                message = _("There is no such record, or you may not see it: %(ids)s.", ids=sorted(missing)[:5])
                raise Invalid([FieldError(spec.name, "not_found", message)])


def insert_derived(model: type[Record], records: list[Any]) -> list[int]:
    """Insert new, unattached records that a plugin derived itself; returns their ids. Only inside `elevated()`.

    No hooks, numbers or audit row each: the caller notes the whole derivation once. Raises `Unguarded` elsewhere.
    """
    session = db.session()
    if not session.principal.is_system:
        raise Unguarded("insert_derived writes without rules; say why with elevated()")
    if records:
        blank = _blank(model)
        for record in records:
            record.__dict__.update(blank | record.__dict__)
        lifecycle.stamp_new(model, records)
        lifecycle.compute(model, records)
        _insert_records(session.connection(), model, records)
        session.info["wrote"] = True
    return [r.id for r in records]


def _insert_records(connection: Connection, model: type[Record], records: list[Any]) -> None:
    table = model.__table__
    used = {key for record in records for key, value in record.__dict__.items() if value is not None} | {"id"}
    every = [(p.key, p.columns[0]) for p in model.__mapper__.column_attrs]
    attrs = [(key, column) for key, column in every if key in used or column.default is not None]
    first = reserve_ids(connection, table, len(records))
    defaults = {c.key: c.default for _k, c in attrs if c.default is not None}
    rows = []
    for offset, record in enumerate(records):
        record.id = first[offset]
        held, row = record.__dict__, {}
        for key, column in attrs:
            value = held[key]
            if value is None and (default := defaults.get(column.key)) is not None:
                value = held[key] = default.arg(None) if default.is_callable else default.arg
            row[column.name] = value
        rows.append(row)
    insert_rows(connection, table, rows)


def reserve_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Fresh primary keys of a table, for rows that are inserted in this transaction."""
    if connection.dialect.name == "postgresql":
        sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
        statement = text(f"SELECT nextval({sequence}::regclass) FROM generate_series(1, :n)")  # noqa: S608 - a declared table
        held = behind(connection)
        return list((held.side if held else connection).execute(statement, {"n": count}).scalars())
    last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :t"), {"t": table.name}).scalar() or 0
    return list(range(last + 1, last + 1 + count))


def insert_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert complete rows (column name to value): COPY on PostgreSQL, else executemany. Rules are the caller's."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        connection.execute(insert(table), rows)
    elif held := behind(connection):
        held.add(partial(_copy, connection, connection.connection, table, rows))
    else:
        _copy(connection, connection.connection, table, rows)


def _copy(connection: Connection, raw: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    columns = [table.c[name] for name in rows[0]]
    processors = [c.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for c in columns]
    names = ", ".join(f'"{c.name}"' for c in columns)
    cursor = raw.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(
                    [p(v) if p and v is not None else v for p, v in zip(processors, row.values(), strict=True)]
                )
    except connection.dialect.dbapi.IntegrityError as error:
        raise IntegrityError(f"COPY {table.name}", None, error) from error
    finally:
        cursor.close()


def bulk_update(
    model: type[Record], items: list[tuple[int, int | None, dict[str, Any]]], *, allow: Iterable[str] = ()
) -> list[int]:
    """Update records given as (id, version or None, values by field name), all or none; the ids that changed."""
    records: dict[int, Any] = {}
    ids = [ident for ident, _version, _values in items]
    for start in range(0, len(ids), 500):
        chosen = select(model).where(model.id.in_(ids[start : start + 500]))
        records |= {r.id: r for r in db.session.scalars(chosen)}
    changed = []
    for ident, version, values in items:
        record = records.get(ident)
        if record is None:
            raise NotFound()
        if version is not None and version != record.version:
            raise Stale(detail={"id": ident, "version": record.version})
        for attr, value in load_values(model, values, partial=True, allow=frozenset(allow)).items():
            if getattr(record, attr) != value:
                setattr(record, attr, value)
        if db.session.is_modified(record):
            changed.append(ident)
    settle(db.session())
    return changed
