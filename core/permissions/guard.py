"""The session that enforces record rules: on each select, before and after each flush. Nothing above decides rights."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Column, bindparam, event, select, true
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    ClauseList,
    ExpressionClauseList,
    False_,
    Grouping,
    Null,
    True_,
    UnaryExpression,
)
from sqlalchemy.sql.selectable import Select

from core.errors import Forbidden, NotFound, Unguarded
from core.i18n import _
from core.permissions.principal import SYSTEM, Principal, current_principal
from core.permissions.rules import access
from core.permissions.selects import criteria, guarded_tables, mapped, mentioned
from core.records.base import Record
from core.records.changes import Pending, pending
from core.records.types import LARGEST_ID

OPEN = {"zhian_open": True}
"""Execution option of the few core statements that check rights by themselves."""


class GuardedSession(FlaskSession):
    """A session whose reads and writes obey `current_principal()`."""

    @property
    def principal(self) -> Principal:
        """Whose rules hold in this session now."""
        return SYSTEM if self.info.get("system") or self.info.get("elevated") else current_principal()

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """Like `Session.get`, but always asks the database, so that rules hold."""
        wanted = ident[0] if isinstance(ident, tuple) else ident
        if isinstance(wanted, int) and wanted > LARGEST_ID:
            return None
        if not issubclass(entity, Record):
            key = entity.__mapper__.get_property_by_column(entity.__mapper__.primary_key[0]).key
            return self.scalars(select(entity).where(getattr(entity, key) == wanted)).first()
        return self.scalars(_one(entity, self.principal), {"ident": wanted}, execution_options=OPEN).first()

    def get_one(self, entity: Any, ident: Any, **options: Any) -> Any:
        """Like `get`, but raises `NotFound`."""
        found = self.get(entity, ident, **options)
        if found is None:
            raise NotFound()
        return found

    def bulk_save_objects(self, *args: Any, **options: Any) -> None:
        """Always raises `Unguarded`."""
        raise Unguarded("bulk_save_objects escapes rules and audit; use bulk_create")

    bulk_insert_mappings = bulk_update_mappings = bulk_save_objects


def _one(model: type[Record], principal: Principal) -> Any:
    """The statement that reads one row by its id with the record rule in it; the same object each time."""
    key = ("get", model)
    if key not in principal.cache:
        where = access().where(model, principal, "read")
        chosen = select(model).where(model.id == bindparam("ident"))
        principal.cache[key] = chosen if where is true() else chosen.where(mapped(model, where))
    return principal.cache[key]


@event.listens_for(GuardedSession, "do_orm_execute")
def _guard_statement(state: ORMExecuteState) -> None:
    principal = state.session.principal  # type: ignore[attr-defined]
    if principal.is_system or (state.execution_options.get("zhian_open") and not state.is_relationship_load):
        return
    if not state.is_select or not state.is_orm_statement or not isinstance(state.statement, Select):
        raise Unguarded(
            f"{type(state.statement).__name__} escapes the record rules; use the record services or system()"
        )
    if state.is_column_load:
        state.statement = state.statement.where(_seen(state.bind_mapper, principal))
        return
    models = guarded_tables().values() if state.is_relationship_load else mentioned(state.statement)
    if options := criteria(models, principal, "read"):
        state.statement = state.statement.options(*options)


def _seen(mapper: Any, principal: Principal) -> Any:
    """Loading values of a row again asks whether the person may still see it; loader options do not reach that."""
    return mapped(mapper.class_, access().where(mapper.class_, principal, "read")) if mapper else true()


@event.listens_for(GuardedSession, "before_flush")
def _before_flush(session: GuardedSession, context: UOWTransaction, instances: Any) -> None:
    from core.records.lifecycle import prepare

    work = pending(session)
    if not work:
        return
    check_before(session, work)
    prepare(session, work)
    work = pending(session)
    session.info.setdefault("flushes", []).append(work)


@event.listens_for(GuardedSession, "after_flush")
def _after_flush(session: GuardedSession, context: UOWTransaction) -> None:
    from core.records.lifecycle import record_history

    session.info["wrote"] = True
    for work in session.info.get("flushes", ()):
        check_after(session, work)
        record_history(session, work)


@event.listens_for(GuardedSession, "after_flush_postexec")
def _after_flush_postexec(session: GuardedSession, context: UOWTransaction) -> None:
    from core.records.lifecycle import after_hooks

    for work in session.info.pop("flushes", ()):
        after_hooks(session, work)


@event.listens_for(GuardedSession, "after_soft_rollback")
def _forget(session: GuardedSession, previous: Any) -> None:
    session.info.pop("flushes", None)
    if previous.parent is None:  # behind a savepoint the transaction keeps what it wrote
        session.info.pop("wrote", None)


@event.listens_for(GuardedSession, "after_commit")
def _committed(session: GuardedSession) -> None:
    if not session.in_nested_transaction():
        session.info.pop("wrote", None)


def check_before(session: GuardedSession, work: Pending) -> None:
    """May each of these rows be written as they stand in the database now?"""
    principal = session.principal
    if principal.is_system:
        return
    if principal.viewer is not None:
        raise Forbidden(_("You look through the eyes of somebody else: nothing can be changed."))
    for model in work.created:
        _require(principal, model, "create")
    for model, changes in work.updated.items():
        _require(principal, model, _update_action(session, model))
        _check_rows(session, model, [c.record.id for c in changes], _update_action(session, model))
    for model, records in work.deleted.items():
        _require(principal, model, "delete")
        _check_rows(session, model, [r.id for r in records], "delete")


def check_after(session: GuardedSession, work: Pending) -> None:
    """Do the rows as written still lie within the person's scope? Nobody moves a row out of (or into) another's."""
    if session.principal.is_system:
        return
    for model, records in work.created.items():
        _check_rows(session, model, [r.id for r in records], "create")
    for model, changes in work.updated.items():
        action = _update_action(session, model)
        watched = _watched(session.principal, model, action)
        moved = [c.record.id for c in changes if watched is None or not watched.isdisjoint(c.attributes())]
        _check_rows(session, model, moved, action)


def _watched(principal: Principal, model: type[Record], action: str) -> frozenset[str] | None:
    """The columns on which the rule hangs; a row that keeps them stays in scope. None when it asks for more."""
    key = ("watched", model, action)
    if key not in principal.cache:
        parts = list(visitors.iterate(access().where(model, principal, action)))
        columns = {p for p in parts if isinstance(p, Column)}
        plain = all(isinstance(p, _PLAIN) for p in parts) and all(c.table is model.__table__ for c in columns)
        names = frozenset(model.__mapper__.get_property_by_column(c).key for c in columns) if plain else frozenset()
        principal.cache[key] = names if plain and names.isdisjoint(_STAMPS) else None
    return principal.cache[key]


_PLAIN = (
    Column,
    BindParameter,
    BinaryExpression,
    UnaryExpression,
    ClauseList,
    ExpressionClauseList,
    Grouping,
    Null,
    True_,
    False_,
)
_STAMPS = ("updated_by_id", "updated_at", "version")


def _update_action(session: GuardedSession, model: type[Record]) -> str:
    """A named action on a record carries its own right to change that type; everything else is an update."""
    key, code = session.info.get("acting", ("", ""))
    return code if key == model.__record__["key"] else "update"


def _require(principal: Principal, model: type[Record], action: str) -> None:
    if not access().can(principal, model.__record__["key"], action):
        raise Forbidden(
            _(
                "You may not %(action)s “%(record)s”. An administrator can grant it.",
                action=_(action),
                record=model.__record__["label"],
            ),
            detail={"record": model.__record__["key"], "action": action},
        )


def _check_rows(session: GuardedSession, model: type[Record], ids: list[int], action: str) -> None:
    principal = session.principal
    where = access().where(model, principal, action)
    if where is true() or not ids:
        return
    key, column = ("rows", model, action), model.__table__.c.id
    if key not in principal.cache:
        principal.cache[key] = select(column).where(column.in_(bindparam("ids", expanding=True)), where)
    allowed = 0
    for start in range(0, len(ids), 500):
        chosen = {"ids": ids[start : start + 500]}
        allowed += len(session.connection().execute(principal.cache[key], chosen).all())
    if principal.standing_in:
        note_behalf(session, model, ids, action)
    if allowed != len(set(ids)):
        raise Forbidden(
            _(
                "This “%(record)s” lies outside of what you may %(action)s.",
                action=_(action),
                record=model.__record__["label"],
            ),
            detail={"record": model.__record__["key"], "action": action},
        )


def note_behalf(session: GuardedSession, model: type[Record], ids: list[int], action: str) -> None:
    """Remember for the log which of these rows the person reaches only in the place of somebody who is away."""
    principal, column, key = session.principal, model.__table__.c.id, model.__record__["key"]
    connection, left = session.connection(), set(ids)
    own = access().where(model, principal.in_person, action)
    left -= set(connection.execute(select(column).where(column.in_(ids), own)).scalars())
    for ident in ids:
        principal.cache.pop(("behalf", key, ident), None)
    for absent in principal.standing_in if left else ():
        theirs = access().where(model, absent, action)
        for ident in connection.execute(select(column).where(column.in_(sorted(left)), theirs)).scalars():
            principal.cache.setdefault(("behalf", key, ident), absent)
