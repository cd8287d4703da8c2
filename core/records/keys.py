"""The keys that stored secrets are encrypted with: the one that the deployment's secret gives, and after a rotation
random ones that it wraps, each with an id. A copy of the database opens none. Values are `core.records.secrets`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
import time
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import String, Text, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.errors import Unavailable
from core.i18n import _
from core.records.base import Base
from core.records.secrets import NONCE
from core.records.types import Id, Instant

FRESH_SECONDS = 5.0
"""How long a process goes on writing with the key that it knows after another one replaced it."""


class SecretKey(Base):
    """A key by its id, wrapped (AES-256-GCM). The newest one that is not retired is written with."""

    __tablename__ = "core_secret_key"

    number: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(12), nullable=False, unique=True)
    wrapped: Mapped[str] = mapped_column(Text, nullable=False)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


_table = SecretKey.__table__
_lock = threading.Lock()


class Keyring:
    """The keys of one deployment as this process knows them."""

    def __init__(self) -> None:
        self.boxes: dict[str, AESGCM] = {}
        self.current = ""
        self.until = 0.0

    def present(self) -> tuple[str, AESGCM]:
        """The key to write with, and its id."""
        if self.until < time.monotonic():
            self.read()
        return self.current, self.boxes[self.current]

    def of(self, ident: str) -> AESGCM:
        """The key of this id, read anew when it is unknown; raises `Unavailable`."""
        if ident not in self.boxes:
            self.read()
        if ident not in self.boxes:
            raise Unavailable(
                _("Stored secrets cannot be read: the deployment's secret was changed. Restore it, or enter them anew.")
            )
        return self.boxes[ident]

    def read(self) -> None:
        """Take over what the table holds, on a connection of its own."""
        from core.db import reading

        with _lock, reading() as connection:
            rows = connection.execute(select(_table.c.id, _table.c.wrapped).order_by(_table.c.number)).all()
            opened = dict(reversed([own_key(secret) for secret in known_secrets()]))
            opened |= {row.id: key for row in rows if (key := unwrap(row.wrapped)) is not None}
            self.boxes = {ident: self.boxes.get(ident) or AESGCM(key) for ident, key in opened.items()}
            self.current = next(reversed(opened))
            self.until = time.monotonic() + FRESH_SECONDS


def ring() -> Keyring:
    """The keyring of this app."""
    return current_app.extensions.setdefault("zhian.keys", Keyring())


def make_key() -> str:
    """A new key, written with from now on here, in other processes within `FRESH_SECONDS`; its id."""
    from core.db import db

    ident, key = secrets.token_hex(4), AESGCM.generate_key(256)
    with db.engine.begin() as connection:
        connection.execute(insert(_table).values(id=ident, wrapped=wrap(key), created_at=now()))
    ring().until = 0.0
    return ident


def wrap(key: bytes) -> str:
    """A key as the table holds it, under the present secret."""
    nonce = os.urandom(NONCE)
    box = AESGCM(_outer(current_app.config["SECRET_KEY"]))
    return base64.b64encode(nonce + box.encrypt(nonce, key, b"zhian key")).decode()


def unwrap(wrapped: str) -> bytes | None:
    """The key, if the present secret or a former one opens it."""
    raw = base64.b64decode(wrapped)
    for secret in known_secrets():
        try:
            return AESGCM(_outer(secret)).decrypt(raw[:NONCE], raw[NONCE:], b"zhian key")
        except InvalidTag:
            continue
    return None


def wrap_anew() -> int:
    """Wrap every key under the present secret, after it was changed; how many could be opened."""
    from core.db import db

    done = 0
    with db.engine.begin() as connection:
        for row in connection.execute(select(_table)).all():
            if (key := unwrap(row.wrapped)) is not None:
                connection.execute(update(_table).where(_table.c.id == row.id).values(wrapped=wrap(key)))
                done += 1
    return done


def known_secrets() -> tuple[str, ...]:
    """The deployment's secret and its former ones."""
    settings: Any = current_app.config["ZHIAN"]
    return (current_app.config["SECRET_KEY"], *settings.old_secrets)


def own_key(secret: str) -> tuple[str, bytes]:
    """The id and the key that a deployment's secret itself gives."""
    key = _outer(secret)
    return "s" + hashlib.sha256(b"name of " + key).hexdigest()[:8], key


@cache
def _outer(secret: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), b"zhian key encryption", 100_000)
