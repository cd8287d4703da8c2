"""Rows of the log as they stand in the database, read fast and raw, with the MAC of their content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from core.audit.marks import COLUMNS, DIGITS, NONCE, mac_of
from core.db import reading

BATCH = 5_000


class Row(NamedTuple):
    """One row with its seal; `values` in the order of `marks.COLUMNS`, None when the row is gone."""

    seq: int | None
    sealed_id: int | None
    key_id: str | None
    mac: bytes | None
    id: int | None
    mark: str | None
    values: list[Any] | None


def _chosen(connection: Connection) -> str:
    """The columns of a row, so that both databases give the same: instant and changes as text."""
    if connection.dialect.name == "sqlite":
        shown = [f"a.{name}" for name in COLUMNS]
    else:
        odd = {
            "at": "to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
            "changes": "a.changes::text",
        }
        shown = [odd.get(name, f"a.{name}") for name in COLUMNS]
    return ", ".join(("a.id", "a.mark", *shown))


def _read(connection: Connection, statement: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return connection.exec_driver_sql(statement.replace("?", mark), given).fetchall()  # type: ignore[return-value]


def sealed(connection: Connection, after: int) -> Iterator[list[Row]]:
    """Sealed rows behind place `after`, in the order of the chain, batch by batch."""
    statement = (
        f"SELECT s.seq, s.audit_id, s.key_id, s.mac, {_chosen(connection)} FROM core_audit_seal s "  # noqa: S608
        "LEFT JOIN core_audit a ON a.id = s.audit_id WHERE s.seq > ? ORDER BY s.seq LIMIT ?"
    )
    while found := _read(connection, statement, (after, BATCH)):
        yield [Row(r[0], r[1], r[2], bytes(r[3]), r[4], r[5], _values(r, 6)) for r in found]
        after = found[-1][0]


def unsealed(connection: Connection, after: int, limit: int) -> list[Row]:
    """Rows with ids above `after` that have no seal, in the order of their ids."""
    statement = (
        f"SELECT {_chosen(connection)} FROM core_audit a WHERE a.id > ? AND NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM core_audit_seal s WHERE s.audit_id = a.id) ORDER BY a.id LIMIT ?"
    )
    return [
        Row(None, None, None, None, r[0], r[1], _values(r, 2)) for r in _read(connection, statement, (after, limit))
    ]


def _values(row: tuple[Any, ...], first: int) -> list[Any] | None:
    if row[first - 2] is None:
        return None
    values = list(row[first:])
    place = first + _CHANGES
    values[_CHANGES] = orjson.loads(row[place]) if row[place] is not None else None
    return values


_CHANGES = COLUMNS.index("changes")


def genuine(row: Row, keys: dict[str, bytes], unmarked: int) -> bytes | None:
    """The MAC of a row's content when its mark fits one of the keys (or it is from before marks), else None."""
    assert row.values is not None
    if row.mark is None:
        key = keys.get(row.key_id or next(iter(keys)))
        old = row.id is not None and row.id <= unmarked
        return mac_of(key, "", row.values) if old and key else None
    nonce, told = row.mark[:NONCE], row.mark[NONCE:]
    for key in keys.values():
        mac = mac_of(key, nonce, row.values)
        if mac.hex()[:DIGITS] == told:
            return mac
    return None


def copies(connection: Connection, rows: list[Row]) -> set[str]:
    """Marks of these rows that stand in the log more than once: nobody writes the same row twice."""
    times = [row.values[0] for row in rows if row.values and row.mark]
    if not times:
        return set()
    shown = "?" if connection.dialect.name == "sqlite" else "(?::timestamp AT TIME ZONE 'UTC')"
    statement = (
        f"SELECT mark FROM core_audit WHERE at >= {shown} AND at <= {shown} "  # noqa: S608
        "AND mark IS NOT NULL GROUP BY mark HAVING count(*) > 1"
    )
    return {row[0] for row in _read(connection, statement, (min(times), max(times)))} & {row.mark for row in rows}


def of_id(ident: int) -> Row | None:
    """One row by its id, with its seal when it has one; None when it is gone."""
    with reading() as connection:
        statement = (
            f"SELECT s.seq, s.audit_id, s.key_id, s.mac, {_chosen(connection)} FROM core_audit a "  # noqa: S608
            "LEFT JOIN core_audit_seal s ON s.audit_id = a.id WHERE a.id = ?"
        )
        found = _read(connection, statement, (ident,))
    return next((Row(r[0], r[1], r[2], r[3], r[4], r[5], _values(r, 6)) for r in found), None)
