"""One's own security page, in every realm: authenticator app, passkeys, recovery codes."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, request

from core.db import db, elevated
from core.errors import Forbidden, NotFound, Refused
from core.i18n import _, gettext
from core.identity import challenges, factors, passkeys, tries
from core.identity.browsers import renew_sessions
from core.identity.proof import require_proof
from core.identity.sso import only_provider
from core.permissions.org import User
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.web.identity import outside
from core.web.identity.steps import qr
from core.web.lifecycle import commit
from core.web.security import csrf_ground


def page() -> Any:
    """`/security`: what this person has, and what can be added."""
    return _page()


def _page(status: int = 200, **more: Any) -> Any:
    user_id = _me()
    connection = db.session().connection()
    context = {
        "has": factors.factors_of(connection, user_id),
        "must": factors.must_have(connection, user_id),
        "keys": passkeys.passkeys_of(connection, user_id),
        "elsewhere": only_provider(g.realm.name) is not None,
        "errors": {},
    } | more
    return outside.draw("security.html", gettext("Sign-in security"), status, **context)


def _me() -> int:
    user_id = current_principal().user_id
    assert user_id is not None
    return user_id


def _noted(action: str) -> None:
    """Audit what was done to one's own factors; one's tokens change at the next page."""
    user_id = _me()
    renew_sessions(db.session().connection(), [user_id])
    with elevated("own second factor") as session:
        note_action(session, action, session.get_one(User, user_id))
    commit()


def app_on() -> Any:
    """Show the secret of a new app, or take its first code."""
    require_proof()
    user_id = _me()
    if factors.factors_of(db.session().connection(), user_id).totp:
        return redirect(outside.here("/security"), 303)
    person, code = outside.person_row(user_id), request.form.get("code")
    if code is None:
        return _page(**qr(user_id, person.login, fresh=True))
    db.session.rollback()
    try:
        entered = tries.enter(tries.person_key("second", user_id), request.remote_addr)
    except tries.Resting as rest:
        return _page(429, errors={"code": gettext("Too many tries. Wait %(n)s minutes.", n=rest.minutes)})
    if not factors.check_totp(db.session().connection(), user_id, code, confirming=True):
        db.session.rollback()
        text = gettext("This code does not fit. Compare the clock of your phone with this one.")
        return _page(422, errors={"code": text}, **qr(user_id, person.login))
    shown = _first_codes(user_id)
    _noted("second_factor_set_up")
    tries.was_right(entered)
    return shown or redirect(outside.here("/security"), 303)


def _first_codes(user_id: int) -> Any:
    """Recovery codes for whoever has none yet."""
    connection = db.session().connection()
    if factors.factors_of(connection, user_id).codes:
        return None
    return _codes_page(factors.new_codes(connection, user_id))


def _codes_page(codes: list[str]) -> Any:
    return outside.draw("codes.html", gettext("Recovery codes"), codes=codes, target=outside.here("/security"))


def app_off() -> Any:
    """The app proves nothing any more."""
    require_proof()
    user_id, connection = _me(), db.session().connection()
    found = factors.factors_of(connection, user_id)
    _check_kept(connection, user_id, found.passkeys)
    factors.drop_totp(connection, user_id)
    _noted("second_factor_off")
    return redirect(outside.here("/security"), 303)


def _check_kept(connection: Any, user_id: int, left: int) -> None:
    """Whoever must have a second factor keeps one."""
    if not left and factors.must_have(connection, user_id):
        raise Refused(_("Your role asks for a second step. Add another one first."))


def codes() -> Any:
    """New recovery codes; the earlier ones are void."""
    require_proof()
    user_id, connection = _me(), db.session().connection()
    if not factors.factors_of(connection, user_id):
        raise Forbidden(_("Set up an app or a passkey first."))
    shown = _codes_page(factors.new_codes(connection, user_id))
    _noted("recovery_codes_made")
    return shown


def passkey_keep() -> Any:
    """Take the new passkey in that the browser made."""
    require_proof()
    user_id, connection = _me(), db.session().connection()
    kept = challenges.take(connection, "make", csrf_ground(), request.form.get("handle", ""))
    if kept is None or kept["user"] != user_id:
        commit()
        return _page(422, errors={"passkey": gettext("This took too long. Try again.")})
    name = request.form.get("name", "").strip()[:80] or gettext("Passkey")
    try:
        passkeys.keep(connection, kept, request.form.get("credential", ""), name)
    except Refused as refusal:
        db.session.rollback()
        return _page(422, errors={"passkey": str(refusal)})
    shown = _first_codes(user_id)
    _noted("passkey_added")
    return shown or redirect(outside.here("/security"), 303)


def passkey_off(passkey_id: int) -> Any:
    """Remove one of one's passkeys."""
    require_proof()
    user_id, connection = _me(), db.session().connection()
    found = factors.factors_of(connection, user_id)
    _check_kept(connection, user_id, found.totp + found.passkeys - 1)
    if not passkeys.drop(connection, user_id, passkey_id):
        raise NotFound()
    factors.tidy_codes(connection, user_id)
    _noted("passkey_removed")
    return redirect(outside.here("/security"), 303)
