"""What all calls share: the app as plain values, what an answer means, one more try with a new token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from core import _, outgoing

NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Failures before the first byte of the body: surely nothing was done."""


WORDS = {
    "token": _("The platform does not take our token."),
    "throttled": _("The platform asks to come back later."),
    "refused": _("The platform refused this."),
    "unreachable": _("The platform cannot be reached."),
    "unknown": _("No sure answer came from the platform."),
}


class CallFailed(Exception):
    """A call without a good answer.

    `kind`: token (ours is no longer good), throttled (later), refused (a repeat would be refused too), unreachable
    (nothing left the house), unknown (it may have been done).
    """

    def __init__(self, kind: str, code: str | int = "", text: str = "") -> None:
        self.kind, self.code, self.text = kind, str(code), text
        super().__init__(kind, code, text)

    def __str__(self) -> str:
        """For people: what happened, then what the platform itself said."""
        return " ".join(filter(None, (str(WORDS.get(self.kind, self.kind)), self.code, self.text)))


@dataclass(frozen=True)
class AppFacts:
    """One app as its record says; `server` replaces the vendor's own addresses."""

    id: int
    kind: str
    corp_id: str
    app_key: str = ""
    agent_id: str = ""
    secret: str = field(default="", repr=False)
    robot_code: str = ""
    template_id: str = ""
    stream: bool = True
    server: str = ""
    ca_file: str = ""


@dataclass(frozen=True)
class Sent:
    """What a vendor said of a message: its id, the code for one later update, and who did not get it and why."""

    remote_id: str = ""
    response_code: str = ""
    failed: dict[str, str] = field(default_factory=dict)


class Tokens(Protocol):
    """Where an app's access token is kept between calls."""

    def get(self, fetch: Callable[[], tuple[str, int]]) -> str:
        """A token that is still good; `fetch` gives a new one and its life in seconds."""

    def drop(self, token: str) -> None:
        """Forget this token, unless a newer one is there already."""


class Vendor:
    """One app's way to its vendor. `count(n)` is told of every call that the vendor may count."""

    timeout = 10.0

    def __init__(self, app: AppFacts, tokens: Tokens, count: Callable[[int], None] = lambda n: None) -> None:
        self.app, self.tokens, self.count = app, tokens, count

    def fetch_token(self) -> tuple[str, int]:
        """A new access token and its life in seconds."""
        raise NotImplementedError

    def with_token(self, ask: Callable[[str], Any]) -> Any:
        """`ask(token)`; once more with a new one when the vendor no longer takes it."""
        token = self.tokens.get(self.fetch_token)
        try:
            return ask(token)
        except CallFailed as failure:
            if failure.kind != "token":
                raise
        self.tokens.drop(token)
        return ask(self.tokens.get(self.fetch_token))

    def http(self, base: str, method: str, path: str, **options: Any) -> httpx.Response:
        """One request; raises `CallFailed` when no answer came."""
        self.count(1)
        try:
            with outgoing(self.app.server or base, ca_file=self.app.ca_file or None, timeout=self.timeout) as client:
                return client.request(method, path, **options)
        except NEVER_LEFT:
            raise CallFailed("unreachable") from None
        except httpx.HTTPError:
            raise CallFailed("unknown") from None


def body_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; anything else leaves open whether the call was done."""
    try:
        found = answer.json()
    except ValueError:
        raise CallFailed("unknown", answer.status_code, "no JSON") from None
    if not isinstance(found, dict):
        raise CallFailed("unknown", answer.status_code, "no object")
    return found
