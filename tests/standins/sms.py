"""Stand-ins of Alibaba's and Tencent's SMS: judge each signature anew, keep what was sent, misbehave on order.

Written from the vendors' pages, apart from the code of the product that they judge.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, jsonify, request

NAME, PORT, TITLE = "sms", 8394, "SMS: Alibaba Cloud (/), Tencent Cloud (/)"
KEY_ID, SECRET = "LTAI-standin", "standin-secret-of-the-tests"


@dataclass
class Standin:
    """What was sent, and the code that the next calls get instead of success; `silent` closes without an answer."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    refuse: str = ""
    silent: bool = False
    nonces: set[str] = field(default_factory=set)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signed(header: str, separator: str) -> dict[str, str]:
    parts = header.partition(" ")[2].split(separator)
    return dict(part.strip().partition("=")[::2] for part in parts)


def _canonical(names: list[str], values: dict[str, str], query: str, body: bytes) -> str:
    lines = "".join(f"{name}:{values[name]}\n" for name in names)
    return f"POST\n/\n{query}\n{lines}\n{';'.join(names)}\n{_hash(body)}"


def aliyun_is_right(nonces: set[str]) -> str:
    """An error code of the vendor, or an empty text."""
    given = _signed(request.headers["Authorization"], ",")
    names = given["SignedHeaders"].split(";")
    wanted = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
    if not wanted <= set(names) or request.headers["x-acs-content-sha256"] != _hash(request.get_data()):
        return "SignatureDoesNotMatch"
    pairs = sorted(request.args.items())
    query = "&".join(f"{quote(k, safe='~-_.')}={quote(v, safe='~-_.')}" for k, v in pairs)
    text = _canonical(names, {n: request.headers[n].strip() for n in names}, query, request.get_data())
    signature = hmac.new(SECRET.encode(), f"ACS3-HMAC-SHA256\n{_hash(text.encode())}".encode(), hashlib.sha256)
    if given["Credential"] != KEY_ID or given["Signature"] != signature.hexdigest():
        return "SignatureDoesNotMatch"
    age = datetime.now(UTC) - datetime.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    nonce = request.headers["x-acs-signature-nonce"]
    if nonce in nonces or abs(age.total_seconds()) > 900:
        return "SignatureNonceUsed"
    nonces.add(nonce)
    return ""


def tencent_is_right() -> str:
    """An error code of the vendor, or an empty text."""
    given = _signed(request.headers["Authorization"], ", ")
    names, stamp = given["SignedHeaders"].split(";"), request.headers["X-TC-Timestamp"]
    if abs(time.time() - int(stamp)) > 300:
        return "AuthFailure.SignatureExpire"
    values = {n: request.headers[n].strip() for n in names}
    if "x-tc-action" in values:
        values["x-tc-action"] = values["x-tc-action"].lower()
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    text = _canonical(names, values, "", request.get_data())
    key = _mac(_mac(_mac(f"TC3{SECRET}".encode(), day), "sms"), "tc3_request")
    scope = f"{day}/sms/tc3_request"
    right = _mac(key, f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{_hash(text.encode())}").hex()
    fits = given["Credential"] == f"{KEY_ID}/{scope}" and given["Signature"] == right
    return "" if fits else "AuthFailure.SignatureFailure"


def create() -> Flask:
    """Both vendors behind one address; the header of the action tells them apart."""
    app = Flask("standin-sms")
    app.standin = Standin()  # type: ignore[attr-defined]

    @app.post("/")
    def call() -> Any:
        state: Standin = app.standin  # type: ignore[attr-defined]
        if state.silent:
            request.environ["werkzeug.socket"].close()
            raise ConnectionAbortedError("ordered")
        return _aliyun(state) if "x-acs-action" in request.headers else _tencent(state)

    return app


def _aliyun(state: Standin) -> Response:
    code = aliyun_is_right(state.nonces) or state.refuse
    if code:
        return jsonify({"Code": code, "Message": f"refused for {request.args['PhoneNumbers']}"})
    state.sent.append({"vendor": "aliyun", **request.args, "TemplateParam": json.loads(request.args["TemplateParam"])})
    return jsonify({"Code": "OK", "Message": "OK", "BizId": f"biz-{len(state.sent)}"})


def _tencent(state: Standin) -> Response:
    if code := tencent_is_right():
        return jsonify({"Response": {"Error": {"Code": code, "Message": "signature"}}})
    given = request.get_json()
    if state.refuse:
        status = {"Code": state.refuse, "Message": "refused", "PhoneNumber": given["PhoneNumberSet"][0]}
        return jsonify({"Response": {"SendStatusSet": [status]}})
    state.sent.append({"vendor": "tencent", **given})
    status = {"Code": "Ok", "SerialNo": f"serial-{len(state.sent)}"}
    return jsonify({"Response": {"SendStatusSet": [status], "RequestId": "1"}})
