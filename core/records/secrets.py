"""Secrets in the database: AES-256-GCM under a key with an id (`core.records.keys`). A copy of the database tells
nothing, and keys change while everybody reads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

from core.errors import Unavailable
from core.i18n import _

NONCE = 12
MARK = "z1"
"""Values are `z1.<key id>.<base64 of nonce, cipher text and tag>`."""
LOST = _("Stored secrets cannot be read: the deployment's secret was changed. Restore it, or enter them anew.")


class EncryptedText(TypeDecorator[str]):
    """Clear text in Python, AES-256-GCM in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """To the database."""
        return None if value is None else encrypt(value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """From the database; raises `Unavailable` when the deployment's secret is not the one it was written with."""
        return None if value is None else decrypt(value)


def encrypt(text: str) -> str:
    """A text as the database holds it, under the present key."""
    ident, box = _ring().present()
    nonce = os.urandom(NONCE)
    sealed = nonce + box.encrypt(nonce, text.encode(), ident.encode())
    return f"{MARK}.{ident}.{base64.b64encode(sealed).decode()}"


def decrypt(stored: str) -> str:
    """The clear text, whichever key it is under; raises `Unavailable`."""
    mark, _dot, rest = stored.partition(".")
    if mark != MARK:
        return _old(stored)
    ident, _dot, sealed = rest.partition(".")
    try:
        raw = base64.b64decode(sealed, validate=True)
        return _ring().of(ident).decrypt(raw[:NONCE], raw[NONCE:], ident.encode()).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise Unavailable(LOST) from None


def key_id(stored: str) -> str:
    """The id of the key that a stored value is under; empty for values from before keys had ids."""
    parts = stored.split(".", 2)
    return parts[1] if parts[0] == MARK and len(parts) == 3 else ""


def _ring() -> Any:
    """Fields need this module before there are tables, and the keyring has one."""
    from core.records.keys import ring

    return ring()


def _old(stored: str) -> str:
    """What was written before keys had ids: Fernet, under the deployment's secret."""
    from core.records.keys import known_secrets

    for secret in known_secrets():
        try:
            return _fernet(secret).decrypt(stored.encode()).decode()
        except InvalidToken:
            continue
    raise Unavailable(LOST)


@cache
def _fernet(secret: str) -> Fernet:
    key = hashlib.pbkdf2_hmac("sha256", secret.encode(), b"zhian stored secrets", 100_000)
    return Fernet(base64.urlsafe_b64encode(key))
