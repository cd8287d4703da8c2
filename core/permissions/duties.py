"""Separation of duties: what two persons must share. Roles that nobody may hold together are held apart here.

A pair of acts on one record is refused where the act is done, by the plugin that owns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select

from core.db import db
from core.errors import Refused
from core.i18n import _, gettext
from core.permissions.org import User, UserRole
from core.permissions.rules import access
from core.registry import registry

BUSINESS = "@business"
"""In `apart`: any role of staff that is no administrator's."""


@dataclass(frozen=True)
class Duty:
    """Two acts (or roles) that one person may not have both. `strength` begins with hard or soft.

    `apart` are groups of role codes of which a person may hold one group alone; `kept_at` the record type at which the
    second act is refused.
    """

    code: str
    label: Any
    first: str
    second: str
    strength: str
    apart: tuple[frozenset[str], ...] = ()
    kept_at: str = ""


def duties() -> list[Duty]:
    """All that the plugins name, in their order."""
    return [duty for _plugin, duty in registry().hooks.collect("register_duties")]


def strict() -> bool:
    """Whether this deployment follows the profile that assessors of classified protection ask for."""
    return current_app.config["ZHIAN"].identity.policy == "mlps"


def clash(duty: Duty, roles: frozenset[str]) -> list[str]:
    """Codes out of `roles` that lie in two groups that are to be held apart; empty when they do not clash."""
    sides = [[role for role in sorted(roles) if _in(role, group)] for group in duty.apart]
    return [role for side in sides for role in side] if sum(map(bool, sides)) > 1 else []


def _in(role: str, group: frozenset[str]) -> bool:
    if role in group:
        return True
    known = access().role(role)
    return BUSINESS in group and known is not None and known.realm == "staff"


def check_together(user_id: int, role: str) -> None:
    """Raises `Refused` in the strict profile when this role cannot be held beside those that the person has."""
    if not strict():
        return
    held = UserRole.__table__.c
    codes = db.session().connection().execute(select(held.role).where(held.user_id == user_id)).scalars()
    roles = frozenset(codes) | {role}
    for duty in duties():
        if role in (found := clash(duty, roles)):
            named = gettext(", ").join(str(r.label) if (r := access().role(code)) else code for code in found)
            message = _("One person may not hold these together: %(roles)s. %(why)s.", roles=named, why=duty.label)
            raise Refused(message, code="separation_of_duties")


def held_together(duty: Duty) -> list[tuple[str, list[str]]]:
    """(person, roles) of those who hold what is to be held apart."""
    if not duty.apart:
        return []
    user, role = User.__table__.c, UserRole.__table__.c
    rows = select(user.name, role.role).where(role.user_id == user.id, user.active, user.archived_at.is_(None))
    people: dict[str, set[str]] = {}
    for name, code in db.session().connection().execute(rows):
        people.setdefault(name, set()).add(code)
    found = [(name, clash(duty, frozenset(codes))) for name, codes in sorted(people.items())]
    return [(name, codes) for name, codes in found if codes]
