"""Keeps the index as the records are: few changes in their own transaction, hundreds noted and taken in soon after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, event, select
from sqlalchemy.orm import ORMExecuteState

from core.clock import now
from core.contributions import Linked
from core.permissions.guard import GuardedSession
from core.records.base import Record
from core.records.behind import behind
from core.records.changes import Change, Pending
from core.registry import registry
from core.search import taking
from core.search.model import SearchWait
from core.search.plan import Plan, plans, watchers

MANY = 30
"""From so many new records of one flush on they are taken in afterwards: an import waits for no index."""
GAP = 200
"""Ids further apart than this are noted as several ranges."""


def note(session: Any, work: Pending) -> None:
    """Called after each flush, in its transaction."""
    known, watched = plans(), watchers()
    models = {*work.created, *work.updated, *work.deleted}
    if not any(m.__record__["key"] in known or m.__record__["key"] in watched for m in models):
        return
    connection = session.connection()
    for model in models:
        key = model.__record__["key"]
        if (plan := known.get(key)) is not None:
            _own(connection, plan, work.created.get(model, []), work.updated.get(model, []))
            if model in work.deleted:
                taking.forget(connection, plan, [r.id for r in work.deleted[model]])
        for owner, linked in watched.get(key, ()):
            _refresh(connection, known[owner], _owners(model, linked, work))


def _own(connection: Connection, plan: Plan, created: Sequence[Any], updated: Sequence[Change]) -> None:
    if created and (len(created) >= MANY or behind(connection)):
        wait(connection, plan.key, [r.id for r in created])
        created = ()
    changed = [c.record for c in updated if not plan.names.isdisjoint(c.new)]
    records = [*created, *changed]
    if records and any(part.linked for part in plan.parts):
        _refresh(connection, plan, [r.id for r in records])
    elif records:
        taking.write_records(connection, plan, records)


def _owners(model: type[Record], linked: Linked, work: Pending) -> set[int]:
    """The records that a changed one belongs to, or belonged to."""
    attr = registry().of(model).fields[linked.by].attr
    changes = work.updated.get(model, [])
    rows = [*work.created.get(model, ()), *work.deleted.get(model, ()), *(change.record for change in changes)]
    found = {getattr(row, attr) for row in rows} | {change.old.get(linked.by) for change in changes}
    return {ident for ident in found if isinstance(ident, int)}


def _refresh(connection: Connection, plan: Plan, ids: Iterable[int]) -> None:
    """Read and index these, now or, when there are many, soon."""
    chosen = sorted(set(ids))
    if len(chosen) >= MANY or (chosen and behind(connection)):
        wait(connection, plan.key, chosen)
    elif chosen:
        taking.take(connection, registry().types[plan.key], plan, chosen)


def derived(connection: Connection, model: type[Record], ids: Sequence[int], rows: Sequence[dict[str, Any]]) -> None:
    """Rows that a plugin derived and inserted by itself."""
    key = model.__record__["key"]
    if key in plans():
        _refresh(connection, plans()[key], ids)
    for owner, linked in watchers().get(key, ()):
        attr = registry().of(model).fields[linked.by].attr
        _refresh(connection, plans()[owner], {row[attr] for row in rows if row.get(attr)})


def wait(connection: Connection, key: str, ids: Sequence[int]) -> None:
    """Note records that are to be taken in."""
    from core.records.bulk import insert_rows

    at = now()
    rows = [{"record_key": key, "first_id": a, "last_id": b, "at": at} for a, b in ranges(ids)]
    insert_rows(connection, SearchWait.__table__, rows)


def ranges(ids: Sequence[int]) -> list[tuple[int, int]]:
    """(first, last) of ids that lie near each other."""
    found: list[tuple[int, int]] = []
    for ident in sorted(ids):
        if found and ident - found[-1][1] <= GAP:
            found[-1] = (found[-1][0], ident)
        else:
            found.append((ident, ident))
    return found


def waiting(connection: Connection) -> dict[str, list[tuple[int, int]]]:
    """What is not taken in yet, by record type."""
    table = SearchWait.__table__
    found: dict[str, list[tuple[int, int]]] = {}
    for key, first, last in connection.execute(select(table.c.record_key, table.c.first_id, table.c.last_id)):
        found.setdefault(key, []).append((first, last))
    return found


@event.listens_for(GuardedSession, "do_orm_execute")
def _statement(state: ORMExecuteState) -> Any:
    """Statements that change or delete rows of a class, as derived writes do: what they touched is read again."""
    if not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return None
    model = state.bind_mapper.class_
    key = model.__record__["key"] if issubclass(model, Record) else ""
    if key not in plans() and key not in watchers():
        return None
    connection = state.session.connection()
    rows, owners = _touched(connection, model, key, state)
    result = state.invoke_statement()
    if key in plans():
        _refresh(connection, plans()[key], rows)
    for (owner, _linked), ids in zip(watchers().get(key, ()), owners, strict=True):
        _refresh(connection, plans()[owner], ids)
    return result


def _touched(connection: Connection, model: type[Record], key: str, state: ORMExecuteState) -> tuple[list[int], list]:
    """Ids of the rows that a statement is about to touch, and of the records that are found by their texts."""
    table = model.__table__
    if isinstance(state.parameters, list) and state.statement.whereclause is None:
        where = table.c.id.in_([row["id"] for row in state.parameters if "id" in row])
    else:
        where = state.statement.whereclause
    links = [registry().of(model).fields[linked.by].attr for _owner, linked in watchers().get(key, ())]
    columns = [model.__mapper__.column_attrs[attr].columns[0] for attr in links]
    statement = select(table.c.id, *columns)
    found = connection.execute(statement if where is None else statement.where(where)).all()
    return [row[0] for row in found], [{row[n] for row in found if row[n]} for n in range(1, len(columns) + 1)]
