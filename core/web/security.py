"""What every answer and unsafe request must satisfy: headers, CSRF token, same-site origin, safe redirects."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from markupsafe import Markup

from core.errors import Forbidden
from core.i18n import _

CLEARED = '"cache", "storage"'
"""What browsers forget when somebody signs out: pictures that were drawn, words that were searched for."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CSP = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def over_https() -> bool:
    """Whether people reach this deployment by https, here or at the proxy in front of it (`base_url`)."""
    return request.is_secure or current_app.config["ZHIAN"].base_url.startswith("https://")


def cookie_name(kind: str) -> str:
    """`zhian` over plain http; over https with the `__Host-` prefix, which ties it to this host and to Secure."""
    return f"__Host-{kind}" if over_https() else kind


def set_cookie(response: Response, kind: str, value: str, max_age: int | None = None) -> None:
    """A cookie that scripts cannot read and other sites cannot send along."""
    response.set_cookie(
        cookie_name(kind), value, max_age=max_age, path="/", secure=over_https(), httponly=True, samesite="Lax"
    )


def _sign(text: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"csrf:{text}".encode(), hashlib.sha256).hexdigest()


def csrf_ground() -> str:
    """What the token is bound to: the session, whose id stays, or before sign-in a random cookie of this browser."""
    if ground := g.get("csrf_ground"):
        return ground
    if not g.get("visitor"):
        g.visitor = request.cookies.get(cookie_name("zhian_visit")) or secrets.token_urlsafe(24)
    return g.visitor


def csrf_token() -> str:
    """The token that forms and scripts of this browser send back."""
    return _sign(csrf_ground())


def csrf_field() -> Markup:
    """The hidden input of hand-written forms."""
    return Markup('<input type="hidden" name="csrf_token" value="%s">') % csrf_token()


def check_csrf() -> None:
    """Refuse an unsafe request that did not come from a page of ours; raises `Forbidden`."""
    refusal = Forbidden(
        _("This form is older than your sign-in, or it came from another site. Reload the page and send it again."),
        code="csrf",
    )
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise refusal
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        raise refusal
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise refusal


def safe_next(target: str | None, default: str = "/") -> str:
    """`target` when it is a path of this site, else `default`: no redirect leaves the house."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) < 32 for c in target):
        return default
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else default


def add_headers(response: Response) -> Response:
    """Security headers of every answer; pages are private to their reader and never kept by a cache."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if over_https():
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("HX-Request", "Cookie"))
    if (visitor := g.get("visitor")) and request.cookies.get(cookie_name("zhian_visit")) != visitor:
        set_cookie(response, "zhian_visit", visitor)
    return response


def protect() -> Any:
    """Before each request of a browser: unsafe methods need the token, whatever other headers they carry.

    A proxy may ask for a password of its own, so an Authorization header says nothing about where a form came from.
    """
    if request.method not in SAFE_METHODS:
        check_csrf()
