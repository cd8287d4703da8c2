"""The addresses that the platforms call: signature first, stored, answered at once, worked on elsewhere."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections import OrderedDict
from threading import Lock
from typing import Any

from flask import Response, request

from core import Endpoints, public, system
from plugins.im_bridge import receiving
from plugins.im_bridge.accounts import app_of, facts_of
from plugins.im_bridge.codec import BadCallback, Codec, card_signature
from plugins.im_bridge.reading import of_ding_click, of_ding_event, of_wecom, parse_json, parse_xml
from plugins.im_bridge.records import App

LARGEST = 64 * 1024
WINDOW = 300
"""Seconds by which a caller's clock may differ; older messages are repeats."""
PER_MINUTE = 240
"""Calls from one address, in each process."""
AUDITED = 60
"""Refusals a minute that are put on record, in each process; a flood of them tells nothing more."""
SIGNED = "called by the platform itself; each message carries a signature that is checked first"

callbacks = Endpoints("im_bridge_callbacks", "/im/callback")
_seen: OrderedDict[tuple[str, int], int] = OrderedDict()
_lock = Lock()


class Door(Exception):
    """A message that is not let in, with the status of the answer."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


def _counted(place: str) -> int:
    """How often this happened within the present minute, in this process."""
    key = (place, int(time.time() // 60))
    with _lock:
        _seen[key] = _seen.get(key, 0) + 1
        while len(_seen) > 2000:
            _seen.popitem(last=False)
        return _seen[key]


def _body() -> bytes:
    if (request.content_length or 0) > LARGEST:
        raise Door(413, "too large")
    data = request.stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Door(413, "too large")
    return data


def _fresh(timestamp: str, unit: int = 1) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp[:16]) / unit) > WINDOW:
        raise Door(403, "stale timestamp")


def _app(kind: str, corp: str, agent: str) -> App:
    """The app of this address with its secrets, loaded without rules: nobody is signed in here."""
    with system("a platform calls") as session:
        app = app_of(kind, corp, agent) if f"{corp}{agent}".isprintable() else None
        if app is None:
            raise Door(404, "no such app")
        facts_of(app)
        session.expunge(app)
        return app


def _guarded(source: str, kind: str, corp: str, agent: str, take: Any) -> Response:
    """Run `take(app)`; refusals become plain answers without detail, and stand in the audit where an app is known."""
    app = None
    try:
        if _counted(request.remote_addr or "") > PER_MINUTE:
            raise Door(429, "too many calls")
        app = _app(kind, corp, agent)
        return take(app)
    except (Door, BadCallback) as problem:
        reason = problem.reason if isinstance(problem, Door) else f"bad {problem.code}"
        if app is not None and _counted("refused") <= AUDITED:
            receiving.refuse(app.id, source, reason, request.remote_addr or "")
        return Response("", problem.status if isinstance(problem, Door) else 403)


def _query(*names: str) -> list[str]:
    """The named values of the address; of alternatives joined by `|` the first that is there."""
    return [next((v for n in name.split("|") if (v := request.args.get(n, ""))), "") for name in names]


def _kept(app: App, source: str, found: Any) -> None:
    if receiving.keep(app.id, source, found.key, found.event, found.userid, found.content) == "replay":
        raise Door(403, "replay")


@callbacks.route("/wecom/<corp>/<agent>", permission=public(SIGNED))
def wecom_check(corp: str, agent: str) -> Response:
    """The console's check of the address: the decrypted text, bare."""

    def take(app: App) -> Response:
        signature, timestamp, nonce, echo = _query("msg_signature", "timestamp", "nonce", "echostr")
        codec = Codec.of(app.callback_token or "", app.callback_key or "", app.corp_id)
        plain = codec.open(echo, signature, timestamp, nonce)
        _fresh(timestamp)
        return Response(plain, mimetype="text/plain")

    return _guarded("wecom", "wecom", corp, agent, take)


@callbacks.route("/wecom/<corp>/<agent>", methods=("POST",), permission=public(SIGNED), csrf=False)
def wecom_message(corp: str, agent: str) -> Response:
    """A message or click: empty 200 at once, the card is updated afterwards."""

    def take(app: App) -> Response:
        signature, timestamp, nonce = _query("msg_signature", "timestamp", "nonce")
        encrypted = (parse_xml(_body()).findtext("Encrypt") or "").strip()
        codec = Codec.of(app.callback_token or "", app.callback_key or "", app.corp_id)
        plain = codec.open(encrypted, signature, timestamp, nonce)
        _fresh(timestamp)
        _kept(app, "wecom", of_wecom(plain))
        return Response("", 200)

    return _guarded("wecom", "wecom", corp, agent, take)


@callbacks.route("/dingtalk/<corp>/<agent>", methods=("POST",), permission=public(SIGNED), csrf=False)
def dingtalk_event(corp: str, agent: str) -> Response:
    """An event over HTTP: the word success, encrypted and signed."""

    def take(app: App) -> Response:
        signature, timestamp, nonce = _query("signature|msg_signature", "timestamp|timeStamp", "nonce")
        encrypted = str(parse_json(_body()).get("encrypt", ""))
        codec, plain = _opened(app, encrypted, signature, timestamp, nonce)
        _fresh(timestamp, 1000)
        data = parse_json(plain)
        event = str(data.get("EventType", ""))
        if event not in ("check_url", "check_create_suite_url"):
            key = str(data.get("eventId") or f"{timestamp}:{nonce}")
            _kept(app, "ding_event", of_ding_event(event, key, data))
        return _success(codec)

    return _guarded("ding_event", "dingtalk", corp, agent, take)


def _opened(app: App, encrypted: str, signature: str, timestamp: str, nonce: str) -> tuple[Codec, str]:
    """With the app key as owner, or the corp id as the older registered callback has it."""
    codecs = [
        Codec.of(app.callback_token or "", app.callback_key or "", owner)
        for owner in (app.app_key, app.corp_id)
        if owner
    ]
    for codec in codecs:
        try:
            return codec, codec.open(encrypted, signature, timestamp, nonce)
        except BadCallback as problem:
            if problem.code != "receive_id" or codec is codecs[-1]:
                raise
    raise BadCallback("receive_id")


def _success(codec: Codec) -> Response:
    timestamp, nonce = str(int(time.time() * 1000)), secrets.token_hex(6)
    encrypted, signature = codec.seal("success", timestamp, nonce)
    answer = {"msg_signature": signature, "encrypt": encrypted, "timeStamp": timestamp, "nonce": nonce}
    return Response(json.dumps(answer), mimetype="application/json")


@callbacks.route("/dingtalk/<corp>/<agent>/card", methods=("POST",), permission=public(SIGNED), csrf=False)
def dingtalk_card(corp: str, agent: str) -> Response:
    """A click over HTTP. The signature covers the time alone: short window, single use, and the card's own token."""

    def take(app: App) -> Response:
        timestamp = request.headers.get("x-ddpaas-signature-timestamp", "")
        given = request.headers.get("x-ddpaas-signature", "")
        if not app.card_secret:
            raise Door(403, "no card secret is set")
        if not hmac.compare_digest(card_signature(app.card_secret, timestamp).encode(), given.encode()):
            raise BadCallback("signature")
        _fresh(timestamp, 1000)
        data = parse_json(_body())
        if str(data.get("corpId") or app.corp_id) != app.corp_id:
            raise BadCallback("receive_id")
        found = of_ding_click(data, f"{timestamp}:{given}")
        if receiving.keep(app.id, "ding_card", found.key, found.event, found.userid, found.content) != "new":
            raise Door(403, "replay")
        return Response("{}", mimetype="application/json")

    return _guarded("ding_card", "dingtalk", corp, agent, take)
