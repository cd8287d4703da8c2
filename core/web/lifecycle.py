"""The way of one request: who asks, in which language, whether it may write, and when its work is committed."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

from flask import current_app, g, redirect, request
from werkzeug.wrappers import Response

from core.db import db, settle, write_intent
from core.i18n import LOCALES, set_locale
from core.permissions.people import load_principal
from core.permissions.principal import ANONYMOUS, current_principal, set_principal
from core.records.audit import Origin, origin
from core.registry import STAFF, Realm, registry
from core.web import sessions
from core.web.security import SAFE_METHODS, cookie_name, protect, safe_next

OPEN_ENDPOINTS: set[str] = {"web.static", "web.login", "web.sign_in"}
"""Endpoints that strangers may call; plugins' public routes are added when they are mounted."""

STEP_ENDPOINTS: set[str] = set()
"""Endpoints for those who proved one thing and owe the next: the steps of the sign-in."""

CSRF_FREE: set[str] = set()
"""Endpoints that other machines call (webhooks): they check a signature of their own."""


def is_api() -> bool:
    """Whether the request goes to the REST room, which speaks for itself."""
    return request.path.startswith("/api/")


def by_key() -> bool:
    """Whether a program speaks with an API key: the REST room sets everything up by itself."""
    return is_api() and "Authorization" in request.headers


def begin() -> Any:
    """Before each request: principal from the browser's session, language, origin, CSRF, sign-in for strangers."""
    if by_key() or request.path.startswith("/static/") or request.path == "/healthz":
        return None
    write_intent.set(request.method not in SAFE_METHODS)
    realm = g.realm = registry().realm_of(request.path)
    via = "web" if realm is STAFF else realm.name[:12]
    origin.set(Origin(via, request.remote_addr, secrets.token_hex(6)))
    set_principal(ANONYMOUS)
    set_locale(_wished_locale())
    _recognise(realm)
    endpoint = request.endpoint or ""
    if endpoint not in CSRF_FREE and not _refused_anyway():
        protect()
    if current_principal().user_id is None and not is_api() and endpoint not in OPEN_ENDPOINTS:
        return None if g.get("half") and endpoint in STEP_ENDPOINTS else _to_sign_in(realm)
    if current_principal().viewer is not None:
        from core.web.rights import viewing

        viewing.check_request(endpoint)
    elif request.method == "POST" and not is_api():
        from core.web.identity import proof

        proof.take()
    sessions.renew_at_page()
    return None


def _refused_anyway() -> bool:
    """A stranger at the REST room: it says itself that a key is missing."""
    return is_api() and current_principal().user_id is None


def _recognise(realm: Realm) -> None:
    token = request.cookies.get(cookie_name(realm.cookie))
    user_id = sessions.resolve(token) if token else None
    if half := g.get("half"):
        g.half_token, g.csrf_ground = token, f"session {half.id}"
    principal = load_principal(user_id) if user_id else None
    if principal is None or principal.realm != realm.name:
        for name in ("session_id", "session_stale", "session_renew", "session_proved_at"):
            g.pop(name, None)
    else:
        g.session_token, g.csrf_ground = token, f"session {g.session_id}"
        from core.web.rights import viewing

        set_principal(viewing.seen_as(principal))
        set_locale(chosen if (chosen := request.cookies.get("zhian_locale")) in LOCALES else principal.locale)


def _wished_locale() -> str:
    chosen = request.args.get("locale") or request.cookies.get("zhian_locale")
    return chosen if chosen in LOCALES else request.accept_languages.best_match(LOCALES) or "zh"


def _to_sign_in(realm: Realm) -> Response:
    home = realm.prefix or "/"
    here = request.full_path.rstrip("?") if request.method == "GET" else home
    half = g.get("half")
    start = f"{realm.prefix}/login/{half.pending}" if half else realm.login
    target = f"{start}?next={quote(here, safe='/')}" if here != home else start
    if request.headers.get("HX-Request"):
        return Response("", 401, {"HX-Redirect": target})
    return redirect(target)


def commit() -> None:
    """Flush until hooks are done, and commit."""
    settle(db.session())
    db.session.commit()


def go(target: str) -> Response:
    """To another page of ours after something was done; for htmx requests by its header."""
    target = safe_next(target)
    if request.headers.get("HX-Request"):
        return Response("", 200, {"HX-Redirect": target})
    return redirect(target, 303)


def done(target: str) -> Response:
    """Commit what this request did, then go on."""
    commit()
    return go(target)


def wants_fragment() -> bool:
    """Whether htmx asks for the part instead of the page (never when it restores history)."""
    headers = request.headers
    return (
        bool(headers.get("HX-Request"))
        and headers.get("HX-Request-Type") != "full"
        and not headers.get("HX-History-Restore-Request")
    )


def app_response(result: Any) -> Response:
    """What a view returned, as a response."""
    return current_app.make_response(result)
