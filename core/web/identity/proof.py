"""Confirm that it is you: the page that asks for password or passkey again, and sends the form once more."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from flask import g, redirect, request

from core.clock import now
from core.db import db
from core.i18n import gettext
from core.identity import challenges, passkeys, sso, tries
from core.permissions.passwords import verify
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.web import sessions
from core.web.identity import outside
from core.web.lifecycle import commit
from core.web.security import csrf_ground, safe_next

MARKS = ("confirm_password", "credential", "handle", "confirming")
UNSENT = ("csrf_token", *MARKS)


def take() -> None:
    """Before a form is looked at: take in the proof that came with it. What is wrong is told by the page again."""
    user_id = current_principal().user_id
    if user_id is None or "confirming" not in request.form:
        return
    try:
        entered = tries.enter(tries.person_key("proof", user_id), request.remote_addr)
    except tries.Resting as rest:
        g.proof_error = gettext("Too many tries. Wait %(n)s minutes.", n=rest.minutes)
        return
    if _fits(user_id):
        tries_right(entered)
        confirmed()
        return
    note_action(db.session(), "proof_failed")
    commit()
    g.proof_error = gettext("This does not fit. Try again.")


def tries_right(entered: tries.Try) -> None:
    """The try is forgotten; what was read for it is let go first."""
    db.session.commit()
    tries.was_right(entered)


def _fits(user_id: int) -> bool:
    if answer := request.form.get("credential"):
        connection = db.session().connection()
        kept = challenges.take(connection, "proof", csrf_ground(), request.form.get("handle", ""))
        return passkeys.proven(connection, kept, answer) == user_id
    stored = outside.person_row(user_id).password_hash
    return verify(stored, request.form.get("confirm_password", "")) and sso.only_provider(g.realm.name) is None


def confirmed() -> None:
    """The person proved who they are: the session says so, under a new token."""
    sessions.renew(g.session_id, g.session_token, proved_at=now())
    g.session_proved_at = now()
    note_action(db.session(), "proof")
    commit()


def page() -> Any:
    """The answer to a request that needs a fresh proof: a form is sent again with it, another page is come back to."""
    if request.headers.get("HX-Request"):
        came = urlsplit(request.headers.get("HX-Current-URL", ""))
        wanted = safe_next(came.path + (f"?{came.query}" if came.query else ""))
        return outside.app_response(
            ("", 401, {"HX-Redirect": f"{outside.here('/confirm')}?next={quote(wanted, safe='/')}"})
        )
    again = request.method == "POST" and not request.files
    fields = [(k, v) for k, v in request.form.items(multi=True) if k not in UNSENT] if again else []
    action = request.full_path.rstrip("?") if again else outside.here("/confirm")
    wanted = "" if again else request.full_path.rstrip("?") if request.method == "GET" else _came_from()
    return _drawn(action, fields, wanted, 403)


def _came_from() -> str:
    came = urlsplit(request.referrer or "")
    return safe_next(came.path + (f"?{came.query}" if came.query else "")) if came.netloc == request.host else "/"


def _drawn(action: str, fields: list[tuple[str, str]], wanted: str, status: int) -> Any:
    user_id = current_principal().user_id or 0
    connection = db.session().connection()
    person, known = outside.person_row(user_id), passkeys.passkeys_of(connection, user_id)
    db.session.rollback()
    only = sso.only_provider(g.realm.name)
    return outside.draw(
        "confirm.html",
        gettext("Confirm that it is you"),
        status,
        action=action,
        fields=fields,
        wanted=wanted,
        error=g.get("proof_error", ""),
        name=outside.name_of(person),
        by_password=bool(person.password_hash) and only is None,
        by_passkey=bool(known) and only is None and passkeys.possible(),
        providers=outside.ways_in()["providers"],
        back=wanted or _came_from(),
    )


def page_alone() -> Any:
    """`/confirm`: the page by itself, for what cannot be sent again."""
    return _drawn(outside.here("/confirm"), [], outside.onward(), 200)


def take_alone() -> Any:
    """On to where the person wanted to go; the proof itself was taken in before."""
    if g.get("proof_error") or "confirming" not in request.form:
        return _drawn(outside.here("/confirm"), [], outside.onward(), 401)
    return redirect(outside.onward(), 303)
