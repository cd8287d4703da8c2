"""What scripts ask for passkeys, and signing in with one: its owner unlocks it, so no second step follows."""

from __future__ import annotations

from typing import Any

from flask import g, jsonify, redirect, request

from core.db import db, system
from core.errors import Forbidden, Refused
from core.i18n import gettext
from core.identity import challenges, passkeys, tries
from core.identity.policy import current_policy
from core.identity.proof import require_proof
from core.identity.sso import only_provider
from core.permissions.org import User
from core.permissions.people import load_principal
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.web import sessions
from core.web.identity import outside
from core.web.lifecycle import commit
from core.web.realms import realm_cookie
from core.web.security import csrf_ground


def ask() -> Any:
    """A question for the browser's authenticator: to sign in, as a second step, or to prove oneself again."""
    user_id, half = current_principal().user_id, g.get("half")
    db.session.rollback()
    try:
        tries.ask("passkey", request.remote_addr)
    except tries.Resting as rest:
        return jsonify(message=gettext("Too many tries. Wait %(n)s minutes.", n=rest.minutes)), 429
    purpose = "proof" if user_id else "second" if half else "sign-in"
    connection = db.session().connection()
    options, kept = passkeys.ask_known(connection, user_id or (half.user_id if half else None))
    handle = challenges.ask(connection, purpose, csrf_ground(), kept)
    commit()
    return jsonify(handle=handle, options=options)


def make() -> Any:
    """A question for a new passkey, by who is signed in and proved it, or must set one up."""
    half = g.get("half")
    if half is None:
        require_proof()
    elif half.pending != "setup":
        raise Forbidden()
    user_id = half.user_id if half else current_principal().user_id
    assert user_id is not None
    person, connection = outside.person_row(user_id), db.session().connection()
    options, kept = passkeys.ask_new(connection, user_id, person.login, person.name)
    handle = challenges.ask(connection, "make", csrf_ground(), kept)
    commit()
    return jsonify(handle=handle, options=options)


def sign_in() -> Any:
    """The browser's answer; a session when it proves somebody of this realm."""
    if only_provider(g.realm.name):
        raise Refused(gettext("People sign in here by single sign-on alone."))
    ground, answer = csrf_ground(), request.form.get("credential", "")
    try:
        entered = tries.enter(tries.account_key("passkey", request.remote_addr or ""), request.remote_addr)
    except tries.Resting:
        return _failed()
    realm, keep, token = g.realm, request.form.get("keep") == "1" and current_policy().may_stay, None
    with system("sign-in by passkey") as session:
        connection = session.connection()
        kept = challenges.take(connection, "sign-in", ground, request.form.get("handle", ""))
        user_id = passkeys.proven(connection, kept, answer)
        person = load_principal(user_id, connection) if user_id else None
        if user_id is not None and person is not None and person.realm == realm.name:
            token = sessions.start(session, user_id, keep, "passkey")
        user = session.get_one(User, user_id) if token else None
        note_action(session, "sign_in" if token else "sign_in_failed", user, changes={"by": [None, "passkey"]})
    if token is None:
        return _failed()
    tries.was_right(entered)
    sessions.end_earlier(realm)
    return realm_cookie(realm.name, redirect(outside.onward(), 303), sessions.SignIn(token=token, keep=keep))


def _failed() -> Any:
    text = gettext("This passkey is not known here. Sign in another way, and add it on your account page.")
    return outside.draw("failed.html", gettext("Sign in"), 401, text=text)
