"""Signatures of webhooks as the Standard Webhooks specification has them (standardwebhooks.com): HMAC-SHA-256 over
id, timestamp and body. No database in here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping

from core.errors import ZhianError
from core.i18n import _

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
WINDOW = 300
"""Seconds by which a message may be older or newer than our clock."""
LONGEST_ID = 200


class BadSignature(ZhianError):
    """A message that did not come from where it says, or not now (401)."""

    code, status = "signature", 401
    message = _("The signature of this message does not fit.")


def new_secret() -> str:
    """A fresh key of 32 random bytes, in the form that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a key; a text that is not in the usual form is taken as it is."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode()


def sign(secret: str, ident: str, timestamp: int, body: bytes) -> str:
    """One signature, `v1,<base64>`."""
    told = b".".join((ident.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), told, hashlib.sha256)).decode()


def signed_headers(keys: Iterable[str], ident: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; with several keys, as in days of rotation, one signature of each."""
    signatures = " ".join(sign(key, ident, timestamp, body) for key in keys)
    return {ID: ident, TIMESTAMP: str(timestamp), SIGNATURE: signatures}


def check(headers: Mapping[str, str], body: bytes, keys: Iterable[str], at: float) -> str:
    """The id of a message that is signed with one of the keys and no more than five minutes off `at` (epoch seconds).

    Raises `BadSignature` that says what is wrong, but never what would have been right.
    """
    ident, stamp, given = (headers.get(name) or "" for name in (ID, TIMESTAMP, SIGNATURE))
    if not ident or len(ident) > LONGEST_ID or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise BadSignature(_("Send webhook-id, webhook-timestamp and webhook-signature."), code="headers")
    signatures = [part.encode() for part in given.split(" ")[:8]]
    expected = [sign(key, ident, int(stamp), body).encode() for key in keys if key]
    if not any(hmac.compare_digest(one, other) for one in expected for other in signatures):
        raise BadSignature()
    if abs(at - int(stamp)) > WINDOW:
        raise BadSignature(_("This message is more than five minutes old."), code="stale")
    return ident
