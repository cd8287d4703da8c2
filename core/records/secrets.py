"""Secrets in the database, encrypted with a key made from the deployment's own secret: a copy tells nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import Text
from sqlalchemy.types import TypeDecorator

from core.errors import Unavailable
from core.i18n import _


class EncryptedText(TypeDecorator[str]):
    """Clear text in Python, Fernet (AES-128-CBC with HMAC-SHA256) in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """To the database."""
        return None if value is None else _box().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """From the database; raises `Unavailable` when the deployment's secret is not the one it was written with."""
        if value is None:
            return None
        from cryptography.fernet import InvalidToken  # takes its time, and most processes open no secret

        try:
            return _box().decrypt(value.encode()).decode()
        except InvalidToken:
            raise Unavailable(
                _("Stored secrets cannot be read: the deployment's secret was changed. Restore it, or enter them anew.")
            ) from None


def _box() -> Any:
    return _fernet(current_app.config["SECRET_KEY"])


@cache
def _fernet(secret: str) -> Any:
    from cryptography.fernet import Fernet

    key = hashlib.pbkdf2_hmac("sha256", secret.encode(), b"zhian stored secrets", 100_000)
    return Fernet(base64.urlsafe_b64encode(key))
