"""What happens around each flush: stamps, computed fields, numbers, hooks, audit, events. Rights are the guard's."""

from __future__ import annotations

from typing import Any

from core.clock import now
from core.permissions.principal import current_principal
from core.records import audit
from core.records.base import Record
from core.records.changes import SECRET, Change, Pending, plain, specs_of
from core.records.custom.known import edition
from core.records.custom.values import values_in
from core.records.numbering import number_records
from core.registry import registry
from core.search import keeping


def prepare(session: Any, work: Pending) -> None:
    """Complete and check what is about to be written; hooks may refuse."""
    hooks = registry().hooks
    for model, records in work.created.items():
        stamp_new(model, records)
        hooks.call("before_create", model=model, records=records)
        compute(model, records)
        number_records(session, registry().numbering.get(model.__record__["key"], []), records)
        hooks.call("validate_records", model=model, records=records)
    for model, changes in work.updated.items():
        hooks.call("before_update", model=model, changes=changes)
        records = [c.record for c in changes]
        stamp_changed(records)
        compute(model, records)
        hooks.call("validate_records", model=model, records=records)
    for model, records in work.deleted.items():
        hooks.call("before_delete", model=model, records=records)


def stamp_new(model: type[Record], records: list[Any]) -> None:
    """Who made them, and defaults, so that hooks and numbering see complete records."""
    who = current_principal().user_id
    with_default = [(spec.attr, spec.default) for spec in specs_of(model) if spec.default is not None]
    for record in records:
        record.created_by_id = record.updated_by_id = who
        for attr, default in with_default:
            if getattr(record, attr) is None:
                own = type(default)(default) if isinstance(default, (list, dict)) else default
                setattr(record, attr, own() if callable(own) else own)


def stamp_changed(records: list[Any]) -> None:
    """Who changed them, and when."""
    who, at = current_principal().user_id, now()
    for record in records:
        record.updated_by_id, record.updated_at = who, at


def compute(model: type[Record], records: list[Any]) -> None:
    """Recompute the computed fields."""
    for spec in specs_of(model):
        if spec.compute:
            for record in records:
                value = spec.compute(record)
                if getattr(record, spec.attr) != value:
                    setattr(record, spec.attr, value)


def record_history(session: Any, work: Pending) -> None:
    """Audit rows and outbox events of one flush, in its transaction."""
    reason = session.info.get("elevated_reason") or session.info.get("reason")
    rows: list[dict[str, Any]] = []
    for model, records in work.created.items():
        rows += _creations(model, records, reason)
    for model, changes in work.updated.items():
        for change in changes:
            kind = "update"
            if "archived_at" in change.new:
                kind = "archive" if change.new["archived_at"] else "restore"
            if tracked := tracked_changes(model, change):
                rows.append(_entry(kind, model, change.record, tracked, reason))
    for model, records in work.deleted.items():
        rows += [
            _entry("delete", model, r, {s.name: [plain(v), None] for s, v in set_values(model, r)}, reason)
            for r in records
        ]
    audit.write(session, rows)
    keeping.note(session, work)
    _emit(session, work)


def _creations(model: type[Record], records: list[Any], reason: str | None) -> list[dict[str, Any]]:
    """The entries of new records, of which there may be many: they share who, when and why."""
    same = audit.entry("create", model.__record__["key"], reason=reason)
    return [
        same
        | {
            "record_id": record.id,
            "title": record.called[:300],
            "changes": {spec.name: [None, plain(value)] for spec, value in set_values(model, record)},
        }
        for record in records
    ]


def _entry(action: str, model: type[Record], record: Any, changes: dict, reason: str | None) -> dict[str, Any]:
    return audit.entry(
        action, model.__record__["key"], record.id, title=record.called[:300], changes=changes, reason=reason
    )


def set_values(model: type[Record], record: Any) -> list[tuple[Any, Any]]:
    """Tracked fields that hold something."""
    tracked = tracked_of(model)
    filled = [(tracked[attr], value) for attr, value in record.__dict__.items() if value and attr in tracked]
    if custom := record.__dict__.get("custom"):
        filled += [(tracked[n], v) for n, v in values_in(model.__record__["key"], custom) if n in tracked]
    return [(spec, SECRET if spec.kind == "secret" else value) for spec, value in filled]


def tracked_of(model: type[Record]) -> dict[str, Any]:
    """Specs of the fields that the log keeps, by attribute."""
    return edition().remembered(("tracked", model), lambda: {spec.attr: spec for spec in specs_of(model) if spec.track})


def tracked_changes(model: type[Record], change: Change) -> dict[str, list[Any]]:
    """{field: [old, new]} of what the log keeps; also what computing and hooks changed on the way."""
    names = {s.name for s in specs_of(model) if not s.track}
    secret = {s.name for s in specs_of(model) if s.kind == "secret"}
    both = {n: (change.old.get(n), v) for n, v in change.new.items() if n not in names}
    return {n: [SECRET if v and n in secret else plain(v) for v in pair] for n, pair in both.items()}


def _emit(session: Any, work: Pending) -> None:
    events = registry().events
    for verb, groups in (("created", work.created), ("deleted", work.deleted)):
        for model, records in groups.items():
            name = f"{model.__record__['key']}.{verb}"
            if name in events:
                registry().emit(session, name, [{"id": r.id} for r in records])
    for model, changes in work.updated.items():
        name = f"{model.__record__['key']}.updated"
        if name in events:
            registry().emit(session, name, [{"id": c.record.id, "fields": sorted(c.new)} for c in changes])


def after_hooks(session: Any, work: Pending) -> None:
    """The after-hooks of one flush; what they write is flushed next."""
    hooks = registry().hooks
    for model, records in work.created.items():
        hooks.call("after_create", model=model, records=records)
    for model, changes in work.updated.items():
        hooks.call("after_update", model=model, changes=changes)
    for model, records in work.deleted.items():
        hooks.call("after_delete", model=model, records=records)
