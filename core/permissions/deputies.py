"""Who stands in for whom while somebody is away. What a deputy may do then is decided in `rules`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import or_, select

from core.clock import today
from core.db import db, elevated
from core.errors import FieldError, Forbidden, Invalid, NotFound
from core.i18n import _, gettext
from core.permissions.guard import OPEN
from core.permissions.model import Deputy
from core.permissions.org import Department, User


def may_name(user_id: int) -> bool:
    """Whether the person may name a deputy for `user_id`: for themself, as a head of theirs, or as an administrator."""
    principal = db.session().principal
    if principal.viewer is not None or principal.realm != "staff":
        return False
    if principal.is_system or user_id == principal.user_id or principal.can("core.deputy", "create"):
        return True
    return principal.user_id in heads_of(user_id)


def heads_of(user_id: int) -> set[int]:
    """Heads of the person's department and of those above it."""
    user, dept, found = User.__table__.c, Department.__table__.c, set()
    connection = db.session().connection()
    place, seen = connection.execute(select(user.department_id).where(user.id == user_id)).scalar(), set()
    while place is not None and place not in seen:
        seen.add(place)
        row = connection.execute(select(dept.head_id, dept.parent_id).where(dept.id == place)).first()
        if row is None:
            break
        found |= {row.head_id} - {None}
        place = row.parent_id
    return found


def name_deputy(user_id: int, deputy_id: int, starts: dt.date, ends: dt.date, note: str | None = None) -> Deputy:
    """Let `deputy_id` stand in for `user_id` from day to day. Raises `Forbidden` or `Invalid`."""
    from core.messages.writing import notify

    if not may_name(user_id):
        raise Forbidden(_("You name deputies for yourself and for people of your department."))
    for name, ident in (("user", user_id), ("deputy", deputy_id)):
        person = db.session.get(User, ident)
        if person is None or not person.active or person.realm != "staff":
            raise Invalid([FieldError(name, "not_found", _("Choose a colleague who can sign in."))])
    if ends < today():
        raise Invalid([FieldError("ends_on", "past", _("This time has passed."))])
    with elevated("deputy"):
        found = Deputy(
            user_id=user_id,
            deputy_id=deputy_id,
            starts_on=starts,
            ends_on=ends,
            note=(note or "").strip()[:300] or None,
        )
        db.session.add(found)
        db.session.flush()
    absent = db.session.get_one(User, user_id)
    days = {"who": absent.name, "start": starts.isoformat(), "end": ends.isoformat()}
    notify([deputy_id], gettext("You stand in for %(who)s from %(start)s to %(end)s", **days))
    return found


def end_deputy(ident: int) -> None:
    """End it now, or take it back before it begins. Also the deputy may."""
    found = db.session.scalars(select(Deputy).where(Deputy.id == ident), execution_options=OPEN).first()
    if found is None:
        raise NotFound()
    principal = db.session().principal
    if principal.viewer is not None or not (may_name(found.user_id) or found.deputy_id == principal.user_id):
        raise NotFound()
    with elevated("deputy ended"):
        again = db.session.get_one(Deputy, ident)
        if again.starts_on >= today():
            db.session.delete(again)
        else:
            again.ends_on = today() - dt.timedelta(days=1)
        db.session.flush()


def deputies_of(user_id: int | None) -> list[Any]:
    """Deputies that concern a person (None: everybody), now and later, as rows of the table."""
    table = Deputy.__table__
    wanted = select(table).where(table.c.ends_on >= today())
    if user_id is not None:
        wanted = wanted.where(or_(table.c.user_id == user_id, table.c.deputy_id == user_id))
    return list(db.session().connection().execute(wanted.order_by(table.c.starts_on, table.c.id).limit(500)))


def standing_for(user_ids: list[int]) -> dict[int, list[int]]:
    """Ids of those who stand in today, by the person who is away."""
    table, day = Deputy.__table__.c, today()
    found: dict[int, list[int]] = {}
    rows = (
        db.session()
        .connection()
        .execute(
            select(table.user_id, table.deputy_id)
            .where(table.user_id.in_(user_ids), table.starts_on <= day, table.ends_on >= day)
            .distinct()
        )
    )
    for away, deputy in rows:
        found.setdefault(away, []).append(deputy)
    return found
