"""`Idempotency-Key`: one effect per person and key, whatever is sent again, in parallel or after a crash.

A short lease is written first, so that a second request sees that the first one still runs. The stored answer is
written in the transaction of the effect and only by the holder of the lease: both are there or neither is, and a
lease that was taken over cannot commit.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Request
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.api.model import MAX_KEY, IdempotentRequest
from core.clock import now
from core.db import db, write_intent
from core.errors import BadRequest, Conflict, Invalid
from core.i18n import _

LEASE = timedelta(seconds=15)
KEPT = timedelta(days=7)
_swept = 0.0


_table = IdempotentRequest.__table__


@dataclass(frozen=True)
class Stored:
    """The answer of the first request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Lease:
    """The right to carry out the request of one key."""

    user_id: int
    key: str
    holder: str

    def _mine(self) -> Any:
        return (_table.c.user_id == self.user_id) & (_table.c.key == self.key) & (_table.c.holder == self.holder)

    def finish(self, connection: Connection, stored: Stored) -> None:
        """Keep the answer in the transaction of the effect; raises `Conflict` when another request took over."""
        values = {"status": stored.status, "headers": stored.headers, "body": stored.body}
        done = connection.execute(update(_table).where(self._mine(), _table.c.status.is_(None)).values(**values))
        if done.rowcount != 1:
            raise still_running()

    def release(self) -> None:
        """Nothing was done: the next request with this key starts afresh."""
        _write(lambda c: c.execute(delete(_table).where(self._mine(), _table.c.status.is_(None))))


def still_running() -> Conflict:
    """The refusal while the first request is under way."""
    return Conflict(_("The first request with this Idempotency-Key is still running. Ask again."), code="still_running")


def fingerprint(request: Request, body: bytes) -> str:
    """Tells requests apart: method, address and body."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(body)
    return digest.hexdigest()


def begin(user_id: int, key: str, mark: str) -> Lease | Stored:
    """Take the lease, or give the stored answer. Raises `Conflict` while it runs, `Invalid` for another request."""
    if not 0 < len(key) <= MAX_KEY or not (key.isprintable() and key.isascii()):
        raise BadRequest(_("Idempotency-Key: 1 to %(n)s printable characters.", n=MAX_KEY), code="idempotency_key")
    found = _judge(_read(user_id, key), mark)
    if isinstance(found, Stored):
        return found
    lease = Lease(user_id, key, secrets.token_hex(16))
    if _write(lambda c: _taken(c, lease, mark)):
        return lease
    found = _judge(_read(user_id, key), mark)
    if isinstance(found, Stored):
        return found
    raise still_running()


def _read(user_id: int, key: str) -> Any:
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return connection.execute(select(_table).where(_table.c.user_id == user_id, _table.c.key == key)).first()
    finally:
        write_intent.reset(token)


def _judge(row: Any, mark: str) -> Stored | None:
    """The stored answer; None when the key is free or its lease ran out."""
    if row is None:
        return None
    if row.fingerprint != mark:
        error = Invalid(message=_("This Idempotency-Key was sent before with another request. Use a new key."))
        error.code = "idempotency_key"
        raise error
    if row.status is not None:
        return Stored(row.status, row.headers or {}, row.body or b"")
    if row.leased_until > now():
        raise still_running()
    return None


def _taken(connection: Connection, lease: Lease, mark: str) -> bool:
    """Insert the lease, or take over one that ran out."""
    at = now()
    _sweep(connection, at)
    values = {"holder": lease.holder, "leased_until": at + LEASE}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(_table).values(
        user_id=lease.user_id, key=lease.key, fingerprint=mark, created_at=at, **values
    )
    fresh = fresh.on_conflict_do_nothing(index_elements=["user_id", "key"]).returning(_table.c.key)
    if connection.execute(fresh).first() is not None:
        return True
    ran_out = (_table.c.status.is_(None)) & (_table.c.leased_until <= at) & (_table.c.fingerprint == mark)
    same = (_table.c.user_id == lease.user_id) & (_table.c.key == lease.key)
    return connection.execute(update(_table).where(same, ran_out).values(**values)).rowcount == 1


def _sweep(connection: Connection, at: datetime) -> None:
    """Once an hour in each process, forget answers that are older than a week."""
    global _swept
    if time.monotonic() - _swept > 3600 or not _swept:
        _swept = time.monotonic()
        connection.execute(delete(_table).where(_table.c.created_at < at - KEPT))


def _write(work: Callable[[Connection], Any]) -> Any:
    """A short transaction of its own."""
    token = write_intent.set(True)
    try:
        with db.engine.begin() as connection:
            return work(connection)
    finally:
        write_intent.reset(token)
