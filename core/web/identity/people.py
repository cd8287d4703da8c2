"""`/settings/people/<id>/sign-in`: how one person signs in, for administrators: devices, second step, links, rests."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, render_template
from sqlalchemy import select

from core.db import db, elevated
from core.errors import Forbidden, Refused
from core.i18n import _, gettext
from core.identity import factors, links, passkeys, tries
from core.identity.browsers import end_sessions
from core.identity.proof import require_proof
from core.identity.steps import password_since
from core.permissions.granting import TOP_ROLES
from core.permissions.org import ApiKey, User, UserRole
from core.permissions.principal import current_principal
from core.records import service
from core.records.audit import note_action
from core.web import format as fmt
from core.web import sessions
from core.web.lifecycle import done
from core.web.toasts import say


def _require(user_id: int, *, change: bool = True) -> User:
    """The person; whoever changes something needs a fresh proof, and the highest role for who holds it."""
    principal = current_principal()
    if not principal.can("core.user_role", "create"):
        raise Forbidden(detail={"record": "core.user_role", "action": "create"})
    user = service.get(User, user_id)
    if change:
        held = select(UserRole.role).where(UserRole.user_id == user_id)
        if set(db.session.scalars(held)) & TOP_ROLES and not principal.has_role(*TOP_ROLES):
            raise Forbidden(_("Only an administrator with all rights changes this person's sign-in."))
        require_proof()
    return user


def page(user_id: int) -> Any:
    """How this person signs in."""
    user, connection = _require(user_id, change=False), db.session().connection()
    since = password_since(connection, user_id)
    until = tries.resting_until(tries.account_key(user.realm, user.login))
    live = (ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None), ApiKey.archived_at.is_(None))
    title = gettext("How %(name)s signs in", name=user.called)
    return render_template(
        "web/person_sign_in.html",
        title=title,
        crumbs=[
            (gettext("Settings"), "/settings"),
            (gettext("People"), "/r/core.user"),
            (user.called, f"/settings/people/{user_id}"),
            (gettext("Sign-in"), None),
        ],
        user=user,
        has_password=bool(user.password_hash),
        since=fmt.instant(since) if since else None,
        until=fmt.clock_time(until) if until else None,
        has=factors.factors_of(connection, user_id),
        must=factors.must_have(connection, user_id),
        passkeys=passkeys.passkeys_of(connection, user_id),
        sessions=sessions.sessions_of(user_id),
        keys=list(db.session.scalars(select(ApiKey).where(*live).order_by(ApiKey.id))),
        mails=bool(current_app.config["ZHIAN"].smtp_url or current_app.config["ZHIAN"].demo),
    )


def _back(user_id: int, text: str) -> Any:
    say(text)
    return done(f"/settings/people/{user_id}/sign-in")


def send_link(user_id: int) -> Any:
    """A mail with a link that sets a password: an invitation, or for a new one."""
    user = _require(user_id)
    if not user.email:
        raise Refused(_("This person has no e-mail address. Add one first."))
    if not user.active or user.realm != "staff":
        raise Refused(_("Links are for active staff; people of clients are invited on the page of their client."))
    purpose = "reset" if user.password_hash else "invite"
    with elevated("a link is sent by an administrator") as session:
        token = links.make_link(session.connection(), user_id, purpose)
        links.write_link(user, token, purpose)
        note_action(session, "password_link_sent", user, changes={"purpose": [None, purpose]})
    return _back(user_id, gettext("The link is on its way to %(email)s; earlier ones are void", email=user.email))


def end_rest(user_id: int) -> Any:
    """The account may try again at once."""
    user = _require(user_id)
    tries.forget_tries(db.session().connection(), tries.account_key(user.realm, user.login))
    note_action(db.session(), "rest_ended", user)
    return _back(user_id, gettext("%(name)s may try again now", name=user.called))


def drop_factors(user_id: int) -> Any:
    """Second step, passkeys and recovery codes prove nothing any more, for somebody who lost them."""
    user = _require(user_id)
    if user_id == current_principal().user_id:
        raise Forbidden(_("Change your own second step on your account page."))
    factors.drop_all(db.session().connection(), user_id)
    end_sessions(db.session().connection(), [user_id])
    note_action(db.session(), "second_factor_taken", user)
    return _back(user_id, gettext("%(name)s signs in by password alone now", name=user.called))


def end_all(user_id: int) -> Any:
    """Sign the person out everywhere."""
    user = _require(user_id)
    keep = g.get("session_id") if user_id == current_principal().user_id else None
    end_sessions(db.session().connection(), [user_id], keep)
    note_action(db.session(), "sign_ins_ended", user)
    return _back(user_id, gettext("%(name)s is signed out everywhere", name=user.called))


def register(web: Blueprint) -> None:
    """The routes of this file."""
    base = "/settings/people/<int:user_id>/sign-in"
    web.add_url_rule(base, "person_sign_in", page)
    for path, view in (("link", send_link), ("rest", end_rest), ("factors", drop_factors), ("devices", end_all)):
        web.add_url_rule(f"{base}/{path}", f"person_{view.__name__}", view, methods=["POST"])
