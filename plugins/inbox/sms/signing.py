"""The signatures of Alibaba Cloud (ACS3-HMAC-SHA256) and Tencent Cloud (TC3-HMAC-SHA256). Pure: no clock, no network.

Sources: help.aliyun.com, "V3 request structure and signature"; cloud.tencent.com, "Signature v3". Tests hold both
against the examples published there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ACS3, TC3 = "ACS3-HMAC-SHA256", "TC3-HMAC-SHA256"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical(method: str, query: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The canonical request of `/` and the names of its signed headers."""
    signed = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join((method, "/", query, lines, signed, _digest(body))), signed


def query_text(params: Mapping[str, str]) -> str:
    """Parameters as RFC 3986 wants them: sorted by name, everything but letters, digits and -_.~ in per cents."""
    return "&".join(f"{quote(k, safe='~')}={quote(params[k], safe='~')}" for k in sorted(params))


def acs3_headers(
    host: str, action: str, version: str, params: Mapping[str, str], key: tuple[str, str], at: datetime, nonce: str
) -> dict[str, str]:
    """Headers of a signed RPC call of Alibaba Cloud: POST to `/` with all parameters in the query and no body."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _digest(b""),
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    request, signed = _canonical("POST", query_text(params), headers, b"")
    signature = _mac(key[1].encode(), f"{ACS3}\n{_digest(request.encode())}").hex()
    return headers | {"Authorization": f"{ACS3} Credential={key[0]},SignedHeaders={signed},Signature={signature}"}


def tc3_authorization(headers: Mapping[str, str], body: bytes, service: str, key: tuple[str, str], at: datetime) -> str:
    """The Authorization of a call of Tencent Cloud: POST of JSON to `/`. `headers` are those to be signed, by their
    names in small letters and with their values as they are to be signed."""
    day, stamp = at.astimezone(UTC).strftime("%Y-%m-%d"), int(at.timestamp())
    request, signed = _canonical("POST", "", headers, body)
    scope = f"{day}/{service}/tc3_request"
    derived = _mac(_mac(_mac(f"TC3{key[1]}".encode(), day), service), "tc3_request")
    signature = _mac(derived, f"{TC3}\n{stamp}\n{scope}\n{_digest(request.encode())}").hex()
    return f"{TC3} Credential={key[0]}/{scope}, SignedHeaders={signed}, Signature={signature}"
