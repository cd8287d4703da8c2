"""Messages from others' servers: signature, age, and each id once. For plugins that offer an address of their own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.webhooks.model import SeenWebhook
from core.webhooks.signing import check

KEPT = timedelta(days=3)
"""How long ids are remembered; much longer than a signature holds."""


@dataclass(frozen=True)
class Incoming:
    """A message that is genuine. `repeated`: its id was taken before; answer with success, and do nothing."""

    id: str
    repeated: bool


def verify_webhook(source: str, headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> Incoming:
    """Check a message of `source` (a name of your own for the sender) by Standard Webhooks.

    `body` is the raw body, `secrets` the keys that hold now: two while one replaces the other. The id is kept in the
    present transaction: when that fails, the sender's next try counts as the first. Raises `BadSignature` (401).
    """
    ident = check(headers, body, secrets, time.time())
    session = db.session()
    connection = session.connection()
    session.info["wrote"] = True
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"source": source, "id": ident, "at": now()}
    keep = dialect.insert(SeenWebhook.__table__).values(row).on_conflict_do_nothing()
    taken = connection.execute(keep.returning(SeenWebhook.__table__.c.id)).first() is not None
    return Incoming(ident, repeated=not taken)


def forget_seen(at: datetime | None = None) -> int:
    """Forget ids whose signatures hold no more; how many."""
    table = SeenWebhook.__table__
    with db.engine.begin() as connection:
        return connection.execute(delete(table).where(table.c.at < (at or now()) - KEPT)).rowcount
