"""What the messengers' stand-ins share: orders to misbehave, a journal, serving, calling a deployment."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server


@dataclass
class Orders:
    """Misbehaviour that was ordered: each order spoils the next `times` calls of a path that contains `path`."""

    kinds: tuple[str, ...]
    waiting: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, kind: str, path: str = "", times: int = 1) -> None:
        """Spoil coming calls; raises `ValueError` for an unknown kind."""
        if kind not in self.kinds:
            raise ValueError(f"{kind}: known are {', '.join(self.kinds)}")
        with self.lock:
            self.waiting.append({"kind": kind, "path": path, "times": times})

    def take(self, path: str, *kinds: str) -> str | None:
        """The order that this call gets, out of `kinds` (all when none are named); each order wears off."""
        with self.lock:
            for order in self.waiting:
                if order["path"] in path and (not kinds or order["kind"] in kinds):
                    order["times"] -= 1
                    self.waiting = [o for o in self.waiting if o["times"] > 0]
                    return order["kind"]
        return None


def people() -> dict[str, str]:
    """The company's members: the invented agency's staff, by the logins that they have in the demo."""
    file = Path(__file__).resolve().parents[2] / "plugins" / "demo" / "data" / "people.yaml"
    known = (
        {str(row[0]): str(row[1]) for row in yaml.safe_load(file.read_text("utf-8"))["people"]} if file.exists() else {}
    )
    return {f"s{number:02d}": f"员工 {number:02d}" for number in range(1, 31)} | known


BEFORE = ("drop_before", "error500_before", "busy", "throttled", "token_gone", "not_json")
AFTER = ("drop_after_commit", "error500_after_commit", "hang_after_commit")
CALLBACK = ("click_twice", "click_replayed", "click_wrong_signature", "click_stale", "click_by_stranger", "click_held")


class Spoilt(Exception):
    """The answer that a spoilt call gets."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


@dataclass
class Standin:
    """Memory common to both messengers. `site` is the deployment that is called back; `hang` in seconds."""

    name: str
    orders: Orders
    site: str = "http://127.0.0.1:8000"
    hang: float = 12.0
    journal: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    now: Callable[[], float] = time.time

    def note(self, what: str, **more: Any) -> None:
        """One line of the journal."""
        self.journal.append({"at": datetime.now().strftime("%H:%M:%S"), "what": what, **more})

    def before(
        self, busy: dict[str, Any], throttled: tuple[dict[str, Any], int], gone: tuple[dict[str, Any], int]
    ) -> None:
        """Spoil the call before it does anything; `throttled` and `gone` are bodies with their status."""
        kind = self.orders.take(request.path, *BEFORE)
        if kind is None:
            return
        self.note("spoilt", order=kind, path=request.path)
        if kind == "drop_before":
            drop()
        answers = {"busy": (busy, 200), "throttled": throttled, "token_gone": gone}
        if kind in answers:
            body, status = answers[kind]
            raise Spoilt(_json(body, status))
        raise Spoilt(Response("<html>bad gateway</html>", 502 if kind == "error500_before" else 200))

    def after(self) -> None:
        """Spoil the answer of a call that has been done."""
        kind = self.orders.take(request.path, *AFTER)
        if kind is None:
            return
        self.note("spoilt", order=kind, path=request.path)
        if kind == "hang_after_commit":
            time.sleep(self.hang)
        if kind == "error500_after_commit":
            raise Spoilt(Response("<html>gateway timeout</html>", 504))
        drop()

    def call_site(self, path: str, **options: Any) -> tuple[int, str]:
        """Call the deployment; (status, body), 0 when it does not answer in the vendor's time."""
        try:
            with httpx.Client(base_url=self.site, timeout=5.0, trust_env=False) as client:
                answer = client.request(options.pop("method", "POST"), path, **options)
        except httpx.HTTPError as problem:
            self.note("no answer", path=path, problem=type(problem).__name__)
            return 0, ""
        self.note("answered", path=path.partition("?")[0], status=answer.status_code)
        return answer.status_code, answer.text


def _json(body: dict[str, Any], status: int = 200) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer


def drop() -> None:
    """Close the connection without an answer."""
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("ordered")


def spoils(app: Flask) -> None:
    """Let spoilt calls answer as ordered."""

    @app.errorhandler(Spoilt)
    def _spoilt(spoilt: Spoilt) -> Response:
        return spoilt.answer


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """The address of `app` on this machine while the block runs; port 0 takes a free one."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
