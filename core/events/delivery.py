"""Delivering events: claim, run the subscriber, mark done in its own transaction, retry with growing pauses."""

from __future__ import annotations

import logging
import time
import traceback
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select, update

from core.clock import now
from core.db import db, reading, system
from core.events.model import Delivery, OutboxEvent
from core.hooks.limits import memory, seconds
from core.jobs.claims import LEASE, holder, lost, renewing
from core.jobs.kick import LOOK, kick_after_commit
from core.records.audit import note_action
from core.registry import Subscriber, registry

log = logging.getLogger("zhian.events")

PAUSES = (10, 30, 120, 600, 1800, 3600, 10800)
"""Seconds before each retry; after the last one the delivery is a dead letter."""

_table = Delivery.__table__
_outbox = OutboxEvent.__table__


class LostClaim(Exception):
    """Another process took the delivery meanwhile; what this one did is rolled back."""


def deliver_pending(seconds: float = 120.0) -> int:
    """Run due deliveries one after the other for at most `seconds`; how many were tried."""
    end = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < end and (claimed := _claim()):
        _deliver(claimed)
        tried += 1
    return tried


def _claim() -> Any:
    """The next due delivery, now ours, with its event; None when there is none."""
    chosen = (
        select(_table.c.id)
        .where(_table.c.state == "new", _table.c.next_at <= now())
        .order_by(_table.c.next_at, _table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claim = (
        update(_table)
        .where(_table.c.id == chosen)
        .values(state="running", attempts=_table.c.attempts + 1, holder=holder(), lease_until=now() + LEASE)
        .returning(_table.c.id, _table.c.outbox_id, _table.c.subscriber, _table.c.attempts)
    )
    if not any_due():
        return None
    with db.engine.begin() as connection:
        row = connection.execute(claim).first()
        if row is None:
            return None
        happened = connection.execute(select(_outbox).where(_outbox.c.id == row.outbox_id)).one()
    return row, happened


def any_due() -> bool:
    """A look without the write lock."""
    due = select(_table.c.id).where(_table.c.state == "new", _table.c.next_at <= now()).limit(1)
    with reading() as connection:
        return connection.execute(due).first() is not None


def _deliver(claimed: Any) -> None:
    row, happened = claimed
    try:
        subscriber = _subscriber(happened.event, row.subscriber)
        with renewing(_table, row.id), system(f"event {happened.event} for {row.subscriber}") as session:
            with seconds(subscriber.timeout), memory(current_app.config["ZHIAN"].process_memory_mb):
                subscriber.fn(happened.payload, f"{happened.id}/{row.subscriber}")
            done = update(_table).where(_table.c.id == row.id, _table.c.state == "running", _table.c.holder == holder())
            done = done.values(state="done", done_at=now(), holder=None, lease_until=None, last_error=None)
            if session.connection().execute(done).rowcount != 1:
                raise LostClaim(row.id)
    except LostClaim:
        log.warning("delivery %s was taken over by another process", row.id)
    except Exception as fault:
        log.exception("delivery %s of %s to %s failed", row.id, happened.event, row.subscriber)
        _failed(row, "".join(traceback.format_exception_only(fault)).strip())


def _subscriber(event: str, name: str) -> Subscriber:
    for subscriber in registry().events.get(event, ()):
        if subscriber.name == name:
            return subscriber
    raise LookupError(f"nobody answers to {name} for {event}: its plugin is disabled or has renamed it")


def _failed(row: Any, error: str) -> None:
    dead = row.attempts > len(PAUSES)
    pause = timedelta(seconds=0 if dead else PAUSES[row.attempts - 1])
    mark = update(_table).where(_table.c.id == row.id, _table.c.state == "running", _table.c.holder == holder())
    mark = mark.values(
        state="dead" if dead else "new", next_at=now() + pause, last_error=error[:4000], holder=None, lease_until=None
    )
    with db.engine.begin() as connection:
        connection.execute(mark)


def recover() -> int:
    """Free what processes that are gone had claimed; how many rows."""
    running = select(_table.c.id, _table.c.holder, _table.c.lease_until, _table.c.attempts)
    with reading() as connection:
        rows = connection.execute(running.where(_table.c.state == "running")).all()
    freed = 0
    for row in rows:
        if lost(row.holder, row.lease_until):
            state = "dead" if row.attempts > len(PAUSES) else "new"
            mark = update(_table).where(
                _table.c.id == row.id, _table.c.state == "running", _table.c.holder == row.holder
            )
            with db.engine.begin() as connection:
                values = {
                    "state": state,
                    "next_at": now(),
                    "holder": None,
                    "last_error": "its process ended in the middle",
                }
                freed += connection.execute(mark.values(**values)).rowcount
    return freed


def pending() -> tuple[int, float, int]:
    """How many deliveries are open, how many seconds the most overdue one waits, and how many are dead."""
    with reading() as connection:
        open_states = _table.c.state.in_(("new", "running"))
        count, oldest = connection.execute(select(func.count(), func.min(_table.c.next_at)).where(open_states)).one()
        dead = connection.scalar(select(func.count()).where(_table.c.state == "dead"))
    waits = max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0
    return count, waits, dead or 0


def undelivered(state: str = "dead", limit: int = 200) -> list[dict[str, Any]]:
    """Deliveries in `state`, newest first, with their event and last error: what an administrator looks at."""
    columns = (
        _table.c.id,
        _outbox.c.event,
        _table.c.subscriber,
        _table.c.attempts,
        _table.c.next_at,
        _table.c.last_error,
    )
    query = select(*columns, _outbox.c.payload, _outbox.c.created_at).join(_outbox, _outbox.c.id == _table.c.outbox_id)
    query = query.where(_table.c.state == state).order_by(_table.c.id.desc()).limit(limit)
    with reading() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def retry(delivery_id: int) -> bool:
    """Give a dead letter a new life, audited; False when it is not dead."""
    session = db.session()
    again = update(_table).where(_table.c.id == delivery_id, _table.c.state == "dead")
    if session.connection().execute(again.values(state="new", attempts=0, next_at=now())).rowcount != 1:
        return False
    note_action(session, "retry_delivery", None, reason=f"delivery {delivery_id}")
    kick_after_commit(session, LOOK)
    return True
