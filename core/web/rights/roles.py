"""`/settings/roles`: all roles with their people; new ones, copies, and those that are put away."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import _, gettext
from core.permissions.model import CUSTOM, CustomRole, FieldRight
from core.permissions.org import User, UserRole
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.web import shell
from core.web.lifecycle import done
from core.web.rights import matrix
from core.web.rights.words import crumbs, role_word
from core.web.settings_items import require_administrator
from core.web.toasts import say

REALMS = {"staff": _("Staff"), "admin": _("Administration"), "portal": _("Client portal")}


def roles() -> Any:
    """The list."""
    require_administrator()
    overlay, holders = matrix.overlay_now(), holders_by_role()
    groups = []
    for realm, label in REALMS.items():
        rows = [
            {
                "code": code,
                "label": role_word(role, code),
                "summary": str(role.summary or ""),
                "people": holders.get(code, []),
                "made": code in overlay.roles,
                "changed": matrix.changed_rights(code, overlay) + matrix.changed_fields(code, overlay),
            }
            for code, role in access().all_roles(overlay).items()
            if role.realm == realm
        ]
        groups.append({"label": str(label), "rows": sorted(rows, key=lambda r: r["label"])})
    title = gettext("Roles and rights")
    return render_template(
        "web/rights/roles.html",
        title=title,
        crumbs=crumbs(title),
        groups=[g for g in groups if g["rows"]],
        may=current_principal().can("core.role", "create"),
    )


def holders_by_role() -> dict[str, list[str]]:
    """Names of active people by the code of a role they hold."""
    found: dict[str, list[str]] = {}
    user, role = User.__table__.c, UserRole.__table__.c
    rows = select(role.role, user.name).where(role.user_id == user.id, user.active).order_by(user.name)
    for code, name in db.session().connection().execute(rows):
        found.setdefault(code, []).append(name)
    return found


def new(values: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> Any:
    """The form of a new role, which is like one that is shipped."""
    if not current_principal().can("core.role", "create"):
        raise Forbidden(detail={"record": "core.role", "action": "create"})
    given = values or {"base": request.args.get("like", ""), "copy": "1"}
    title = gettext("New role")
    page = render_template(
        "web/rights/new_role.html",
        title=title,
        crumbs=[*crumbs(gettext("Roles and rights"), "/settings/roles"), (title, None)],
        values=given,
        errors=errors or {},
        bases=_bases(),
    )
    return (page, 422) if errors else page


def _bases() -> list[tuple[str, str]]:
    """Roles that a new one may be like: those of staff and clients, shipped or made."""
    overlay = matrix.overlay_now()
    found = [(c, role_word(r, c)) for c, r in access().all_roles(overlay).items() if r.realm in ("staff", "portal")]
    return sorted(found, key=lambda item: item[1])


def create() -> Any:
    """Make the role; with `copy` it begins with the rights of the one it is like."""
    form, overlay = request.form, matrix.overlay_now()
    like = access().role(form.get("base", ""), overlay)
    if like is None or like.realm not in ("staff", "portal"):
        return new(form.to_dict(), {"base": gettext("Choose the role that this one is like.")})
    values = {
        "code": _code(form.get("name_en") or ""),
        "name": form.get("name"),
        "name_en": form.get("name_en"),
        "summary": form.get("summary"),
        "realm": like.realm,
        "base": overlay.like(like.code),
    }
    try:
        made = service.create(CustomRole, values)
    except Invalid as error:
        db.session.rollback()
        return new(form.to_dict(), {e.field: str(e.message) for e in error.errors})
    if form.get("copy"):
        copy_rights(like.code, made.code)
    forget()
    say(gettext("The role %(name)s is there. Nobody holds it yet.", name=made.called))
    return done(f"/settings/roles/{made.code}")


def _code(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:24]
    return f"{CUSTOM}{words or 'role'}_{secrets.token_hex(2)}"


def copy_rights(old: str, new_code: str) -> None:
    """Give a new role what another has: its rights and what is set for it on fields."""
    overlay = matrix.overlay_now()
    for key in shell.registry().types:
        pairs = matrix.pairs_of(old, key, overlay)
        if pairs:
            matrix.lay_over(new_code, key, frozenset(p for p in pairs if p[0] != "*"))
    for key, closed in overlay.closed.items():
        for (role, name), treatment in closed.items():
            if role == old:
                values = {"role": new_code, "record": key, "field": name, "treatment": treatment}
                service.create(FieldRight, values)


def archive(code: str) -> Any:
    """Put a made role away: whoever holds it loses what it gave within a second."""
    found = db.session.scalars(select(CustomRole).where(CustomRole.code == code)).first()
    if found is None:
        raise NotFound()
    name = found.called
    service.archive(found)
    forget()
    say(gettext("The role %(name)s is put away", name=name))
    return done("/settings/roles")


def rename(code: str) -> Any:
    """Other words for a made role."""
    found = db.session.scalars(select(CustomRole).where(CustomRole.code == code)).first()
    if found is None:
        raise NotFound()
    service.update(found, {n: request.form.get(n) for n in ("name", "name_en", "summary")})
    forget()
    say(gettext("Saved"))
    return done(f"/settings/roles/{code}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/roles", "roles", roles)
    web.add_url_rule("/settings/roles/-/new", "new_role", new)
    web.add_url_rule("/settings/roles/-/new", "create_role", create, methods=["POST"])
    web.add_url_rule("/settings/roles/<code>/rename", "rename_role", rename, methods=["POST"])
    web.add_url_rule("/settings/roles/<code>/archive", "archive_role", archive, methods=["POST"])
