"""The session that enforces record rules: on every select, and before and after each flush. Nothing above it decides rights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Column, Label, Table, event, false, select, true
from sqlalchemy.orm import ORMExecuteState, UOWTransaction, with_loader_criteria
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
from sqlalchemy.sql.visitors import HasTraverseInternals

from core.errors import Forbidden, NotFound, Unguarded
from core.i18n import _
from core.permissions.principal import SYSTEM, Principal, current_principal
from core.permissions.rules import access
from core.records.base import MODELS, Record
from core.records.changes import Pending, pending

OPEN = {"zhian_open": True}
"""Execution option of the few core statements that check rights by themselves."""

_by_table: dict[str, type[Record]] = {}


def guarded_tables() -> dict[str, type[Record]]:
    """Record classes by table name."""
    if len(_by_table) != len(MODELS):
        _by_table.update({m.__tablename__: m for m in MODELS.values()})
    return _by_table


class GuardedSession(FlaskSession):
    """A session whose reads and writes obey `current_principal()`."""

    @property
    def principal(self) -> Principal:
        return SYSTEM if self.info.get("system") or self.info.get("elevated") else current_principal()

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """Like `Session.get`, but always asks the database, so that rules hold."""
        key = entity.__mapper__.primary_key[0]
        return self.scalars(select(entity).where(key == ident)).first()

    def get_one(self, entity: Any, ident: Any, **options: Any) -> Any:
        found = self.get(entity, ident, **options)
        if found is None:
            raise NotFound()
        return found

    def bulk_save_objects(self, *args: Any, **options: Any) -> None:
        raise Unguarded("bulk_save_objects escapes rules and audit; use bulk_create")

    bulk_insert_mappings = bulk_update_mappings = bulk_save_objects


@event.listens_for(GuardedSession, "do_orm_execute")
def _guard_statement(state: ORMExecuteState) -> None:
    principal = state.session.principal  # type: ignore[attr-defined]
    if principal.is_system or state.execution_options.get("zhian_open"):
        return
    if not state.is_select or not state.is_orm_statement or not isinstance(state.statement, Select):
        raise Unguarded(
            f"{type(state.statement).__name__} escapes the record rules; use the record services or system()"
        )
    if state.is_column_load:
        return
    options = criteria(_mentioned(state.statement), principal, "read")
    if options:
        state.statement = state.statement.options(*options)


def criteria(models: Iterable[type[Record]], principal: Principal, action: str) -> list[Any]:
    """The loader options that filter these classes for the principal; the same objects each time."""
    found = []
    for model in models:
        key = ("criteria", model, action)
        if key not in principal.cache:
            where = access().where(model, principal, action)
            free = where is true() or str(where) == "true"
            principal.cache[key] = (
                None if free else with_loader_criteria(model, _anchored(model, where), include_aliases=True)
            )
        if (option := principal.cache[key]) is not None:
            found.append(option)
    return found


def _anchored(model: type[Record], where: Any) -> Any:
    """A bare `false` would be added nowhere that adapts to an alias; it is said about the primary key instead."""
    return model.id.in_(()) if where is false() or str(where) == "false" else where


def _mentioned(statement: Select) -> list[type[Record]]:
    """Record classes that the statement reads anywhere. With eager loading, which only shows at compile time, all of them."""
    tables = guarded_tables()
    if any(not getattr(o, "_is_criteria_option", False) for o in statement._with_options) or statement._setup_joins:
        return sorted(tables.values(), key=lambda m: m.__tablename__)
    names = _table_names(statement)
    if unknown := [n for n in names if n not in tables]:
        raise Unguarded(f"{', '.join(unknown)} is read without rules; core rooms say so with OPEN")
    return [tables[n] for n in names]


def _table_names(statement: Select) -> dict[str, None]:
    """Names of all tables in the statement; plain columns tell theirs without being walked through."""
    names: dict[str, None] = {}
    parts: list[Any] = list(HasTraverseInternals.get_children(statement, omit_attrs=_SKIPPED))
    sources: list[Any] = list(statement._where_criteria)
    for item in statement._raw_columns:
        column = item.element if isinstance(item, Label) else item
        if isinstance(column, Column) and isinstance(column.table, Table):
            names[column.table.name] = None
        else:
            parts.append(item)
            sources.append(item)
    parts += [source for item in sources for source in item._from_objects]
    for part in parts:
        names.update((e.name, None) for e in visitors.iterate(part) if isinstance(e, Table))
    return names


_SKIPPED = ("_raw_columns", "_correlate", "_correlate_except")


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
    session.info.pop("wrote", None)


@event.listens_for(GuardedSession, "after_commit")
def _committed(session: GuardedSession) -> None:
    session.info.pop("wrote", None)


def check_before(session: GuardedSession, work: Pending) -> None:
    """May each of these rows be written as they stand in the database now?"""
    principal = session.principal
    if principal.is_system:
        return
    for model in work.created:
        _require(principal, model, "create")
    for model, changes in work.updated.items():
        _require(principal, model, _update_action(session, model))
        _check_rows(session, model, [c.record.id for c in changes], _update_action(session, model))
    for model, records in work.deleted.items():
        _require(principal, model, "delete")
        _check_rows(session, model, [r.id for r in records], "delete")


def check_after(session: GuardedSession, work: Pending) -> None:
    """Do the rows as written still lie within the person's scope? Nobody moves a row out of (or into) somebody else's."""
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
    """The columns on which the rule hangs; a row that keeps them stays in scope. None when it asks for anything else."""
    key = ("watched", model, action)
    if key not in principal.cache:
        parts = list(visitors.iterate(access().where(model, principal, action)))
        columns = {p for p in parts if isinstance(p, Column)}
        plain = all(isinstance(p, _PLAIN) for p in parts) and all(c.table is model.__table__ for c in columns)
        names = frozenset(c.name for c in columns)
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
    where = access().where(model, session.principal, action)
    if where is true() or str(where) == "true" or not ids:
        return
    column = model.__table__.c.id
    allowed = 0
    for start in range(0, len(ids), 500):
        chosen = select(column).where(column.in_(ids[start : start + 500])).where(where)
        allowed += len(session.connection().execute(chosen).all())
    if allowed != len(set(ids)):
        raise Forbidden(
            _(
                "This “%(record)s” lies outside of what you may %(action)s.",
                action=_(action),
                record=model.__record__["label"],
            ),
            detail={"record": model.__record__["key"], "action": action},
        )
