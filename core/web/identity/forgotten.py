"""Links that set a password, for staff: asked for here, sent by mail. Nothing here tells whether somebody is known."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import g, redirect, request

from core.db import db, system
from core.errors import FieldError, Invalid, NotFound
from core.i18n import _, gettext
from core.identity import links, tries
from core.identity.own import RESET
from core.identity.sso import only_provider
from core.jobs.runs import enqueue
from core.permissions.org import User
from core.permissions.passwords import check_new, hash_password
from core.records.audit import note_action
from core.web.identity import outside
from core.web.lifecycle import commit
from core.web.toasts import say


def page() -> Any:
    """`/forgotten`: where a link is asked for."""
    _allowed()
    return outside.draw("forgotten.html", gettext("A new password"))


def _allowed() -> None:
    if only_provider(g.realm.name):
        raise NotFound()


def ask() -> Any:
    """The same answer after the same work for everybody; a job looks whether there is such a person."""
    _allowed()
    who = request.form.get("who", "").strip()[:200]
    try:
        tries.enter(tries.account_key("reset", who), request.remote_addr)
    except tries.Resting:
        who = ""
    if who:
        enqueue(RESET, key=f"{RESET}-{hashlib.sha256(who.lower().encode()).hexdigest()[:32]}", who=who)
        commit()
    say(gettext("If there is such an account with an e-mail address, a mail with a link is on its way."))
    return redirect("/login", 303)


def _open(token: str) -> dict[str, Any] | None:
    """Whose link it is; None when it leads nowhere."""
    with system("a password link is opened") as session:
        row = links.find_link(session.connection(), token)
        user = session.get(User, row.user_id) if row is not None else None
        if user is None or not user.active or user.archived_at is not None or user.realm != "staff":
            return None
        return {"login": user.login, "name": user.called, "purpose": row.purpose}


def link(token: str) -> Any:
    """The page of a link."""
    return _link_page(token, {})


def _link_page(token: str, errors: dict[str, str]) -> Any:
    known = _open(token)
    if known is None:
        return outside.draw("dead.html", gettext("This link does not work any more"), 410)
    return outside.draw("link.html", gettext("Set your password"), 422 if errors else 200, known=known, errors=errors)


def use(token: str) -> Any:
    """Use the link up."""
    new, known = request.form.get("new", ""), _open(token)
    if known is None:
        return _link_page(token, {})
    try:
        if new != request.form.get("again", ""):
            raise Invalid([FieldError("again", "differs", _("The two passwords differ."))])
        check_new(new, known["login"], "new")
    except Invalid as error:
        return _link_page(token, {e.field: str(e.message) for e in error.errors})
    if not _set(token, new):
        return _link_page(token, {})
    say(gettext("Your password is set. Sign in with it now."))
    return redirect("/login", 303)


def _set(token: str, new: str) -> bool:
    db.session.rollback()
    with system("a password link is used") as session:
        connection = session.connection()
        row = links.find_link(connection, token)
        if row is None or not links.use_link(connection, row.id):
            return False
        user = session.get_one(User, row.user_id)
        user.password_hash = hash_password(new)
        note_action(session, "password_by_link", user, changes={"purpose": [None, row.purpose]})
    return True
