"""What waits is taken in; the index is made anew, checked, and matched with what is enabled."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, select, text, update

from core.db import db, reading, write_intent
from core.jobs.progress import report_progress
from core.jobs.runs import insert_run
from core.registry import registry
from core.search import taking
from core.search.keeping import wait
from core.search.model import SearchEntry, SearchState, SearchWait
from core.search.plan import ROOM, Plan, plans

CATCH_UP, SWEEP = "core.search_catch_up", "core.search_sweep"
EVERY = 4.0
"""Seconds between two looks of the scheduler at what waits."""
STEP = 1000
_entries, _waits, _states = SearchEntry.__table__, SearchWait.__table__, SearchState.__table__
_next = 0.0


def match_plans() -> list[str]:
    """Have types taken in that are new or indexed by other fields, forget those that are not any more; their keys.

    What belongs to a disabled plugin stays till it is purged; nobody asks for it.
    """
    known = plans()
    with reading() as connection:
        present = set(inspect(connection).get_table_names())
        if _states.name not in present:
            return []
        states = dict(connection.execute(select(_states.c.record_key, _states.c.fingerprint)).all())
    known = {key: plan for key, plan in known.items() if key.replace(".", "_") in present}
    fresh = [key for key, plan in known.items() if states.get(key) != plan.fingerprint]
    gone = sorted(key for key in states.keys() - known.keys() if key in registry().types)
    if fresh or gone:
        with _writing() as connection:
            for key in (*gone, *fresh):
                for table in (_waits, _states, *((_entries,) if key in gone else ())):
                    connection.execute(delete(table).where(table.c.record_key == key))
            for key in fresh:
                _wait_for_all(connection, known[key])
                connection.execute(insert(_states).values(record_key=key, fingerprint=known[key].fingerprint))
    return fresh


def _wait_for_all(connection: Connection, plan: Plan) -> None:
    table = registry().types[plan.key].model.__table__
    first, last = connection.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
    if first is not None:
        wait(connection, plan.key, [first])
        row = select(func.max(_waits.c.id)).scalar_subquery()
        connection.execute(update(_waits).where(_waits.c.id == row).values(last_id=last))


def look() -> None:
    """For the scheduler: have what waits taken in."""
    global _next
    if time.monotonic() < _next:
        return
    _next = time.monotonic() + EVERY
    match_plans()
    with reading() as connection:
        waits = connection.execute(select(_waits.c.id).limit(1)).first()
    if waits is not None:
        with _writing() as connection:
            insert_run(connection, CATCH_UP, {}, CATCH_UP, None)


def catch_up() -> dict[str, Any]:
    """Take in all that waits, a thousand records in each transaction; how many entries were written."""
    written = 0
    while (found := _first()) is not None:
        plan = plans().get(found.record_key)
        if plan is not None:
            for ids in _ids(plan, found.first_id, found.last_id):
                written += _step(plan, ids)
                report_progress(written)
        with _writing() as connection:
            connection.execute(delete(_waits).where(_waits.c.id == found.id))
    return {"written": written}


def _first() -> Any:
    with reading() as connection:
        return connection.execute(select(_waits).order_by(_waits.c.id).limit(1)).first()


def _ids(plan: Plan, first: int, last: int) -> Iterator[list[int]]:
    column = registry().types[plan.key].model.__table__.c.id
    while True:
        with reading() as connection:
            chosen = select(column).where(column.between(first, last)).order_by(column).limit(STEP)
            ids = list(connection.execute(chosen).scalars())
        if not ids:
            return
        yield ids
        first = ids[-1] + 1


def _step(plan: Plan, ids: list[int]) -> int:
    with _writing() as connection:
        return taking.take(connection, registry().types[plan.key], plan, ids)


@contextlib.contextmanager
def _writing() -> Iterator[Connection]:
    """A transaction of its own that writes, whatever the request or job around it does."""
    token = write_intent.set(True)
    try:
        with db.engine.begin() as connection:
            yield connection
    finally:
        write_intent.reset(token)


def rebuild(say: Callable[[str, int, int], None] = lambda key, done, total: None) -> dict[str, int]:
    """Compare every record with its entry and write what differs; forget entries of nothing. Written entries by type.

    `say(key, done, total)` hears of each thousand.
    """
    match_plans()
    written: dict[str, int] = {}
    for key, plan in plans().items():
        table = registry().types[key].model.__table__
        with reading() as connection:
            total, last = connection.execute(select(func.count(), func.max(table.c.id)).select_from(table)).one()
        done = written[key] = 0
        for ids in _ids(plan, 0, last or 0):
            written[key] += _step(plan, ids)
            done += len(ids)
            say(key, done, total)
            report_progress(done, total, key)
        written[key] += _forget_strays(plan)
        with _writing() as connection:
            connection.execute(delete(_waits).where(_waits.c.record_key == key, _waits.c.last_id <= (last or 0)))
    _tidy()
    return written


def _forget_strays(plan: Plan) -> int:
    """Entries whose record is gone, or of a type that nobody searches any more."""
    ids = select(registry().types[plan.key].model.__table__.c.id)
    with _writing() as connection:
        own = _entries.c.id.between(plan.base, plan.base + ROOM - 1)
        return connection.execute(delete(_entries).where(own, _entries.c.record_id.not_in(ids))).rowcount


def _tidy() -> None:
    """The inverted lists as one; PostgreSQL does it with its vacuum."""
    if db.engine.dialect.name == "sqlite":
        with _writing() as connection:
            connection.execute(text("INSERT INTO core_search_fts(core_search_fts) VALUES ('optimize')"))


def faults() -> Iterator[str]:
    """What is not as it should be, for the doctor: per type, entries that are missing or too many."""
    with reading() as connection:
        states = dict(connection.execute(select(_states.c.record_key, _states.c.fingerprint)).all())
        counts = select(_entries.c.record_key, func.count()).group_by(_entries.c.record_key)
        held = dict(connection.execute(counts).all())
        waits = {row[0] for row in connection.execute(select(_waits.c.record_key).distinct())}
        for key, plan in plans().items():
            table = registry().types[key].model.__table__
            count = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if states.get(key) != plan.fingerprint:
                yield f"{key} is indexed by other fields than those of today"
            elif key not in waits and count != held.get(key, 0):
                yield f"{key} has {count} records and {held.get(key, 0)} entries"
