"""Between the first proof and the session: second factor, setting one up, a new password in place of an old one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import segno
from flask import current_app, g, redirect, request

from core.clock import now
from core.db import db, elevated
from core.errors import FieldError, Invalid, Refused
from core.i18n import _, gettext
from core.identity import challenges, factors, passkeys, tries
from core.identity.steps import RENEW, SECOND, SETUP, next_step
from core.permissions.org import User
from core.permissions.passwords import check_new, hash_password, verify
from core.records.audit import note_action
from core.web import sessions
from core.web.identity import outside
from core.web.lifecycle import commit
from core.web.security import cookie_name, csrf_ground, over_https

QR_SCALE = 5


def _elsewhere() -> Any:
    """To the step that is due, or where people without one belong."""
    half = g.get("half")
    if half is None:
        return redirect(outside.onward() if g.get("session_id") else g.realm.login, 303)
    return redirect(to_step(half.pending, request.values.get("next", "")), 303)


def to_step(pending: str, wanted: str = "") -> str:
    """The address of a step; `wanted` is where the person goes after the last one."""
    target = outside.here(f"/login/{pending}")
    return f"{target}?next={quote(wanted, safe='/')}" if wanted else target


def _due(step: str) -> bool:
    half = g.get("half")
    return half is not None and half.pending == step


def advance(half: sessions.Half, method: str, action: str) -> str | None:
    """One more thing is proved: the session gets a new token; its next step, or None when it is whole."""
    connection = db.session().connection()
    way = f"{half.way}+{method}" if method else half.way
    pending = next_step(connection, half.user_id, way)
    sessions.renew(half.id, g.half_token, way=way[:60], pending=pending, proved_at=now(), seen_at=now())
    with elevated("sign-in") as session:
        note_action(session, action, session.get_one(User, half.user_id), changes={"by": [None, method]})
    commit()
    return pending


def _after(pending: str | None) -> Any:
    return redirect(to_step(pending, request.form.get("next", "")) if pending else outside.onward(), 303)


def second() -> Any:
    """The page that asks for the second factor."""
    return _second_page() if _due(SECOND) else _elsewhere()


def _second_page(error: str = "", status: int = 200) -> Any:
    person = outside.person_row(g.half.user_id)
    outside.speak(person.locale)
    found = factors.factors_of(db.session().connection(), person.id)
    db.session.rollback()
    title = gettext("Second step")
    return outside.draw("second.html", title, status, error=error, has=found, name=outside.name_of(person))


def take_second() -> Any:
    """A code of the app, a recovery code or a passkey."""
    if not _due(SECOND):
        return _elsewhere()
    half = g.half
    try:
        entered = tries.enter(tries.person_key("second", half.user_id), request.remote_addr)
    except tries.Resting as rest:
        return _second_page(gettext("Too many tries. Wait %(n)s minutes.", n=rest.minutes), 429)
    method = _proof_of(half.user_id)
    if method is None:
        with elevated("sign-in") as session:
            note_action(session, "second_factor_failed", session.get_one(User, half.user_id))
        commit()
        return _second_page(gettext("This does not fit. Wait for the next code, and try again."), 401)
    pending = advance(half, method, "second_factor")
    tries.was_right(entered)
    return _after(pending)


def _proof_of(user_id: int) -> str | None:
    """What was proved: totp, recovery or passkey."""
    connection, code = db.session().connection(), request.form.get("code", "").strip()
    if answer := request.form.get("credential"):
        kept = challenges.take(connection, "second", csrf_ground(), request.form.get("handle", ""))
        return "passkey" if passkeys.proven(connection, kept, answer) == user_id else None
    if factors.check_totp(connection, user_id, code):
        return "totp"
    return "recovery" if factors.use_code(connection, user_id, code) else None


def setup() -> Any:
    """The page on which somebody whose role asks for it sets a second factor up."""
    return _setup_page() if _due(SETUP) else _elsewhere()


def _setup_page(error: str = "", status: int = 200) -> Any:
    person = outside.person_row(g.half.user_id)
    outside.speak(person.locale)
    return outside.draw(
        "setup.html", gettext("Set up a second step"), status, error=error, **qr(person.id, person.login)
    )


def qr(user_id: int, login: str, *, fresh: bool = False) -> dict[str, str]:
    """The secret for the authenticator app that waits for its first code, as picture and as letters."""
    connection = db.session().connection()
    secret = None if fresh else factors.waiting_secret(connection, user_id)
    if secret is None:
        secret = factors.new_secret(connection, user_id)
        commit()
    address = factors.address_of(secret, login, current_app.config["ZHIAN"].agency)
    picture = segno.make(address, error="m", micro=False).svg_data_uri(scale=QR_SCALE, border=2, light="#fff")
    return {"picture": picture, "letters": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))}


def take_setup() -> Any:
    """The first code of the app: it is in use from now on."""
    if not _due(SETUP):
        return _elsewhere()
    half = g.half
    try:
        entered = tries.enter(tries.person_key("second", half.user_id), request.remote_addr)
    except tries.Resting as rest:
        return _setup_page(gettext("Too many tries. Wait %(n)s minutes.", n=rest.minutes), 429)
    connection = db.session().connection()
    if not factors.check_totp(connection, half.user_id, request.form.get("code", ""), confirming=True):
        db.session.rollback()
        return _setup_page(gettext("This code does not fit. Compare the clock of your phone with this one."), 422)
    return _set_up(half, "totp", entered)


def setup_passkey() -> Any:
    """A passkey as the second factor that the role asks for."""
    if not _due(SETUP):
        return _elsewhere()
    half, connection = g.half, db.session().connection()
    kept = challenges.take(connection, "make", csrf_ground(), request.form.get("handle", ""))
    if kept is None or kept["user"] != half.user_id:
        return _setup_page(gettext("This took too long. Try again."), 422)
    try:
        passkeys.keep(connection, kept, request.form.get("credential", ""), gettext("First passkey"))
    except Refused as refusal:
        db.session.rollback()
        return _setup_page(str(refusal), 422)
    return _set_up(half, "passkey", None)


def _set_up(half: sessions.Half, method: str, entered: tries.Try | None) -> Any:
    codes = factors.new_codes(db.session().connection(), half.user_id)
    pending = advance(half, method, "second_factor_set_up")
    if entered is not None:
        tries.was_right(entered)
    target = to_step(pending, request.form.get("next", "")) if pending else outside.onward()
    return outside.draw("codes.html", gettext("Recovery codes"), codes=codes, target=target)


def renew() -> Any:
    """The page for a new password in place of one that is too old."""
    return _renew_page({}) if _due(RENEW) else _elsewhere()


def _renew_page(errors: dict[str, str]) -> Any:
    person = outside.person_row(g.half.user_id)
    outside.speak(person.locale)
    title = gettext("A new password is due")
    return outside.draw("renew.html", title, 422 if errors else 200, errors=errors, login=person.login)


def take_renew() -> Any:
    """The new password."""
    if not _due(RENEW):
        return _elsewhere()
    half, new = g.half, request.form.get("new", "")
    person = outside.person_row(half.user_id)
    try:
        if new != request.form.get("again", ""):
            raise Invalid([FieldError("again", "differs", _("The two passwords differ."))])
        check_new(new, person.login, "new")
        if verify(person.password_hash, new):
            raise Invalid([FieldError("new", "used", _("You used this password before. Choose another one."))])
    except Invalid as error:
        return _renew_page({e.field: str(e.message) for e in error.errors})
    with elevated("a new password in place of an old one") as session:
        session.get_one(User, half.user_id).password_hash = hash_password(new)
    return _after(advance(half, "", "password_changed"))


def leave() -> Any:
    """Back out of a half session."""
    if half := g.get("half"):
        sessions.end_one(half.user_id, half.id)
        commit()
    answer = redirect(g.realm.login, 303)
    answer.delete_cookie(cookie_name(g.realm.cookie), path="/", secure=over_https(), httponly=True, samesite="Lax")
    return answer
