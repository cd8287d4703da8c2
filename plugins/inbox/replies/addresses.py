"""`reply+<record>-<id>-<mac>@domain`: an address that names one record, and that nobody can make up. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

MAC = 10
"""Bytes: 16 characters that no case is lost in; the whole local part stays under the 64 of RFC 5321."""
TOKEN = re.compile(r"\+([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)-(\d{1,12})-([a-z2-7]{16})@", re.IGNORECASE)


def _mac(secret: bytes, record_key: str, record_id: int) -> str:
    made = hmac.new(secret, f"inbox reply {record_key} {record_id}".encode(), hashlib.sha256).digest()
    return base64.b32encode(made[:MAC]).decode().lower()


def address_of(secret: bytes, mailbox: str, record_key: str, record_id: int) -> str:
    """The address for answers about a record, out of the mailbox `reply@example.com`."""
    local, _at, domain = mailbox.partition("@")
    return f"{local}+{record_key}-{record_id}-{_mac(secret, record_key, record_id)}@{domain}"


def record_of(secret: bytes, addresses: list[str]) -> tuple[str, int] | None:
    """The record that one of the addresses names with a signature of ours; None when there is none."""
    for address in addresses:
        for key, ident, mac in TOKEN.findall(address):
            good = _mac(secret, key.lower(), int(ident))
            if hmac.compare_digest(good.encode(), mac.lower().encode()):
                return key.lower(), int(ident)
    return None
