"""Handing over and leaving: what still names a person, who takes it, and what ends the minute somebody is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import UniqueConstraint, and_, exists, func, or_, select

from core.clock import now, today
from core.db import db, elevated
from core.errors import FieldError, Forbidden, Invalid
from core.i18n import _
from core.permissions.deputies import heads_of
from core.permissions.model import Deputy, Share
from core.permissions.org import ApiKey, LoginSession, User
from core.records.audit import note_action
from core.records.base import Record
from core.records.bulk import bulk_update
from core.records.conditions import column_of
from core.records.fields import Field
from core.registry import RecordType, registry

NOT_HANDED = ("core.user_role", "core.api_key", "core.session", "core.notification", "core.share", "core.deputy")


@dataclass(frozen=True)
class Held:
    """Records that name a person in one field."""

    kind: RecordType
    field: Field
    number: int

    @property
    def name(self) -> str:
        """`cases.case.agent`: how a choice of successor names it."""
        return f"{self.kind.key}.{self.field.name}"


def may_hand_over(user_id: int) -> bool:
    """Administrators of people, the personnel office, and heads of the person's department."""
    principal = db.session().principal
    if principal.viewer is not None or principal.realm not in ("staff", "system"):
        return False
    return principal.is_system or principal.can("core.user", "hand_over") or principal.user_id in heads_of(user_id)


def held_by(user_id: int) -> list[Held]:
    """What still names the person in a field that can be set anew, put away records aside; the most first."""
    connection, found = db.session().connection(), []
    for kind in registry().types.values():
        table = kind.model.__table__
        for spec in _naming(kind):
            here = and_(column_of(kind, spec) == user_id, table.c.archived_at.is_(None))
            number = connection.execute(select(func.count()).select_from(table).where(here)).scalar_one()
            found += [Held(kind, spec, number)] if number else []
    return sorted(found, key=lambda h: -h.number)


def _naming(kind: RecordType) -> list[Field]:
    """Fields that can name another person; a row that goes with its person is theirs and stays so."""
    if kind.key in NOT_HANDED:
        return []
    columns = kind.model.__table__.c
    linked = [s for s in kind.fields.values() if s.target == "core.user" and s.writable]
    named = (s for s in linked if s.attr in columns)
    kept = [s for s in named if not any(key.ondelete == "CASCADE" for key in columns[s.attr].foreign_keys)]
    return kept + [s for s in linked if s.custom]


def hand_over(user_id: int, takers: Mapping[str, int]) -> tuple[int, int]:
    """Let others take what names a person: `takers` by `Held.name`. (handed over, left because the taker is named too).

    Raises `Forbidden`, or `Invalid` for somebody who cannot take it.
    """
    if not may_hand_over(user_id):
        raise Forbidden(detail={"record": "core.user", "action": "hand_over"})
    wanted = [(held, takers[held.name]) for held in held_by(user_id) if takers.get(held.name)]
    for held, taker in wanted:
        _check_taker(held.name, user_id, taker)
    done = left = 0
    with elevated("handover"):
        for held, taker in wanted:
            ids = _ids(held, user_id, taker)
            for start in range(0, len(ids), 500):
                bulk_update(held.kind.model, [(i, None, {held.field.name: taker}) for i in ids[start : start + 500]])
            done, left = done + len(ids), left + held.number - len(ids)
            names = {"field": held.name, "taker": taker, "number": len(ids)}
            note_action(db.session(), "hand_over", db.session.get_one(User, user_id), changes=names)
    return done, left


def _check_taker(name: str, user_id: int, taker: int) -> None:
    person = db.session.get(User, taker)
    if person is None or not person.active or person.realm != "staff" or taker == user_id:
        raise Invalid([FieldError(name, "not_found", _("Choose a colleague who can sign in."))])


def _ids(held: Held, user_id: int, taker: int) -> list[int]:
    """Rows to be handed over; not those beside which the taker already has a row of their own."""
    table = held.kind.model.__table__
    column = column_of(held.kind, held.field)
    wanted = select(table.c.id).where(column == user_id, table.c.archived_at.is_(None))
    for constraint in table.constraints:
        unique = isinstance(constraint, UniqueConstraint) and not held.field.custom
        if unique and column.name in constraint.columns:
            other = table.alias()
            same = [other.c[c.name] == c for c in constraint.columns if c.name != column.name]
            wanted = wanted.where(~exists().where(other.c[column.name] == taker, *same))
    return list(db.session().connection().execute(wanted.order_by(table.c.id)).scalars())


def gone(users: list[Record]) -> None:
    """People who cannot sign in any more: their sign-ins, keys, shares and deputies end with this transaction."""
    ids = [user.id for user in users]
    connection, at = db.session().connection(), now()
    session, key, share = LoginSession.__table__, ApiKey.__table__, Share.__table__
    connection.execute(
        session.update().where(session.c.user_id.in_(ids), session.c.ended_at.is_(None)).values(ended_at=at)
    )
    connection.execute(key.update().where(key.c.user_id.in_(ids), key.c.revoked_at.is_(None)).values(revoked_at=at))
    connection.execute(share.update().where(share.c.user_id.in_(ids), share.c.ends_at > at).values(ends_at=at))
    deputy = Deputy.__table__
    theirs = or_(deputy.c.user_id.in_(ids), deputy.c.deputy_id.in_(ids))
    connection.execute(deputy.delete().where(theirs, deputy.c.ends_on >= today()))
    db.session().info["wrote"] = True


def check_tree(departments: list[Any]) -> None:
    """A department lies neither in itself nor in one below it. Raises `Invalid`."""
    from core.permissions.org import Department

    table, connection = Department.__table__, db.session().connection()
    for place in departments:
        parent, seen = place.parent_id, {place.id}
        while parent is not None:
            if parent in seen:
                raise Invalid([FieldError("parent", "circle", _("A department cannot lie within itself."))])
            seen.add(parent)
            parent = connection.execute(select(table.c.parent_id).where(table.c.id == parent)).scalar()
