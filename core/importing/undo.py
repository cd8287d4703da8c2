"""Takes a whole import back: removes what it made, restores what it changed, names what it must leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.clock import now
from core.db import db, elevated, settle
from core.errors import Refused, ZhianError
from core.i18n import _
from core.permissions.guard import OPEN
from core.records.changes import specs_of
from core.records.schema import Loader
from core.registry import record_class

from .models import ImportEntry, ImportRun
from .run import _as_import, _set, find

CHUNK = 200
NAMED = 200


def undo(run_id: int, told: Any = None) -> dict[str, Any]:
    """Undo the run in chunks; returns `{removed, restored, kept: [{record, id, row, reason}], kept_count}`.

    Raises `Refused` when the run is not done. Records that anybody changed since keep their state; so do records made
    on the way that something else refers to by now.
    """
    run = find(run_id)
    if run.state not in ("done", "undoing"):
        raise Refused(_("Only a finished import can be undone."), code="not_done")
    _set(run_id, state="undoing")
    db.session.commit()
    result: dict[str, Any] = run.undo or {"removed": 0, "restored": 0, "kept_count": 0, "kept": []}
    with _as_import(run_id), elevated(f"undo of import {run_id}"):
        for entries in _chunks(run_id):
            _undo_chunk(entries, result)
            _set(run_id, undo=result)
            db.session.commit()
            db.session.expunge_all()
            if told:
                told(result["removed"] + result["restored"] + result["kept_count"], 0)
        _set(run_id, state="undone", undo=result, finished_at=now())
        db.session.commit()
    return result


def _chunks(run_id: int) -> Iterator[list[Any]]:
    """Entries not yet taken back, the latest first, the main records before those made on the way."""
    for outcomes in (("updated",), ("created",), ("related",)):
        while True:
            chosen = (
                select(ImportEntry)
                .where(ImportEntry.run_id == run_id, ImportEntry.outcome.in_(outcomes))
                .order_by(ImportEntry.id.desc())
                .limit(CHUNK)
            )
            entries = list(db.session.scalars(chosen, execution_options=OPEN))
            if not entries:
                break
            yield entries


def _undo_chunk(entries: list[ImportEntry], result: dict[str, Any]) -> None:
    model = record_class(entries[0].record_key or "")
    same = [entry for entry in entries if entry.record_key == entries[0].record_key]
    ids = [entry.record_id for entry in same]
    records = {record.id: record for record in db.session.scalars(select(model).where(model.id.in_(ids)))}
    ready = [entry for entry in same if _unchanged(entry, records.get(entry.record_id), result)]
    restoring = same[0].outcome == "updated"
    if not _try(ready, records, restoring, result):
        for entry in ready:
            if not _try([entry], records, restoring, result):
                _keep(entry, "in_use", result)
    for entry in same:
        if entry.outcome != "kept":
            entry.outcome = "undone"
    settle(db.session())


def _unchanged(entry: ImportEntry, record: Any, result: dict[str, Any]) -> bool:
    if record is None:
        return False
    if record.version != entry.version:
        _keep(entry, "changed_since", result)
        return False
    return True


def _keep(entry: ImportEntry, reason: str, result: dict[str, Any]) -> None:
    entry.outcome = "kept"
    result["kept_count"] += 1
    if len(result["kept"]) < NAMED:
        result["kept"].append({"record": entry.record_key, "id": entry.record_id, "row": entry.row, "reason": reason})


def _try(entries: list[ImportEntry], records: dict[int, Any], restoring: bool, result: dict[str, Any]) -> bool:
    session = db.session()
    try:
        with session.begin_nested():
            for entry in entries:
                record = records[entry.record_id or 0]
                _restore(record, entry) if restoring else session.delete(record)
            settle(session)
    except (IntegrityError, ZhianError):
        return False
    result["restored" if restoring else "removed"] += len(entries)
    if restoring:
        _free_earlier(entries, records)
    return True


def _free_earlier(entries: list[ImportEntry], records: dict[int, Any]) -> None:
    """A record that is again as an earlier import left it can be taken back by undoing that one, too."""
    table = ImportEntry.__table__
    for entry in entries:
        same = (table.c.record_key == entry.record_key, table.c.record_id == entry.record_id)
        earlier = (table.c.run_id < entry.run_id, table.c.version == (entry.detail or {}).get("before"))
        now_at = records[entry.record_id or 0].version
        db.session().connection().execute(table.update().where(*same, *earlier).values(version=now_at))


def _restore(record: Any, entry: ImportEntry) -> None:
    """Put the old values of its own fields back; values that a plugin keeps elsewhere stay as imported."""
    specs = {spec.name: spec for spec in specs_of(type(record))}
    old = {name: value for name, value in ((entry.detail or {}).get("old") or {}).items() if name in specs}
    values, _errors = Loader(specs).load(old, partial=True, allow=frozenset(old))
    for name, value in values.items():
        setattr(record, specs[name].attr, value)


def summary(run: ImportRun) -> Counter[str]:
    """Counts of an undone run."""
    return Counter({name: (run.undo or {}).get(name, 0) for name in ("removed", "restored", "kept_count")})
