"""Who holds a role now: the one place that takes holders of a role made in the browser for those of its model."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from core.db import db
from core.permissions.org import User, UserRole
from core.permissions.overlay import read_overlay
from core.permissions.rules import access


def codes_like(codes: Iterable[str]) -> set[str]:
    """These roles, and those that administrators made like one of them and did not put away."""
    wanted, made = set(codes), read_overlay(db.session().connection()).roles.values()
    return wanted | {role.code for role in made if role.base in wanted}


def role_holders(*codes: str, realm: str = "staff") -> list[int]:
    """Ids of the people who can sign in and hold one of these roles, or one made like it; in order of their ids.

    Whoever asks: who is responsible for what is no secret, and messages must reach them.
    """
    user, held = User.__table__.c, UserRole.__table__.c
    wanted = (
        select(user.id)
        .join(UserRole.__table__, held.user_id == user.id)
        .where(held.role.in_(sorted(codes_like(codes))), user.realm == realm, user.active, user.archived_at.is_(None))
        .distinct()
        .order_by(user.id)
    )
    return list(db.session().connection().execute(wanted).scalars())


def able(record_key: str, action: str) -> list[int]:
    """Ids of the people of the staff to whom some role gives this right on the record type, in whatever scope."""
    rights, overlay = access(), read_overlay(db.session().connection())
    giving = [
        code
        for code in rights.all_roles(overlay)
        for key in (record_key, "*")
        if any(action in g.actions or "*" in g.actions for g in rights.held_by(code, key, overlay))
    ]
    user, held = User.__table__.c, UserRole.__table__.c
    here = (user.realm == "staff", user.active, user.archived_at.is_(None))
    chosen = select(user.id).join(UserRole.__table__, held.user_id == user.id).where(held.role.in_(giving), *here)
    return list(db.session().connection().execute(chosen.distinct().order_by(user.id)).scalars())
