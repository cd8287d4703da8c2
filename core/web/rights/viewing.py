"""Looking through somebody's eyes: read-only, under a banner, in the log, over by itself after a quarter of an hour."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, g, request
from sqlalchemy import select

from core.clock import now
from core.db import db
from core.errors import FieldError, Forbidden, Invalid
from core.i18n import _, gettext
from core.permissions.granting import TOP_ROLES
from core.permissions.org import User
from core.permissions.people import load_principal
from core.permissions.principal import Principal, current_principal
from core.permissions.rules import access
from core.records import service
from core.records.audit import note_action
from core.web.lifecycle import commit, go
from core.web.rights.words import name_of
from core.web.security import SAFE_METHODS, cookie_name, over_https, safe_next, set_cookie

COOKIE = "zhian_view"
MINUTES = 15
SHORTEST_REASON = 4
STILL_POSTED = frozenset({"web.end_view", "web.sign_out", "web.look"})
OWN_PAGES = ("/settings/me", "/settings/keys", "/security")
CLOSED = frozenset({"web.download", "web.deputies"})
"""Pages that nobody opens in another's place: their own account, and files to take away."""


def may_view(viewer: Principal, seen: Principal | None) -> bool:
    """Whether somebody may look through this person's eyes: staff; of administrators only who holds all rights."""
    if seen is None or viewer.viewer is not None or seen.user_id == viewer.user_id or seen.realm != "staff":
        return False
    if not viewer.can("core.user", "view_as") or viewer.scopes is not None:
        return False
    roles = (access().role(code, seen.overlay) for code in seen.granted)
    high = any(role is not None and role.realm == "admin" for role in roles)
    return viewer.has_role(*TOP_ROLES) if high else True


def start(user_id: int) -> Any:
    """Begin, for a stated reason."""
    viewer, seen = current_principal(), load_principal(user_id)
    if seen is None or not may_view(viewer, seen):
        raise Forbidden(_("You may not look through the eyes of this person."))
    reason = " ".join(request.form.get("reason", "").split())[:300]
    if len(reason) < SHORTEST_REASON:
        raise Invalid([FieldError("reason", "required", _("Say what you need it for."))])
    user = db.session.scalars(select(User).where(User.id == user_id)).one()
    note_action(db.session(), "view_as", user, reason=reason)
    commit()
    answer = go(safe_next(request.form.get("next")))
    until = int((now() + timedelta(minutes=MINUTES)).timestamp())
    set_cookie(answer, COOKIE, f"{user_id}.{until}.{_mac(user_id, until)}", MINUTES * 60)
    return answer


def end() -> Any:
    """Be oneself again."""
    seen = current_principal()
    if seen.viewer is not None:
        user = db.session.scalars(select(User).where(User.id == seen.user_id)).one()
        note_action(db.session(), "view_as_ended", user)
        commit()
    answer = go(f"/settings/people/{seen.user_id}" if seen.viewer is not None else "/")
    answer.delete_cookie(cookie_name(COOKIE), path="/", secure=over_https(), httponly=True, samesite="Lax")
    return answer


def _mac(user_id: int, until: int) -> str:
    key, session = current_app.config["SECRET_KEY"].encode(), g.get("session_id")
    return hmac.new(key, f"view:{session}:{user_id}:{until}".encode(), hashlib.sha256).hexdigest()


def seen_as(principal: Principal) -> Principal:
    """The person through whose eyes this browser looks now; the person themself when through nobody's."""
    raw = request.cookies.get(cookie_name(COOKIE)) or ""
    ident, _dot, rest = raw.partition(".")
    until, _dot, mac = rest.partition(".")
    if not (ident.isdigit() and until.isdigit() and len(ident) < 16 and len(until) < 16):
        return principal
    fits = hmac.compare_digest(mac.encode(), _mac(int(ident), int(until)).encode())
    if not fits or int(until) <= now().timestamp():
        return principal
    seen = load_principal(int(ident))
    if seen is None or not may_view(principal, seen):
        return principal
    g.view_until = int(until)
    key = ("seen by", principal.user_id, principal.stamp)
    if key not in seen.cache:
        seen.cache[key] = replace(seen, viewer=principal, cache={})
    return seen.cache[key]


def check_request(endpoint: str) -> None:
    """Raises `Forbidden` for what cannot be done through the eyes of somebody else."""
    if current_principal().viewer is None or endpoint in STILL_POSTED:
        return
    own = endpoint in CLOSED or "/files/" in request.path or request.path.startswith(OWN_PAGES)
    drawn = endpoint == "web.download" and request.headers.get("Sec-Fetch-Dest") == "image"
    if request.method not in SAFE_METHODS or (own and not drawn):
        raise Forbidden(_("You look through the eyes of somebody else: nothing can be changed or taken away."))


def banner() -> dict[str, Any] | None:
    """What the banner of each page says meanwhile."""
    seen = current_principal()
    if seen.viewer is None:
        return None
    left = max(1, round((g.get("view_until", 0) - now().timestamp()) / 60))
    words = gettext(
        "You see this as %(name)s does. Nothing can be changed. It ends in %(n)s min.", name=name_of(seen), n=left
    )
    return {"text": words}


def ask(user_id: int) -> Any:
    """The page that asks why."""
    from flask import render_template

    user = service.get(User, user_id)
    if not may_view(current_principal(), load_principal(user_id)):
        raise Forbidden(_("You may not look through the eyes of this person."))
    title = gettext("View as %(name)s", name=user.called)
    return render_template(
        "web/rights/view_as.html",
        title=title,
        crumbs=[(gettext("People"), "/r/core.user"), (user.called, f"/r/core.user/{user_id}"), (title, None)],
        user=user,
        minutes=MINUTES,
        next=safe_next(request.args.get("next")),
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/people/<int:user_id>/view", "ask_view", ask)
    web.add_url_rule("/settings/people/<int:user_id>/view", "start_view", start, methods=["POST"])
    web.add_url_rule("/view/end", "end_view", end, methods=["POST"])
