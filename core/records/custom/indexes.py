"""Indexes on custom values that lists are filtered, sorted or searched by. No column is made, and no write waits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, inspect, text

from core.db import db
from core.records.custom.known import edition, forget, refresh
from core.records.custom.stored import in_postgresql, in_sqlite
from core.records.fields import Field
from core.registry import RecordType, registry

SUFFIX = "_custom"
"""End of the names of these indexes, which no migration knows."""
_COLUMN = '"custom"'


def wanted_indexes(kind: RecordType, *, postgresql: bool) -> dict[str, str]:
    """Name → body of every index that the definitions ask for on the table of a type."""
    found: dict[str, str] = {}
    for spec in edition().of(kind.key).values():
        begin = f"ix_{kind.model.__tablename__}"[:40] + f"_{spec.extra['id']}"
        if spec.extra["indexed"]:
            found |= {f"{begin}{end}{SUFFIX}": body for end, body in _by_value(spec, postgresql=postgresql)}
        if spec.search and postgresql:
            part = in_postgresql(_COLUMN, spec.name, spec.kind)
            found[f"{begin}_words{SUFFIX}"] = (
                f"USING gin (zhian_bigrams({part})) WITH (fastupdate=off) WHERE {part} IS NOT NULL"
            )
    return found


def _by_value(spec: Field, *, postgresql: bool) -> Iterator[tuple[str, str]]:
    if not postgresql:
        if spec.kind != "multi_choice":  # SQLite has no index into a list
            yield "", f"({in_sqlite(_COLUMN, spec.name)}, id)"
        return
    part = in_postgresql(_COLUMN, spec.name, spec.kind)
    if spec.kind == "multi_choice":
        yield "", f"USING gin ({part})"
    elif spec.kind == "long_text":
        return  # longer than what a page of an index holds
    else:
        yield "", f"({part}, id)"
        yield "_down", f"({part} DESC NULLS LAST, id DESC)"


def make_indexes() -> dict[str, Any]:
    """Make the missing indexes and drop those that nobody asks for any more; their names. Others go on writing."""
    forget()
    refresh()
    made, dropped = [], []
    with _alone() as connection:
        postgresql = connection.dialect.name == "postgresql"
        tables = set(inspect(connection).get_table_names())
        for kind in (k for k in registry().types.values() if k.model.__tablename__ in tables):
            table = kind.model.__tablename__
            wanted = wanted_indexes(kind, postgresql=postgresql)
            present = _present(connection, table)
            for name in [n for n in present if n not in wanted]:
                _drop(connection, name)
                dropped.append(name)
            for name in [n for n in wanted if n not in present]:
                how = "CONCURRENTLY " if postgresql else ""
                connection.execute(text(f'CREATE INDEX {how}"{name}" ON "{table}" {wanted[name]}'))
                made.append(name)
            if made and made[-1] in wanted:
                connection.execute(text(f'ANALYZE "{table}"'))
    return {"made": made, "dropped": dropped}


@contextlib.contextmanager
def _alone() -> Iterator[Connection]:
    """A connection on which each statement is its own transaction, as CONCURRENTLY needs it."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _present(connection: Connection, table: str) -> set[str]:
    """The whole ones of our indexes on a table; what an interrupted job left half made is dropped."""
    if connection.dialect.name != "postgresql":
        rows = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"), {"table": table}
        )
        return {row.name for row in rows if row.name.endswith(SUFFIX)}
    rows = connection.execute(
        text(
            "SELECT c.relname AS name, i.indisvalid AS whole FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = to_regclass(:table)"
        ),
        {"table": f'"{table}"'},
    ).all()
    ours = [row for row in rows if row.name.endswith(SUFFIX)]
    for row in ours:
        if not row.whole:
            _drop(connection, row.name)
    return {row.name for row in ours if row.whole}


def _drop(connection: Connection, name: str) -> None:
    how = "CONCURRENTLY " if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f'DROP INDEX {how}IF EXISTS "{name}"'))


def drop_indexes(connection: Connection, table: str) -> None:
    """Before the column itself goes: SQLite does not drop one that an index reads. For migrations."""
    if connection.dialect.name == "sqlite":
        for name in _present(connection, table):
            _drop(connection, name)
