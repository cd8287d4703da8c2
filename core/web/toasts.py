"""Short messages that survive one redirect: a signed cookie, shown once at the bottom left."""

from __future__ import annotations

from contextlib import suppress

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from core.web.security import over_https

COOKIE = "zhian_toast"


def say(text: str, level: str = "done", action: str | None = None, href: str | None = None) -> None:
    """Show `text` on the next page. `level` is a moon: done, today, overdue. At most one action."""
    g.setdefault("toasts", []).append((level, text, action, href))


def take_toasts() -> list[tuple[str, str, str | None, str | None]]:
    """What to show on this page; taken once."""
    found = list(g.pop("toasts", []))
    if raw := request.cookies.get(COOKIE):
        g.toast_seen = True
        with suppress(BadSignature):
            found = [tuple(t) for t in _signer().loads(raw)] + found
    return found


def carry(response: Response) -> Response:
    """After a request: what was not shown travels in the cookie, what was shown is forgotten."""
    waiting = g.get("toasts")
    if waiting and not g.get("toast_seen"):
        response.set_cookie(
            COOKIE, _signer().dumps(waiting[-3:]), max_age=60, httponly=True, samesite="Lax", secure=over_https()
        )
    elif g.get("toast_seen"):
        response.delete_cookie(COOKIE, path="/")
    return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="toast")
