"""Why somebody may or may not do something to one record, and who may: the same rules, asked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, select

from core.db import db
from core.permissions.declared import FieldRule, Grant
from core.permissions.model import Share
from core.permissions.org import User
from core.permissions.people import load_principal
from core.permissions.principal import Principal
from core.permissions.rules import access, on_table
from core.permissions.shares import live
from core.records.base import Record

MOST_PEOPLE = 1000


@dataclass(frozen=True)
class Way:
    """One thing that opens or closes: `kind` is grant, deputy, share, follows or limit; `holds` for this record."""

    kind: str
    expression: ColumnElement[bool]
    grant: Grant | None = None
    absent: Principal | None = None
    name: Any = None
    holds: bool = False


@dataclass(frozen=True)
class Explanation:
    """What was asked and found. `exists` is for those who may know it."""

    person: Principal
    action: str
    exists: bool
    allowed: bool
    opening: list[Way] = field(default_factory=list)
    closing: list[Way] = field(default_factory=list)
    fields: dict[str, FieldRule] = field(default_factory=dict)


def explain(model: type[Record], ident: int, person: Principal, action: str) -> Explanation:
    """All ways of the person to this record, each tried by itself."""
    opening, closing = list(_opening(model, person, action)), list(_closing(model, person, action))
    answers = _try(model, ident, [*opening, *closing])
    if answers is None:
        return Explanation(person, action, exists=False, allowed=False, opening=opening, closing=closing)
    opening, closing = answers[: len(opening)], answers[len(opening) :]
    allowed = any(w.holds for w in opening) and all(w.holds for w in closing)
    return Explanation(person, action, True, allowed, opening, closing, access().treatments(model, person))


def _opening(model: type[Record], person: Principal, action: str) -> Iterator[Way]:
    rights, key = access(), model.__record__["key"]
    for grant in rights.grants_of(person, key, action):
        yield Way("grant", rights.scope_of(model, grant.scope, person), grant)
    for grant, absent in rights.lent(person, key, action):
        limits = [expression for _name, expression in rights.limits(model, absent, action)]
        yield Way("deputy", and_(rights.scope_of(model, grant.scope, absent), *limits), grant, absent)
    shared = rights.shared_with(model, person, action)
    if shared is not None:
        yield Way("share", shared)


def _closing(model: type[Record], person: Principal, action: str) -> Iterator[Way]:
    for name, expression in access().limits(model, person, action):
        yield Way("limit", expression, name=name)


def _try(model: type[Record], ident: int, ways: list[Way]) -> list[Way] | None:
    """The same ways, told whether each holds for the record; None when there is no such record."""
    table = model.__table__
    asked = [_as_column(on_table(way.expression), at) for at, way in enumerate(ways)]
    row = db.session().connection().execute(select(table.c.id, *asked).where(table.c.id == ident)).first()
    if row is None:
        return None
    held = [bool(value) for value in row[1:]]
    return [Way(w.kind, w.expression, w.grant, w.absent, w.name, holds) for w, holds in zip(ways, held, strict=True)]


def _as_column(expression: ColumnElement[bool], at: int) -> Any:
    """A condition as a column of a select: bare `true` and `false` are no columns everywhere."""
    known = {"true": literal(True), "false": literal(False)}.get(str(expression), expression)
    return known.label(f"w{at}")


@dataclass(frozen=True)
class Seer:
    """Somebody who may do it, and by what."""

    person: Principal
    ways: list[Way]


def seers(model: type[Record], ident: int, action: str = "read") -> list[Seer]:
    """Everybody who may do this to the record now, each asked by the SQL of their own rights, by name."""
    user = User.__table__.c
    connection = db.session().connection()
    ids = connection.execute(
        select(user.id).where(user.active, user.archived_at.is_(None)).order_by(user.name).limit(MOST_PEOPLE)
    )
    found = []
    for user_id in ids.scalars().all():
        person = load_principal(user_id, connection)
        if person is None or not access().can(person, model.__record__["key"], action):
            continue
        told = explain(model, ident, person, action)
        if told.allowed:
            found.append(Seer(person, [way for way in told.opening if way.holds]))
    return found


def shares_behind(key: str, ident: int) -> list[Any]:
    """Live shares of one record, as rows of the table."""
    table = Share.__table__
    wanted = select(table).where(table.c.record_key == key, table.c.record_id == ident, live())
    return list(db.session().connection().execute(wanted.order_by(table.c.ends_at)))
