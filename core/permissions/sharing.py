"""Giving and ending shares: nobody opens more than their own rights reach, and each act stands in the record's log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import or_, select

from core.clock import LOCAL, now, today
from core.db import db, elevated
from core.errors import FieldError, Forbidden, Invalid, NotFound
from core.i18n import _
from core.messages.writing import notify
from core.permissions.guard import OPEN
from core.permissions.model import Share
from core.permissions.org import Department, User
from core.permissions.principal import Principal
from core.permissions.rules import access
from core.permissions.shares import live
from core.records.audit import note_action
from core.records.base import Record
from core.records.naming import open_name
from core.registry import registry

MOST_DAYS = 366
LEVELS = ("read", "update")


def shareable(key: str) -> bool:
    """Whether records of the type can be opened one by one: those of plugins whose rows have scopes."""
    kind = registry().types.get(key)
    return kind is not None and kind.public and not key.startswith("core.") and key in access().scopes


def may_share(record: Record, level: str = "read") -> bool:
    """Whether the person's own rights, without what others lent them, reach this record at that level."""
    principal, key = db.session().principal, type(record).__record__["key"]
    if principal.realm != "staff" or not shareable(key) or not principal.in_scope(key, "share"):
        return False
    table, where = type(record).__table__, access().where(type(record), principal.alone, level)
    return (
        db.session().connection().execute(select(table.c.id).where(table.c.id == record.id, where)).first() is not None
    )


def share(
    record: Record,
    *,
    user_id: int | None = None,
    department_id: int | None = None,
    level: str = "read",
    until: dt.date,
    note: str | None = None,
) -> Share:
    """Open a record to a person or a department until that day. Raises `Forbidden` or `Invalid`.

    Whoever has the record already keeps one share: its level and day become the new ones.
    """
    key = type(record).__record__["key"]
    if level not in LEVELS:
        raise Invalid([FieldError("level", "choice", _("Choose what may be done."))])
    if not may_share(record, level):
        raise Forbidden(_("You can open to others only what your own rights reach."), detail={"record": key})
    _check_day(until)
    name = _name_of(user_id, department_id)
    with elevated("share"):
        found = db.session.scalars(_same(key, record.id, user_id, department_id)).first()
        if found is None:
            found = Share(record_key=key, record_id=record.id, user_id=user_id, department_id=department_id)
            db.session.add(found)
        found.level, found.ends_at, found.note = level, _end_of(until), (note or "").strip()[:300] or None
        db.session.flush()
    words = {"who": name, "day": until.isoformat()}
    note_action(db.session(), "opened this to %(who)s until %(day)s", record, changes={"words": words, "level": level})
    if user_id is not None:
        _tell(record, user_id, until)
    return found


def _tell(record: Record, user_id: int, until: dt.date) -> None:
    from core.i18n import gettext

    who, day = db.session().principal.name, until.isoformat()
    subject = gettext("%(who)s opened %(name)s to you until %(day)s", who=who, name=open_name(record), day=day)
    notify([user_id], subject, record=record)


def _check_day(until: dt.date) -> None:
    if not today() <= until <= today() + dt.timedelta(days=MOST_DAYS):
        raise Invalid([FieldError("until", "range", _("Choose a day from today on, at most a year ahead."))])


def _end_of(day: dt.date) -> dt.datetime:
    """The last moment of the day where the agency is."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), LOCAL).astimezone(dt.UTC)


def _name_of(user_id: int | None, department_id: int | None) -> str:
    """Who is meant; raises `Invalid` unless it is exactly one person of the staff or one department."""
    if (user_id is None) == (department_id is None):
        raise Invalid([FieldError("user", "required", _("Choose a person or a department."))])
    if department_id is not None:
        place = db.session.get(Department, department_id)
        if place is None or place.archived_at is not None:
            raise Invalid([FieldError("department", "not_found", _("There is no such department."))])
        return place.name
    person = db.session.get(User, user_id)
    if person is None or not person.active or person.realm != "staff" or user_id == db.session().principal.user_id:
        raise Invalid([FieldError("user", "not_found", _("Choose a colleague who can sign in."))])
    return person.name


def _same(key: str, record_id: int, user_id: int | None, department_id: int | None) -> Any:
    return select(Share).where(
        Share.record_key == key,
        Share.record_id == record_id,
        Share.user_id.is_(None) if user_id is None else Share.user_id == user_id,
        Share.department_id.is_(None) if department_id is None else Share.department_id == department_id,
        Share.ends_at > now(),
    )


def shares_of(record: Record) -> list[Share]:
    """Live shares of a record that the person sees, the last to end first. The caller has checked the record."""
    key = type(record).__record__["key"]
    wanted = select(Share).where(Share.record_key == key, Share.record_id == record.id, Share.ends_at > now())
    return list(db.session.scalars(wanted.order_by(Share.ends_at.desc(), Share.id), execution_options=OPEN))


def end_share(record: Record, share_id: int) -> None:
    """End a share now. Who gave it may, who may change the record by own right, and who administers shares."""
    key, principal = type(record).__record__["key"], db.session().principal
    found = next((s for s in shares_of(record) if s.id == share_id), None)
    if found is None:
        raise NotFound()
    own = found.created_by_id == principal.user_id or may_share(record, "update")
    if principal.viewer is not None or not (own or principal.can("core.share", "delete")):
        raise Forbidden(detail={"record": key, "action": "share"})
    with elevated("share ended"):
        again = db.session.get_one(Share, share_id)
        again.ends_at = now()
        db.session.flush()
    note_action(db.session(), "ended a share", record, changes={"share": share_id})


def given_or_taken(principal: Principal, *, taken: bool) -> list[Any]:
    """Live shares with this person (or by them), the newest first: rows of the table."""
    from core.permissions.shares import given_to

    table = Share.__table__
    mine = given_to(principal) if taken else table.c.created_by_id == principal.user_id
    found = select(table).where(or_(mine), live()).order_by(table.c.id.desc()).limit(200)
    return list(db.session().connection().execute(found))


def end_all_of(user_id: int) -> None:
    """Everything opened to a person who leaves ends; the caller is elevated."""
    for found in db.session.scalars(select(Share).where(Share.user_id == user_id, Share.ends_at > now())):
        found.ends_at = now()
