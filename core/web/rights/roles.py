"""`/settings/roles`: each role with its people and what it may do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from core.db import db
from core.i18n import gettext
from core.permissions.org import User, UserRole
from core.permissions.rules import access
from core.web import shell
from core.web.rights.words import SCOPE_WORDS, action_words, crumbs, type_words
from core.web.settings_items import require_administrator


def roles() -> Any:
    """`/settings/roles`: each role with its people and what it may do."""
    require_administrator()
    holders: dict[str, list[str]] = {}
    user, role = User.__table__.c, UserRole.__table__.c
    found = select(role.role, user.name).where(role.user_id == user.id, user.active).order_by(user.name)
    for code, name in db.session().connection().execute(found):
        holders.setdefault(code, []).append(name)
    rows = [_role(r, holders.get(code, [])) for code, r in sorted(access().roles.items())]
    return render_template(
        "web/roles.html", title=gettext("Roles and rights"), crumbs=crumbs(gettext("Roles and rights")), rows=rows
    )


def _role(role: Any, people: list[str]) -> dict[str, Any]:
    grants = [
        (record, g) for (code, record), given in sorted(access().grants.items()) if code == role.code for g in given
    ]
    types = shell.registry().types
    rights = [
        [type_words(types, record), action_words(record, g.actions), str(SCOPE_WORDS.get(g.scope, g.scope))]
        for record, g in grants
    ]
    return {
        "code": role.code,
        "label": str(role.label),
        "summary": str(role.summary or ""),
        "people": people,
        "rights": rights,
    }


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/roles", "roles", roles)
