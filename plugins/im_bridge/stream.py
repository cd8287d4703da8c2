"""DingTalk Stream: the vendor's client on a line of our own opening. It stores each message, acks, and does no work."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from datetime import timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import or_, select, update

from core import keep_secret, mask, now, outgoing, system
from plugins.im_bridge import receiving
from plugins.im_bridge.accounts import facts_of
from plugins.im_bridge.reading import CARD_TOPIC, of_ding_click, of_ding_event
from plugins.im_bridge.records import App
from plugins.im_bridge.vendors.calls import AppFacts
from plugins.im_bridge.vendors.dingtalk import NEW

log = logging.getLogger("zhian.im_stream")
LOOK = 5.0
ALIVE = timedelta(minutes=5)
OPEN_PATH = "/v1.0/gateway/connections/open"
MISSING = "dingtalk-stream is not installed: pip install 'zhian[im-dingtalk]'"


def wanted() -> dict[int, AppFacts]:
    """The apps that have a line open, by id."""
    with system("which apps use Stream") as session:
        query = select(App).where(App.kind == "dingtalk", App.active, App.stream, App.archived_at.is_(None))
        apps = session.scalars(query.where(App.app_key.is_not(None), App.secret.is_not(None)))
        return {app.id: facts_of(app) for app in apps}


def serve(app: Flask) -> None:
    """Keep a line for each app until SIGTERM; ends, to be started afresh, when an app was changed."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    parent = os.getppid()
    quiet()
    running: dict[int, AppFacts] = {}
    while not ended.is_set() and os.getppid() == parent:
        with app.app_context():
            found = wanted()
        if any(found.get(ident) != facts for ident, facts in running.items()):
            log.info("an app was changed: starting afresh")
            return
        if found and find_spec("dingtalk_stream") is None:
            with app.app_context():
                _note(list(found), MISSING)
        else:
            for ident in found.keys() - running.keys():
                threading.Thread(target=_line, args=(app, found[ident]), daemon=True, name=f"stream-{ident}").start()
                running[ident] = found[ident]
        ended.wait(LOOK)


def quiet() -> None:
    """The vendor's client names tickets and whole frames at INFO: only warnings pass, and secrets never."""
    for name in ("dingtalk_stream", "dingtalk_stream.client", "dingtalk_stream.handler", "websockets"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.addFilter(_without_secrets)


def _without_secrets(record: logging.LogRecord) -> bool:
    """Masked; that a line could not be opened stands at the app, and is not told every ten seconds."""
    record.msg, record.args = mask(_told(record)), ()
    return record.msg != "open connection failed"


def _told(record: logging.LogRecord) -> str:
    """The message; the vendor's client now and then gives arguments that do not fit its text."""
    try:
        return record.getMessage()
    except TypeError:
        return f"{record.msg} {record.args}"


def _line(app: Flask, facts: AppFacts) -> None:
    client = client_of(app, facts)
    asyncio.run(client.start())


def client_of(app: Flask, facts: AppFacts) -> Any:
    """The vendor's client for one app, with our handlers."""
    import dingtalk_stream as vendor
    from websockets.exceptions import ConnectionClosed

    keep_secret(facts.secret)

    class Client(vendor.DingTalkStreamClient):
        """Opens its line by our own HTTP client: TLS verified, no look for the local address, no ticket in a log."""

        def open_connection(self) -> dict[str, Any] | None:
            return open_line(app, facts)

        async def keepalive(self, ws: Any, ping_interval: int = 60) -> None:
            """Pings, and says here that the line lives."""
            while True:
                await asyncio.sleep(ping_interval)
                try:
                    await ws.ping()
                except ConnectionClosed:
                    return
                await asyncio.to_thread(_seen, app, facts)

    class Clicks(vendor.CallbackHandler):
        """Clicks on cards."""

        async def process(self, message: Any) -> tuple[int, Any]:
            found = of_ding_click(message.data, message.headers.message_id or "")
            stored = await asyncio.to_thread(_store, app, facts, found)
            return (vendor.AckMessage.STATUS_OK, {}) if stored else (vendor.AckMessage.STATUS_SYSTEM_EXCEPTION, {})

    class Events(vendor.EventHandler):
        """Events of the address book and others that were subscribed."""

        async def process(self, event: Any) -> tuple[int, str]:
            head = event.headers
            found = of_ding_event(head.event_type or "", head.event_id or head.message_id or "", event.data)
            stored = await asyncio.to_thread(_store, app, facts, found)
            status = vendor.AckMessage
            return (status.STATUS_OK, "OK") if stored else (status.STATUS_SYSTEM_EXCEPTION, "later")

    quiet()
    client = Client(vendor.Credential(facts.app_key, facts.secret), logger=logging.getLogger("dingtalk_stream.client"))
    client.register_all_event_handler(Events())
    client.register_callback_handler(CARD_TOPIC, Clicks())
    return client


def open_line(app: Flask, facts: AppFacts) -> dict[str, Any] | None:
    """Ask the gateway for an endpoint and a ticket; None, and a note at the app, when there is none."""
    topics = [{"type": "EVENT", "topic": "*"}, {"type": "CALLBACK", "topic": CARD_TOPIC}]
    body = {"clientId": facts.app_key, "clientSecret": facts.secret, "subscriptions": topics, "ua": "zhian"}
    try:
        with outgoing(facts.server or NEW, ca_file=facts.ca_file or None) as client:
            answer = client.post(OPEN_PATH, json=body)
        found = answer.json() if answer.status_code == 200 else {}
        if not _is_safe(found.get("endpoint", "")):
            raise ValueError(f"the gateway answered {answer.status_code}")
    except Exception as problem:
        with app.app_context():
            _note([facts.id], f"Stream: {mask(str(problem))}"[:400])
        return None
    keep_secret(found["ticket"])
    _seen(app, facts)
    return {"endpoint": found["endpoint"], "ticket": found["ticket"]}


def _is_safe(endpoint: str) -> bool:
    """Encrypted, or on this machine."""
    place = urlsplit(endpoint)
    return place.scheme == "wss" or (place.scheme == "ws" and place.hostname in ("127.0.0.1", "localhost", "::1"))


def _store(app: Flask, facts: AppFacts, found: Any) -> bool:
    """Whether the message is kept; if not it is sent again."""
    try:
        with app.app_context():
            receiving.keep(facts.id, "ding_stream", found.key, found.event, found.userid, found.content)
        return True
    except Exception:
        log.exception("a Stream message could not be kept")
        time.sleep(0.2)
        return False


def _seen(app: Flask, facts: AppFacts) -> None:
    """The line lives; written every five minutes."""
    with app.app_context(), system("a Stream line is open") as session:
        old = or_(App.stream_seen_at.is_(None), App.stream_seen_at < now() - ALIVE)
        mark = update(App).where(App.id == facts.id, old).values(stream_seen_at=now(), last_error=None)
        session.execute(mark.execution_options(synchronize_session=False))


def _note(ids: list[int], error: str) -> None:
    """Show what is wrong at the app; written when it is new."""
    with system("the state of Stream") as session:
        stale = (App.id.in_(ids), App.last_error.is_distinct_from(error))
        change = update(App).where(*stale).values(last_error=error)
        session.execute(change.execution_options(synchronize_session=False))
