"""Indexes on custom values that lists are filtered, sorted or searched by. No column is made, and no write waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, inspect, text

from core.db import db, reading, write_intent
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
    made: list[str] = []
    dropped: list[str] = []
    with reading() as connection:
        tables = set(inspect(connection).get_table_names())
    for kind in (k for k in registry().types.values() if k.model.__tablename__ in tables):
        more, less = _of_table(kind)
        made += more
        dropped += less
    return {"made": made, "dropped": dropped}


def _of_table(kind: RecordType) -> tuple[list[str], list[str]]:
    """What was made and dropped on the table of one type."""
    table = kind.model.__tablename__
    with reading() as connection:
        postgresql = connection.dialect.name == "postgresql"
        whole, broken = _present(connection, table)
    wanted = wanted_indexes(kind, postgresql=postgresql)
    how = "CONCURRENTLY " if postgresql else ""
    dropped, made = sorted(whole - wanted.keys()), sorted(wanted.keys() - whole)
    for name in (*sorted(broken), *dropped):
        _do(f'DROP INDEX {how}IF EXISTS "{name}"')
    for name in made:
        _do(f'CREATE INDEX {how}IF NOT EXISTS "{name}" ON "{table}" {wanted[name]}')
    if made:
        _do(f'ANALYZE "{table}"')
    return made, dropped


def _do(statement: str) -> None:
    """By itself, so that SQLite lets others write in between, and in no transaction, as CONCURRENTLY needs it."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
        return
    token = write_intent.set(True)
    try:
        with db.engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        write_intent.reset(token)


def _present(connection: Connection, table: str) -> tuple[set[str], set[str]]:
    """Our indexes on a table: the whole ones, and what an interrupted job left half made."""
    if connection.dialect.name != "postgresql":
        rows = connection.execute(
            text("SELECT name, 1 AS whole FROM sqlite_master WHERE type = 'index' AND tbl_name = :table"),
            {"table": table},
        ).all()
    else:
        rows = connection.execute(
            text(
                "SELECT c.relname AS name, i.indisvalid AS whole FROM pg_index i"
                " JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(:table)"
            ),
            {"table": f'"{table}"'},
        ).all()
    ours = {row.name: row.whole for row in rows if row.name.endswith(SUFFIX)}
    return {name for name, whole in ours.items() if whole}, {name for name, whole in ours.items() if not whole}


def drop_indexes(connection: Connection, table: str) -> None:
    """Before the column itself goes with a plugin: SQLite does not drop one that an index reads."""
    if connection.dialect.name == "sqlite":
        for name in _present(connection, table)[0]:
            connection.execute(text(f'DROP INDEX "{name}"'))
