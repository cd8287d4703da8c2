"""Settings: organisation, extensions and rights to look at; passwords, roles and sign-ins of others to set."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db, elevated
from core.errors import Forbidden, Invalid
from core.i18n import _, gettext
from core.permissions.granting import TOP_ROLES
from core.permissions.org import User, UserRole
from core.permissions.passwords import check_new, hash_password
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.audit import note_action
from core.web import extensions as extension_page
from core.web import sessions, shell
from core.web.imports import importable
from core.web.lifecycle import done
from core.web.toasts import say

ACTION_WORDS = {
    "read": _("read"),
    "create": _("create"),
    "update": _("update"),
    "delete": _("delete"),
    "export": _("export"),
    "*": _("everything"),
}
SCOPE_WORDS = {
    "all": _("all"),
    "own": _("own"),
    "assigned": _("assigned to them"),
    "team": _("own team"),
    "department": _("own department and below"),
    "branch": _("own branch"),
}
ADMINISTRATION = ("core.user", "update")


def settings() -> Any:
    """`/settings`: what can be set, as cards of links."""
    principal = current_principal()
    items = [
        {"label": str(m.label), "href": shell.url_of(m), "icon": m.icon}
        for m in shell.registry().menus
        if m.group == "settings" and shell.allowed(m, principal)
    ]
    if importable():
        items.append({"label": gettext("Import"), "href": "/import", "icon": "upload"})
    if may_administer():
        items.append({"label": gettext("Roles and rights"), "href": "/settings/roles", "icon": "shield"})
        items.append({"label": gettext("Extensions"), "href": "/settings/extensions", "icon": "puzzle"})
    return render_template(
        "web/settings.html", title=gettext("Settings"), crumbs=[(gettext("Settings"), None)], items=items
    )


def may_administer() -> bool:
    """Whether the person runs the deployment."""
    principal = current_principal()
    return principal.can(*ADMINISTRATION) or any(
        access().roles.get(r) and access().roles[r].realm == "admin" for r in principal.roles
    )


def _require() -> None:
    if not may_administer():
        raise Forbidden(detail={"action": "administer"})


def extensions() -> Any:
    """`/settings/extensions`: what is installed, what is on, and what it adds. Changed by a command."""
    _require()
    return extension_page.page(_crumbs(gettext("Extensions")))


def roles() -> Any:
    """`/settings/roles`: each role with its people and what it may do."""
    _require()
    holders: dict[str, list[str]] = {}
    user, role = User.__table__.c, UserRole.__table__.c
    found = select(role.role, user.name).where(role.user_id == user.id, user.active).order_by(user.name)
    for code, name in db.session().connection().execute(found):
        holders.setdefault(code, []).append(name)
    rows = [_role(r, holders.get(code, [])) for code, r in sorted(access().roles.items())]
    return render_template(
        "web/roles.html", title=gettext("Roles and rights"), crumbs=_crumbs(gettext("Roles and rights")), rows=rows
    )


def _role(role: Any, people: list[str]) -> dict[str, Any]:
    grants = [
        (record, g) for (code, record), given in sorted(access().grants.items()) if code == role.code for g in given
    ]
    types = shell.registry().types
    rights = [
        [_type_words(types, record), _action_words(record, g.actions), str(SCOPE_WORDS.get(g.scope, g.scope))]
        for record, g in grants
    ]
    return {
        "code": role.code,
        "label": str(role.label),
        "summary": str(role.summary or ""),
        "people": people,
        "rights": rights,
    }


def _type_words(types: dict[str, Any], key: str) -> str:
    return str(types[key].plural) if key in types else gettext("everything")


def _action_words(key: str, codes: tuple[str, ...]) -> str:
    named = shell.registry().actions.get(key, {})
    return gettext(", ").join(str(ACTION_WORDS.get(c) or (named[c].label if c in named else c)) for c in codes)


def person(user_id: int) -> Any:
    """`/settings/people/<id>`: roles, password and sign-ins of one person."""
    _require_people()
    user = service.get(User, user_id)
    return _person_page(user, {})


def _person_page(user: User, errors: dict[str, str]) -> Any:
    held = set(_held(user.id))
    rows = [
        {"code": r.code, "label": str(r.label), "held": r.code in held}
        for r in sorted(access().roles.values(), key=lambda r: (r.realm, r.code))
        if (r.realm == "portal") == (user.realm == "portal") or r.code in held
    ]
    page = render_template(
        "web/person.html",
        title=user.name,
        crumbs=[*_crumbs(gettext("People"), "/r/core.user"), (user.name, None)],
        user=user,
        roles=rows,
        sessions=sessions.sessions_of(user.id),
        errors=errors,
    )
    return (page, 422) if errors else page


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
    wanted, held = set(request.form.getlist("role")) & set(access().roles), set(_held(user_id))
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
    if not current_principal().can("core.user", "update"):
        raise Forbidden(detail={"record": "core.user", "action": "update"})
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
        again.failed_logins, again.locked_until = 0, None
        note_action(db.session(), "password_set", again)
    sessions.end_all(user_id)
    say(gettext("The new password of %(name)s is set; other sign-ins ended", name=user.name))
    return done(f"/settings/people/{user_id}")


def end_sign_in(user_id: int, session_id: int) -> Any:
    """End one sign-in of somebody."""
    _require_people()
    sessions.end_one(user_id, session_id)
    say(gettext("That device is signed out."))
    return done(f"/settings/people/{user_id}")


def _crumbs(last: str, href: str | None = None) -> list[tuple[str, str | None]]:
    return [(gettext("Settings"), "/settings"), (last, href)]


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings", "settings", settings)
    web.add_url_rule("/settings/extensions", "extensions", extensions)
    web.add_url_rule("/settings/roles", "roles", roles)
    web.add_url_rule("/settings/people/<int:user_id>", "person", person)
    web.add_url_rule("/settings/people/<int:user_id>/roles", "set_roles", set_roles, methods=["POST"])
    web.add_url_rule("/settings/people/<int:user_id>/password", "set_password", set_password, methods=["POST"])
    web.add_url_rule(
        "/settings/people/<int:user_id>/sessions/<int:session_id>/end", "end_sign_in", end_sign_in, methods=["POST"]
    )
