"""Writing into the outbox, in the transaction of the caller."""

from __future__ import annotations

import secrets
import time
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.events.model import Delivery, OutboxEvent
from core.jobs.kick import LOOK, kick_after_commit
from core.permissions.principal import current_principal
from core.registry import registry


def emit(event: str, payload: dict[str, Any], key: str | None = None) -> None:
    """Tell the subscribers of `event` after this transaction commits; a second one with the same `key` is ignored."""
    subscribers = [s.name for s in registry().events.get(event, ())]
    if subscribers:
        put(db.session(), event, [payload], subscribers, key=key)


def put(
    session: Any, event: str, payloads: list[dict[str, Any]], subscribers: list[str], key: str | None = None
) -> None:
    """Write the events and one delivery per subscriber with the session's own connection."""
    at, actor = now(), current_principal().user_id
    rows = [
        {"id": _new_id(), "event": event, "payload": payload, "key": key, "actor_id": actor, "created_at": at}
        for payload in payloads
    ]
    connection = session.connection()
    if key is not None:
        rows = [row for row in rows if _inserted(connection, row)]
    elif rows:
        connection.execute(insert(OutboxEvent.__table__), rows)
    deliveries = [
        {"outbox_id": row["id"], "subscriber": name, "state": "new", "attempts": 0, "next_at": at}
        for row in rows
        for name in subscribers
    ]
    if deliveries:
        connection.execute(insert(Delivery.__table__), deliveries)
        kick_after_commit(session, LOOK)


def _inserted(connection: Any, row: dict[str, Any]) -> bool:
    """Whether the row was new by its key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(OutboxEvent.__table__).values(row).on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(statement.returning(OutboxEvent.__table__.c.id)).first() is not None


def _new_id() -> str:
    """Unique without asking the database, and in order of time."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"
