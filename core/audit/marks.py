"""Marks of audit rows: each row carries a MAC of its content, made by whoever wrote it with a key that no database
holds. Pure computing; the chain over the rows is `core.audit.chain`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from flask import current_app

COLUMNS = (
    "at", "actor_id", "actor", "via", "ip", "request_id", "key_id",
    "action", "record_key", "record_id", "title", "changes", "reason",
)  # fmt: skip
"""What a mark covers, in its order: everything but the id, which the chain binds."""
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_ODD = re.compile(rb"\de\+?\d|-0\.0")
"""Where a number may stand that the databases give back in another form."""
NONCE = 8
"""Hexadecimal digits that make the marks of two like rows differ, so that a copy of a row shows."""
DIGITS = 32
"""Hexadecimal digits of the MAC behind them: 128 bits."""


@cache
def key_of(secret: str) -> tuple[str, bytes]:
    """The name of the audit key that a deployment's secret gives, and the key."""
    key = hmac.digest(secret.encode(), b"zhian audit log", hashlib.sha256)
    return hashlib.sha256(b"name of " + key).hexdigest()[:8], key


def keyring() -> dict[str, bytes]:
    """The keys of this deployment by name, the present one first, then those of its former secrets."""
    settings = current_app.config["ZHIAN"]
    return dict(key_of(secret) for secret in (current_app.config["SECRET_KEY"], *settings.old_secrets))


def plain_time(at: datetime) -> str:
    """An instant as marks have it: UTC, to the microsecond."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def content(values: Sequence[Any]) -> bytes:
    """The canonical form of a row: its values in the order of `COLUMNS`, the instant as text."""
    plain = orjson.dumps(values, option=_SORTED)
    return orjson.dumps(_steady(list(values)), option=_SORTED) if _ODD.search(plain) else plain


def _steady(value: Any) -> Any:
    """Numbers as both databases give them back: PostgreSQL writes large ones out and knows no negative zero."""
    if isinstance(value, float):
        return int(value) if 1e16 <= abs(value) < 2**63 else value or 0.0
    if isinstance(value, dict):
        return {name: _steady(one) for name, one in value.items()}
    return [_steady(one) for one in value] if isinstance(value, (list, tuple)) else value


def mac_of(key: bytes, nonce: str, values: Sequence[Any]) -> bytes:
    """The whole MAC of a row's content."""
    return hmac.digest(key, nonce.encode() + content(values), "sha256")


def marked(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows, each with its mark."""
    key = key_of(current_app.config["SECRET_KEY"])[1]
    found = []
    for row in rows:
        nonce = secrets.token_hex(NONCE // 2)
        values = [row.get(name) for name in COLUMNS]
        values[0] = plain_time(row["at"])
        found.append(row | {"mark": nonce + mac_of(key, nonce, values).hex()[:DIGITS]})
    return found


def link(key: bytes, before: bytes, row_id: int, mac: bytes) -> bytes:
    """One link of the chain: HMAC-SHA-256 over the link before, the row's id and the MAC of its content."""
    return hmac.digest(key, before + row_id.to_bytes(8, "big") + mac, "sha256")
