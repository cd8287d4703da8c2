"""A client of the REST interface that never gives up: each write carries its key and is sent until it is answered."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

PATIENCE = 120.0  # seconds that one write may take until somebody answers
AGAIN = frozenset({409, 425, 429, 500, 502, 503, 504})


class GaveUp(AssertionError):
    """Nobody answered in time: the deployment did not come back."""


@dataclass
class Answer:
    """What came back: status, JSON body, headers, and how often it was sent."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    tries: int = 1

    @property
    def ok(self) -> bool:
        return self.status < 300


class Caller:
    """Speaks with one person's key. `url()` gives the address of now."""

    def __init__(self, url: Callable[[], str], key: str, stop: threading.Event) -> None:
        self.url, self.key, self.stop = url, key, stop
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Answer:
        return self._until_answered("GET", path, None, {})

    def post(self, path: str, body: Any = None) -> Answer:
        return self._until_answered("POST", path, body or {}, {"Idempotency-Key": uuid4().hex})

    def patch(self, path: str, body: Any, version: int) -> Answer:
        return self._until_answered("PATCH", path, body, {"Idempotency-Key": uuid4().hex, "If-Match": f'"{version}"'})

    def upload(self, path: str, content: bytes) -> Answer:
        """A file as the whole body; its name stands in the address."""
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": uuid4().hex}
        return self._until_answered("POST", path, content, headers)

    def _until_answered(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"} | headers
        end, tries = time.monotonic() + PATIENCE, 0
        while time.monotonic() < end:
            tries += 1
            answer = self._once(method, path, data, headers)
            if answer is not None and not self._not_yet(answer):
                answer.tries = tries
                return answer
            time.sleep(random.uniform(0.05, 0.4))
        raise GaveUp(f"{method} {path} was not answered in {PATIENCE:.0f} s after {tries} tries; last: {answer}")

    def _not_yet(self, answer: Answer) -> bool:
        """Busy, or our own first try is still being worked on. Other conflicts are answers."""
        if answer.status == 409:
            return isinstance(answer.body, dict) and answer.body.get("code") == "still_running"
        return answer.status in AGAIN

    def _once(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer | None:
        request = urllib.request.Request(f"{self.url()}{path}", data, headers, method=method)
        try:
            with self.opener.open(request, timeout=20) as answer:
                return Answer(answer.status, _json(answer.read()), dict(answer.headers))
        except urllib.error.HTTPError as problem:
            return Answer(problem.code, _json(problem.read()), dict(problem.headers))
        except (OSError, ValueError, EOFError):
            return None
        except Exception as problem:  # half an answer: the server died while it spoke
            if type(problem).__module__.startswith("http."):
                return None
            raise


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw[:300].decode(errors="replace")
