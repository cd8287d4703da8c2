"""Many records at once, for imports: checks, numbers, hooks and audit as one by one, with one insert per table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from types import FunctionType
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Table, any_, insert, literal, select, text
from sqlalchemy.exc import IntegrityError

from core.db import db, settle
from core.errors import FieldError, Forbidden, Invalid, NotFound, Stale, Unguarded
from core.i18n import _
from core.permissions.guard import check_after
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import lifecycle
from core.records.base import MODELS, Record
from core.records.behind import behind
from core.records.changes import Pending, specs_of
from core.records.custom.values import CustomValues, packed
from core.records.service import integrity, load_values, loader
from core.records.types import Instant
from core.search import keeping


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
    _insert(session.connection(), model, [vars(record) for record in records])
    session.info["wrote"] = True
    check_after(session, work)
    lifecycle.record_history(session, work)
    lifecycle.after_hooks(session, work)
    settle(session)
    return [r.id for r in records]


def _unattached(model: type[Record], values: list[dict[str, Any]]) -> list[Any]:
    """Records that no session knows and no mapper watches, which hold these values."""
    light = light_class(model)
    records = [light() for _row in values]
    for record, row in zip(records, values, strict=True):
        record.__dict__.update(row)
    return records


@cache
def light_class(model: type[Record]) -> type[Any]:
    """A class that looks like the record's own, with its methods, properties and plain defaults, None in all else."""
    own: dict[str, Any] = {}
    for part in reversed(model.__mro__[: model.__mro__.index(Record) + 1]):
        own |= {n: v for n, v in vars(part).items() if isinstance(v, (FunctionType, property)) or n == "__record__"}
    own = {n: v for n, v in own.items() if n not in ("__init__", "__repr__")}
    declared = [s for s in specs_of(model) if not s.custom]
    plain = [s for s in declared if not (callable(s.default) or isinstance(s.default, (list, dict)))]
    blank = dict.fromkeys(model.__mapper__.attrs.keys()) | {s.attr: s.default for s in plain}
    known = {"__table__": model.__table__, "__mapper__": model.__mapper__, "__class__": property(lambda _self: model)}
    return type(model.__name__, (CustomValues,), blank | own | known)


def _attributes(
    model: type[Record], values: list[dict[str, Any]], allow: frozenset[str], validated: bool
) -> list[dict[str, Any]]:
    specs = loader(model).specs
    if not validated:
        return [packed(specs, load_values(model, v, partial=False, allow=allow)) for v in values]
    _check_targets(model, values)
    return [packed(specs, {specs[name].attr: value for name, value in row.items()}) for row in values]


def among(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """`column IN values`; on PostgreSQL as one parameter, because reading hundreds costs more than finding the rows."""
    if db.engine.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(literal(list(values), ARRAY(column.type)))


def _check_targets(model: type[Record], values: list[dict[str, Any]]) -> None:
    """All link targets of all rows must be visible; one query for each link field."""
    for spec in specs_of(model):
        if spec.target and (ids := {v[spec.name] for v in values if v.get(spec.name) is not None}):
            target = MODELS[spec.target]
            seen: set[int] = set()
            wanted = sorted(ids)
            for start in range(0, len(wanted), 500):
                seen.update(db.session.scalars(select(target.id).where(among(target.id, wanted[start : start + 500]))))
            if missing := ids - seen:
                message = _("There is no such record, or you may not see it: %(ids)s.", ids=sorted(missing)[:5])
                raise Invalid([FieldError(spec.name, "not_found", message)])


def insert_derived(model: type[Record], records: list[Any]) -> list[int]:
    """Insert new records that a plugin derived itself; returns their ids. Only inside `elevated()`.

    Each is a dict of attributes or an unattached object that has them. No hooks, numbers or audit row each: the
    caller notes the whole derivation once. Raises `Unguarded` elsewhere.
    """
    session = db.session()
    if not session.principal.is_system:
        raise Unguarded("insert_derived writes without rules; say why with elevated()")
    if not records:
        return []
    rows = [record if isinstance(record, dict) else vars(record) for record in records]
    if any(spec.compute for spec in specs_of(model)):
        made = _unattached(model, rows)
        lifecycle.compute(model, made)
        rows = [vars(record) for record in made]
    who = current_principal().user_id
    ids = _insert(session.connection(), model, rows, {"created_by_id": who, "updated_by_id": who})
    keeping.derived(session.connection(), model, ids, rows)
    session.info["wrote"] = True
    return ids


def _insert(
    connection: Connection, model: type[Record], rows: list[dict[str, Any]], same: dict[str, Any] | None = None
) -> list[int]:
    """Insert rows by attribute, column by column. They get what columns hold by default, unless all share `same`."""
    table = model.__table__
    ids = reserve_ids(connection, table, len(rows))
    used = set().union(*rows)
    columns, cells = [], []
    for prop in model.__mapper__.column_attrs:
        key, column = prop.key, prop.columns[0]
        if key == "id":
            values = ids
        elif same and key in same:
            values = [same[key]] * len(rows)
        else:
            values = [row.get(key) for row in rows] if key in used else [None] * len(rows)
        if column.default is not None and None in values:
            values = _filled(column, values)
        if same is None and (values is ids or column.default is not None):
            for row, value in zip(rows, values, strict=True):
                row[key] = value
        if any(value is not None for value in values):
            columns.append(column)
            cells.append(values)
    insert_columns(connection, table, columns, cells, partial(integrity, model))
    return ids


def _filled(column: Column[Any], values: list[Any]) -> list[Any]:
    """The default where a value is missing; all rows of a call were made at the same instant."""
    default: Any = column.default
    if not default.is_callable:
        return [default.arg if value is None else value for value in values]
    if isinstance(column.type, Instant):
        instant = default.arg(None)
        return [instant if value is None else value for value in values]
    return [default.arg(None) if value is None else value for value in values]


def reserve_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Fresh primary keys of a table, for rows that are inserted in this transaction."""
    if connection.dialect.name == "postgresql":
        sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
        statement = text(f"SELECT array_agg(nextval({sequence}::regclass)) FROM generate_series(1, :n)")  # noqa: S608 - a declared table
        held = behind(connection)
        return (held.side if held else connection).execute(statement, {"n": count}).scalar_one()
    last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :t"), {"t": table.name}).scalar() or 0
    return list(range(last + 1, last + 1 + count))


def insert_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert complete rows (column name to value), which all name the same columns. Rules are the caller's."""
    if rows:
        columns = [table.c[name] for name in rows[0]]
        insert_columns(connection, table, columns, [[row[c.name] for row in rows] for c in columns])


def insert_columns(
    connection: Connection,
    table: Table,
    columns: list[Column[Any]],
    cells: list[list[Any]],
    violated: Callable[[IntegrityError], Exception] = lambda error: error,
) -> None:
    """Insert rows given column by column: COPY on PostgreSQL, behind the caller's back where that is open.

    `violated` makes what is raised, now or later, of a violated constraint.
    """
    if connection.dialect.name == "postgresql":
        work = partial(_copy, connection, connection.connection, table, columns, cells, violated)
        held = behind(connection)
        return held.add(work) if held else work()
    names = [column.name for column in columns]
    try:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)])
    except IntegrityError as error:
        raise violated(error) from None


def _copy(
    connection: Connection,
    raw: Any,
    table: Table,
    columns: list[Column[Any]],
    cells: list[list[Any]],
    violated: Callable[[IntegrityError], Exception],
) -> None:
    names = ", ".join(f'"{column.name}"' for column in columns)
    stored = [_stored(connection, column, values) for column, values in zip(columns, cells, strict=True)]
    cursor = raw.cursor()
    try:
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in zip(*stored, strict=True):
                copy.write_row(row)
    except connection.dialect.dbapi.IntegrityError as error:
        raise violated(IntegrityError(f"COPY {table.name}", None, error)) from error
    finally:
        cursor.close()


def _stored(connection: Connection, column: Column[Any], values: list[Any]) -> list[Any]:
    """The values as the database takes them."""
    dialect = connection.dialect
    to_stored = column.type.dialect_impl(dialect).bind_processor(dialect)
    if to_stored is None:
        return values
    if isinstance(column.type, Instant) and all(value is values[0] for value in values):
        return [to_stored(values[0])] * len(values)
    return [value if value is None else to_stored(value) for value in values]


def bulk_update(
    model: type[Record], items: list[tuple[int, int | None, dict[str, Any]]], *, allow: Iterable[str] = ()
) -> list[int]:
    """Update records given as (id, version or None, values by field name), all or none; the ids that changed."""
    records: dict[int, Any] = {}
    ids = [ident for ident, _version, _values in items]
    for start in range(0, len(ids), 500):
        chosen = select(model).where(among(model.id, ids[start : start + 500]))
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
