"""Rotation of the keys of stored secrets: a new key, then every value under it, row by row, while everybody works."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, String, Table, bindparam, cast, literal, select, tuple_, type_coerce, update

from core.db import db, reading, system, write_intent
from core.records.audit import note_action
from core.records.base import Base
from core.records.keys import FRESH_SECONDS, make_key, ring, wrap_anew
from core.records.secrets import MARK, EncryptedText, decrypt, encrypt, key_id

BATCH = 500


def columns() -> Iterator[tuple[Table, Column[Any]]]:
    """Every column of the deployment that holds secrets."""
    for table in Base.metadata.sorted_tables:
        yield from ((table, column) for column in table.columns if isinstance(column.type, EncryptedText))


def counts() -> Counter[str]:
    """How many values are under which key; the empty name stands for those from before keys had ids."""
    found: Counter[str] = Counter()
    for _table, column in columns():
        raw = type_coerce(column, String)
        with reading() as connection:
            for value in connection.execute(select(raw).where(raw.is_not(None))).scalars():
                found[key_id(value)] += 1
    return found


def rotate(new_key: bool = True, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Bring every value under the present key, a new one if wanted; {key, values}. May be started again at any time.

    Other processes go on writing with the key before for a few seconds: so it looks twice.
    """
    token = write_intent.set(True)
    try:
        wrap_anew()
        ident = make_key() if new_key else _present()
        done = _sweep(ident, 0, progress)
        if new_key:
            time.sleep(FRESH_SECONDS + 0.5)
            done = _sweep(ident, done, progress)
    finally:
        write_intent.reset(token)
    with system("rotation of the keys of stored secrets") as session:
        note_action(session, "secrets_rotated", None, changes={"key": ident, "values": done})
    return {"key": ident, "values": done}


def _present() -> str:
    ring().read()
    return ring().current


def _sweep(ident: str, done: int, progress: Callable[[int], None] | None) -> int:
    for table, column in columns():
        last: tuple[Any, ...] = ()
        while rows := _others(table, column, ident, last):
            last = tuple(rows[-1][1:])
            done += _renew(table, column, rows)
            if progress:
                progress(done)
    return done


def _others(table: Table, column: Column[Any], ident: str, after: tuple[Any, ...]) -> list[Any]:
    """The next rows, by their primary keys, whose value is not under the key."""
    raw, key = type_coerce(column, String), list(table.primary_key.columns)
    wanted = select(raw, *key).where(raw.is_not(None))
    wanted = wanted.where(~cast(raw, String).startswith(f"{MARK}.{ident}.", autoescape=True))
    if after:
        wanted = wanted.where(tuple_(*key) > tuple_(*map(literal, after)))
    with reading() as connection:
        return list(connection.execute(wanted.order_by(*key).limit(BATCH)).all())


def _renew(table: Table, column: Column[Any], rows: list[Any]) -> int:
    """Write the same texts under the present key; a value that somebody changed meanwhile is left as it is."""
    raw, key = type_coerce(column, String), list(table.primary_key.columns)
    here = [one == bindparam(f"key_{at}", type_=one.type) for at, one in enumerate(key)]
    same = update(table).where(*here, raw == bindparam("stands", type_=String))
    given = [
        {"stands": old, "fresh": encrypt(decrypt(old))} | {f"key_{at}": value for at, value in enumerate(place)}
        for old, *place in rows
    ]
    with db.engine.begin() as connection:
        connection.execute(same.values({column: bindparam("fresh", type_=String)}), given)
    return len(rows)
