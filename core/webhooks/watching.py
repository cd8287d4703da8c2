"""Which webhooks want to know of a flush or an action: one outbox row per record and happening, in its transaction."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import select

from core.db import db, reading
from core.events.outbox import put
from core.permissions.people import load_principal
from core.permissions.rules import access
from core.records.conditions import condition, judging
from core.registry import RecordType, registry
from core.webhooks.conditions import filters_of
from core.webhooks.model import Webhook

EVENT = SUBSCRIBER = "core.webhooks"
FRESH_SECONDS = 1.0
_table = Webhook.__table__


class Wish(NamedTuple):
    """A webhook that is switched on, as far as this room asks."""

    id: int
    user_id: int
    kinds: frozenset[str]
    condition: str | None


class Wishes(NamedTuple):
    """All of them by record type, as this process knew them a moment ago."""

    until: float
    by_record: dict[str, list[Wish]]


def wishes(key: str, *kinds: str) -> list[Wish]:
    """The webhooks that want one of these kinds of happenings of a record type."""
    known: Wishes | None = current_app.extensions.get("zhian.webhooks")
    if known is None or known.until < time.monotonic():
        known = current_app.extensions["zhian.webhooks"] = _read()
    return [wish for wish in known.by_record.get(key, ()) if not wish.kinds.isdisjoint(kinds)]


def _read() -> Wishes:
    columns = (_table.c.id, _table.c.user_id, _table.c.records, _table.c.kinds, _table.c.condition)
    found: dict[str, list[Wish]] = {}
    with reading() as connection:
        for row in connection.execute(select(*columns).where(_table.c.active)):
            wish = Wish(row.id, row.user_id, frozenset(row.kinds or ()), row.condition)
            for key in row.records or ():
                found.setdefault(key, []).append(wish)
    return Wishes(time.monotonic() + FRESH_SECONDS, found)


def forget_wishes() -> None:
    """After a change of a webhook in this process; others follow within a second."""
    current_app.extensions.pop("zhian.webhooks", None)


def tell(key: str, kind: str, ids: list[int], **more: Any) -> None:
    """Put what happened to these records into the outbox, for the webhooks that want it."""
    wanted = [wish.id for wish in wishes(key, kind)]
    if wanted and ids:
        base = {"record": key, "kind": kind, "webhooks": wanted} | more
        put(db.session(), EVENT, [base | {"id": ident} for ident in ids], [SUBSCRIBER])


def created(model: type[Any], records: list[Any]) -> None:
    """New records."""
    tell(model.__record__["key"], "created", [record.id for record in records])


def updated(model: type[Any], changes: list[Any]) -> None:
    """Changed records: put away, brought back, in a new status, or plainly changed."""
    key = model.__record__["key"]
    if not wishes(key, "updated", "archived", "restored", "status"):
        return
    status = status_field(registry().of(model))
    for change in changes:
        fields, ident = sorted(set(change.new) - {"archived_at"}), [change.record.id]
        if "archived_at" in change.new:
            tell(key, "archived" if change.new["archived_at"] else "restored", ident)
        if fields:
            tell(key, "updated", ident, fields=fields)
        if status in fields:
            tell(key, "status", ident, fields=[status])


def deleted(model: type[Any], records: list[Any]) -> None:
    """Records that are about to go: who may see them is asked now, while they are there."""
    kind = registry().of(model)
    ids = [record.id for record in records]
    for wish in wishes(kind.key, "deleted"):
        seen = seen_by(wish.user_id, kind, ids, wish.condition)
        base = {"record": kind.key, "kind": "deleted", "webhooks": [wish.id]}
        if seen:
            put(db.session(), EVENT, [base | {"id": ident} for ident in seen], [SUBSCRIBER])


def acted(key: str, code: str, records: list[Any]) -> None:
    """A named action was run on these records."""
    tell(key, "action", [record.id for record in records], action=code)


def seen_by(user_id: int, kind: RecordType, ids: list[int], said: str | None) -> list[int]:
    """Which of these records the person may read and the condition, made with their sight, lets through."""
    connection = db.session().connection()
    principal = load_principal(user_id, connection)
    if principal is None:
        return []
    with judging(principal):
        table = kind.model.__table__
        where = [access().where(kind.model, principal, "read"), table.c.id.in_(ids)]
        where += [condition(kind, one) for one in filters_of(kind, said)]
        return list(connection.execute(select(table.c.id).where(*where)).scalars())


def status_field(kind: RecordType) -> str:
    """The field that a type's board is made by, else the one named status."""
    board = registry().view("kanban", kind.key)
    return board.field if board is not None else "status"
