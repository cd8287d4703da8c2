"""The database side of an import: finds the records that rows mean, writes batches, keeps the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from core.db import db, settle, write_intent
from core.errors import Invalid, ZhianError
from core.i18n import _
from core.permissions.guard import OPEN
from core.permissions.rules import access
from core.records.bulk import among, bulk_create, bulk_update, insert_rows
from core.records.changes import plain
from core.records.service import integrity

from .models import ImportEntry
from .plugin import ImportRow

if TYPE_CHECKING:
    from .engine import Engine

CHUNK = 500
FAULT = 500
"""From this status on an error is a fault of ours, not of the row: the import stops and may be continued."""
Action = Callable[["Engine", list[ImportRow]], None]
CHANGED_MEANWHILE = _("Somebody changed this record while the import ran. Import the row again.")


def match(engine: Engine, lines: Sequence[ImportRow]) -> None:
    """Set `record_id`, `version` and `current` of rows whose key is stored already; refuse those out of reach.

    A row that its first key does not find is looked for by the next one that it fills.
    """
    found: list[ImportRow] = []
    for name in engine.keys:
        waiting = [line for line in lines if line.open and line.record_id is None]
        filled = [line for line in waiting if line.values.get(name) not in (None, "", [])]
        if filled and name in engine.own:
            found += _match_field(engine, name, filled)
    _reach(engine, found)
    matched = [line for line in found if line.open]
    for support in engine.supports:
        ids = [line.record_id for line in matched if line.record_id]
        stored = support.current(ids, engine.context) if ids else {}
        for line in matched:
            line.current = (line.current or {}) | stored.get(line.record_id or 0, {})


def _match_field(engine: Engine, name: str, lines: list[ImportRow]) -> list[ImportRow]:
    model, specs = engine.type.model, engine.type.fields
    key = getattr(model, specs[name].attr)
    columns = [getattr(model, spec.attr) for n, spec in specs.items() if n in engine.own]
    names = [n for n in specs if n in engine.own]
    stored: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    values = sorted({line.values[name] for line in lines})
    for start in range(0, len(values), CHUNK):
        statement = select(model.id, model.version, *columns).where(among(key, values[start : start + CHUNK]))
        for record_id, version, *cells in db.session.execute(statement, execution_options=OPEN):
            current = dict(zip(names, cells, strict=True))
            stored[(*engine.scope_of(current), current[name])].append((record_id, version, current))
    found = []
    for line in lines:
        hits = stored.get((*engine.scope_of(line.values), line.values[name]), [])
        hits = [hit for hit in hits if not _other(engine, line, name, hit[2])]
        if len(hits) > 1:
            line.refuse(name, "ambiguous_key", engine.reasons["ambiguous_key"])
        elif hits:
            line.record_id, line.version, line.current = hits[0]
            found.append(line)
    return found


def _other(engine: Engine, line: ImportRow, name: str, current: dict[str, Any]) -> bool:
    """Whether an earlier key says that this is another record although it shares this key."""
    earlier = engine.keys[: engine.keys.index(name)]
    return any(line.values.get(key) and current.get(key) and line.values[key] != current[key] for key in earlier)


def _reach(engine: Engine, lines: list[ImportRow]) -> None:
    """Refuse rows whose record the person may not see or not change."""
    for action, code in (("read", "hidden"), ("update", "forbidden")):
        where = access().where(engine.type.model, db.session().principal, action)
        if where is true() or str(where) == "true":
            continue
        allowed: set[int] = set()
        ids = [line.record_id for line in lines if line.open]
        for start in range(0, len(ids), CHUNK):
            chosen = select(engine.type.model.id).where(among(engine.type.model.id, ids[start : start + CHUNK]), where)
            allowed.update(db.session.scalars(chosen, execution_options=OPEN))
        for line in lines:
            if line.open and line.record_id not in allowed:
                line.refuse("", code, engine.reasons[code])


def write(engine: Engine, lines: list[ImportRow]) -> None:
    """Create and update the open rows, row by row where the batch is refused; then the plugins' parts."""
    fresh = [line for line in lines if line.record_id is None]
    known = [line for line in lines if line.record_id is not None]
    _attempt(engine, fresh, _create)
    _attempt(engine, [line for line in known if line.changes], _update)
    for line in lines:
        if line.open:
            line.outcome = "created" if line.current is None else "updated"
    done = [line for line in lines if line.outcome in ("created", "updated")]
    for support in engine.supports:
        if done:
            support.written(done, engine.context)
    settle(db.session())


def rehearse(engine: Engine, lines: list[ImportRow]) -> None:
    """In a dry run: refuse what the writing would refuse because it lies outside of the person's scope.

    A scope may ask for anything, so the rows are written and taken back; not for people to whom all is open.
    """
    session, model = db.session(), engine.type.model
    if not lines or all(access().where(model, session.principal, a) is true() for a in ("create", "update")):
        return
    alone = not (session.info.get("wrote") or session.new or session.dirty or session.deleted)
    if alone:
        session.commit()  # SQLite: a transaction that began by reading may not write
    token = write_intent.set(True)
    trial = session.begin_nested()
    try:
        _attempt(engine, [line for line in lines if line.record_id is None], _create)
        _attempt(engine, [line for line in lines if line.current is not None and line.changes], _update)
    finally:
        trial.rollback()
        if alone:
            session.commit()
        write_intent.reset(token)
    for line in lines:
        line.record_id = line.record_id if line.current is not None else None


def _attempt(engine: Engine, lines: list[ImportRow], action: Action) -> None:
    """Do it for all lines together; where that is refused, for each half, until the lines at fault are alone."""
    if not lines:
        return
    refusal = _refused_together(engine, lines, action)
    if refusal is None:
        return
    if len(lines) == 1:
        lines[0].refuse(*refusal)
        return
    middle = len(lines) // 2
    _attempt(engine, lines[:middle], action)
    _attempt(engine, lines[middle:], action)


def _refused_together(engine: Engine, lines: list[ImportRow], action: Action) -> tuple[str, str, str] | None:
    """Try the action in a savepoint; the reason when it is refused."""
    session = db.session()
    try:
        with session.begin_nested():
            action(engine, lines)
            engine.meanwhile()
            settle(session)
    except Invalid as error:
        first = error.errors[0] if error.errors else None
        return (first.field, first.code, str(first.message)) if first else ("", error.code, str(error))
    except ZhianError as error:
        if error.status >= FAULT:
            raise
        return getattr(error, "field", None) or "", error.code, str(error)
    except StaleDataError:
        return "", "stale", str(CHANGED_MEANWHILE)
    except IntegrityError as error:
        told = integrity(engine.type.model, error)
        field = told.errors[0].field if isinstance(told, Invalid) else ""
        return field, told.errors[0].code if isinstance(told, Invalid) else told.code, str(told)
    return None


def _create(engine: Engine, lines: list[ImportRow]) -> None:
    ids = bulk_create(engine.type.model, [line.changes for line in lines], validated=True)
    for line, record_id in zip(lines, ids, strict=True):
        line.record_id = record_id


def _update(engine: Engine, lines: list[ImportRow]) -> None:
    bulk_update(engine.type.model, [(line.record_id, line.version, line.changes) for line in lines])


def keep(engine: Engine, run_id: int, lines: Sequence[ImportRow]) -> None:
    """Write the ledger of a batch: records with their new versions and old values, refused rows with their cells."""
    entries = [_entry(engine, run_id, line) for line in lines if line.outcome != "unchanged"]
    made, engine.context.made = engine.context.made, []
    entries += [_related_entry(run_id, key, record_id) for key, record_id in made]
    _add_versions(engine, entries)
    if entries:
        insert_rows(db.session().connection(), ImportEntry.__table__, entries)


def _entry(engine: Engine, run_id: int, line: ImportRow) -> dict[str, Any]:
    detail: dict[str, Any] | None = None
    if line.refusal:
        detail = {
            "field": line.refusal.field,
            "code": line.refusal.code,
            "reason": line.refusal.reason,
            "cells": {column: plain_cell(line.cells.get(column)) for column in engine.columns},
        }
    elif line.outcome == "updated" and line.current is not None:
        names = [*line.changes, *line.extra.get("virtual", ())]
        detail = {"old": {name: plain_cell(line.current.get(name)) for name in names}, "before": line.version}
    kept = line.outcome in ("created", "updated")
    return {
        "run_id": run_id,
        "row": line.number,
        "outcome": line.outcome,
        "record_key": engine.type.key if kept else None,
        "record_id": line.record_id if kept else None,
        "version": None,
        "detail": detail,
    }


def _related_entry(run_id: int, key: str, record_id: int) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "row": None,
        "outcome": "related",
        "record_key": key,
        "record_id": record_id,
        "version": None,
        "detail": None,
    }


def _add_versions(engine: Engine, entries: list[dict[str, Any]]) -> None:
    """The versions that the records have now, so that an undo sees who changed them since."""
    from core.registry import record_class

    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        if entry["record_id"] is not None:
            by_key[entry["record_key"]].append(entry)
    for key, some in by_key.items():
        model = record_class(key)
        versions: dict[int, int] = {}
        ids = [entry["record_id"] for entry in some]
        for start in range(0, len(ids), CHUNK):
            chosen = select(model.id, model.version).where(among(model.id, ids[start : start + CHUNK]))
            versions.update(db.session.execute(chosen, execution_options=OPEN).all())
        for entry in some:
            entry["version"] = versions.get(entry["record_id"])


def plain_cell(value: Any) -> Any:
    """A cell or value as JSON keeps it."""
    return [plain(part) for part in value] if isinstance(value, list) else plain(value)
