"""`/settings/people/<id>`: roles, password and sign-ins of one person, set by those who give rights."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db, elevated
from core.errors import Forbidden, Invalid
from core.i18n import _, gettext
from core.identity.proof import require_proof
from core.permissions.granting import TOP_ROLES
from core.permissions.org import User, UserRole
from core.permissions.overlay import read_overlay
from core.permissions.passwords import check_new, hash_password
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.audit import note_action
from core.web import sessions
from core.web.lifecycle import done
from core.web.rights.words import crumbs
from core.web.toasts import say


def person(user_id: int) -> Any:
    """`/settings/people/<id>`: roles, password and sign-ins of one person."""
    _require_people()
    user = service.get(User, user_id)
    return _person_page(user, {})


def _person_page(user: User, errors: dict[str, str]) -> Any:
    held = set(_held(user.id))
    rows = [
        {"code": r.code, "label": str(r.label), "held": r.code in held}
        for r in sorted(_roles().values(), key=lambda r: (r.realm, r.code))
        if (r.realm == "portal") == (user.realm == "portal") or r.code in held
    ]
    page = render_template(
        "web/person.html",
        title=user.called,
        crumbs=[*crumbs(gettext("People"), "/r/core.user"), (user.called, None)],
        user=user,
        roles=rows,
        sessions=sessions.sessions_of(user.id),
        errors=errors,
    )
    return (page, 422) if errors else page


def _roles() -> dict[str, Any]:
    """Shipped roles and those made here."""
    return access().all_roles(read_overlay(db.session().connection()))


def _held(user_id: int) -> list[str]:
    table = UserRole.__table__.c
    return list(db.session().connection().execute(select(table.role).where(table.user_id == user_id)).scalars())


def _require_people() -> None:
    if not current_principal().can("core.user_role", "create"):
        raise Forbidden(detail={"record": "core.user_role", "action": "create"})


def set_roles(user_id: int) -> Any:
    """Give and take roles. Nobody changes their own, and only administrators make administrators."""
    _require_people()
    principal = current_principal()
    user = service.get(User, user_id)
    if user.id == principal.user_id:
        raise Forbidden(_("Nobody changes their own roles. Ask a second administrator."))
    require_proof()
    wanted, held = set(request.form.getlist("role")) & set(_roles()), set(_held(user_id))
    if (wanted ^ held) & TOP_ROLES and not principal.has_role(*TOP_ROLES):
        raise Forbidden(_("Only an administrator with all rights gives or takes this role."))
    for row in db.session.scalars(select(UserRole).where(UserRole.user_id == user_id)):
        if row.role not in wanted:
            service.delete(row)
    for code in sorted(wanted - held):
        service.create(UserRole, {"user": user_id, "role": code})
    forget(user_id)
    say(gettext("Roles of %(name)s are saved", name=user.name))
    return done(f"/settings/people/{user_id}")


def set_password(user_id: int) -> Any:
    """A new password for somebody; their sign-ins end."""
    _require_people()
    require_proof()
    user = service.get(User, user_id)
    if set(_held(user_id)) & TOP_ROLES and not current_principal().has_role(*TOP_ROLES):
        raise Forbidden(_("Only an administrator with all rights sets this person's password."))
    try:
        check_new(request.form.get("password", ""), user.login)
    except Invalid as error:
        return _person_page(user, {e.field: str(e.message) for e in error.errors})
    with elevated("password set by an administrator"):
        again = db.session.get_one(User, user_id)
        again.password_hash = hash_password(request.form["password"])
        note_action(db.session(), "password_set", again)
    sessions.end_all(user_id)
    say(gettext("The new password of %(name)s is set; other sign-ins ended", name=user.name))
    return done(f"/settings/people/{user_id}")


def end_sign_in(user_id: int, session_id: int) -> Any:
    """End one sign-in of somebody."""
    _require_people()
    service.get(User, user_id)
    sessions.end_one(user_id, session_id)
    say(gettext("That device is signed out."))
    return done(f"/settings/people/{user_id}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/people/<int:user_id>", "person", person)
    web.add_url_rule("/settings/people/<int:user_id>/roles", "set_roles", set_roles, methods=["POST"])
    web.add_url_rule("/settings/people/<int:user_id>/password", "set_password", set_password, methods=["POST"])
    web.add_url_rule(
        "/settings/people/<int:user_id>/sessions/<int:session_id>/end", "end_sign_in", end_sign_in, methods=["POST"]
    )
