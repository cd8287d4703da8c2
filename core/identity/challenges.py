"""Questions to one browser that are answered once, within minutes: the handle is its, the data stay here."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert

from core.clock import now
from core.identity.model import Challenge

LIFE = timedelta(minutes=5)
_table = Challenge.__table__


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ask(connection: Any, purpose: str, ground: str, data: dict[str, Any]) -> str:
    """Keep `data` for the browser that holds `ground`; the handle under which it answers."""
    handle = secrets.token_urlsafe(24)
    values = {"handle_hash": _digest(handle), "purpose": purpose, "ground": _digest(ground), "data": data}
    connection.execute(insert(_table).values(values | {"expires_at": now() + LIFE}))
    return handle


def take(connection: Any, purpose: str, ground: str, handle: str) -> dict[str, Any] | None:
    """The data of a question, once; None when it was answered, is too old, or was asked of somebody else."""
    mine = (
        _table.c.handle_hash == _digest(handle),
        _table.c.purpose == purpose,
        _table.c.ground == _digest(ground),
    )
    row = connection.execute(delete(_table).where(*mine).returning(_table.c.data, _table.c.expires_at)).first()
    return row.data if row is not None and row.expires_at > now() else None


def tidy(connection: Any) -> int:
    """Forget questions that nobody answered; how many."""
    return connection.execute(delete(_table).where(_table.c.expires_at < now())).rowcount
