"""Who is signed in to the portal: portal user, role and clients. The rules rest for what is about oneself alone."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g
from sqlalchemy import select

from core import current_locale, current_principal, db, elevated, record_class
from plugins.portal.records import PortalUser

READ = ("id", "name", "email", "role", "client_id", "name_en")


@dataclass(frozen=True)
class Me:
    """The signed-in person of a client."""

    id: int
    name: str
    email: str
    role: str
    client: int
    name_en: str | None
    client_name: str

    @property
    def shown(self) -> str:
        """The name in the reader's language."""
        return (current_locale() == "en" and self.name_en) or self.name


def client_ids() -> frozenset[int]:
    """The clients that the signed-in person is bound to."""
    return current_principal().claims.get("clients.client", frozenset())


def me() -> Me | None:
    """The portal user of the signed-in person; None for strangers."""
    user_id = current_principal().user_id
    if user_id is None:
        return None
    if "portal_me" not in g or g.portal_me_of != user_id:
        g.portal_me, g.portal_me_of = _read(user_id), user_id
    return g.portal_me


def _read(user_id: int) -> Me | None:
    with elevated("a portal user reads their own row"):
        row = db.session.execute(
            select(*(getattr(PortalUser, name) for name in READ)).where(PortalUser.user_id == user_id)
        ).first()
    return row and Me(*row, client_names([row.client_id]).get(row.client_id, ""))


def client_names(ids: list[int] | None = None) -> dict[int, str]:
    """Names of the person's own clients by id, whatever their role."""
    wanted = sorted(client_ids() & set(ids) if ids is not None else client_ids())
    client = record_class("clients.client")
    with elevated("a portal user knows the names of their own clients"):
        rows = db.session.execute(select(client.id, client.name, client.name_en).where(client.id.in_(wanted))).all()
    english = current_locale() == "en"
    return {row.id: (english and row.name_en) or row.name for row in rows}
