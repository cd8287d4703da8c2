"""Signatures of K3Cloud requests as the vendor's SDK 8.2.0 makes them, and of the older session login. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from urllib.parse import quote

LCID = 2052
"""Simplified Chinese."""
_KEY_STREAM = b"0054f397c6234378b09ca7d3e5debce7"
"""What the vendor's SDK joins with the second part of an application id to get the client secret."""


def text_hmac(key: str, message: str) -> str:
    """Base64 of the lower-case hex text of HMAC-SHA256: of the text, not of the raw digest."""
    digest = hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def client_part(app_id: str) -> tuple[str, str]:
    """Client id and derived client secret of an application id `<client>_<32 characters>`; raises `ValueError`."""
    client, _mark, rest = app_id.partition("_")
    if not client or len(rest) != 32 or "_" in rest:
        raise ValueError("app_id")
    try:
        raw = base64.b64decode(rest, validate=True)
    except binascii.Error:
        raise ValueError("app_id") from None
    mixed = bytes(one ^ other for one, other in zip(raw, _KEY_STREAM, strict=False))
    return client, base64.b64encode(mixed).decode()


def string_to_sign(path: str, timestamp: str, nonce: str) -> str:
    """What `X-Api-Signature` covers: method, percent-encoded path with `/` as `%2F`, no query, nonce and time."""
    encoded = quote(path, safe="")
    return f"POST\n{encoded}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"


def signed_headers(
    path: str,
    *,
    account_set: str,
    user: str,
    app_id: str,
    app_secret: str,
    timestamp: str,
    nonce: str,
    org: str = "0",
    lcid: int = LCID,
    client_secret: str = "",
) -> dict[str, str]:
    """Headers of one signed POST to `path`. `timestamp`: Unix seconds. `client_secret` replaces the derived one.

    The body is not covered: only TLS protects the amounts.
    """
    client, derived = client_part(app_id)
    data = f"{account_set},{user},{lcid},{org or '0'}"
    return {
        "X-Api-ClientID": client,
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": timestamp,
        "x-api-nonce": nonce,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": text_hmac(client_secret or derived, string_to_sign(path, timestamp, nonce)),
        "X-Kd-Appkey": app_id,
        "X-Kd-Appdata": base64.b64encode(data.encode()).decode(),
        "X-Kd-Signature": text_hmac(app_secret, app_id + data),
        "Accept-Charset": "utf-8",
        "Content-Type": "application/json",
    }


def login_sign(account_set: str, user: str, app_id: str, app_secret: str, timestamp: str) -> str:
    """The sign of `LoginBySign`: SHA-256 of the five strings in ordinal order, joined without a separator."""
    parts = sorted((account_set, user, app_id, app_secret, timestamp))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def login_parameters(account_set: str, user: str, app_id: str, app_secret: str, timestamp: int) -> list[str | int]:
    """The positional parameters of `LoginBySign`; `timestamp` in Unix seconds."""
    sign = login_sign(account_set, user, app_id, app_secret, str(timestamp))
    return [account_set, user, app_id, timestamp, sign, LCID]
