"""What a flush is about to do to records: the new, the changed with old and new values, the deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from core.errors import Unguarded
from core.records.base import Record, field_specs
from core.records.custom.known import edition
from core.records.custom.values import changed

OWN_COLUMNS = ("id", "archived_at", "created_at", "created_by_id")
"""Columns of every record that are no declared fields; rules may hang on them."""


@dataclass
class Change:
    """One changed record; `old` and `new` hold the changed fields by public name (links by id)."""

    record: Any
    old: dict[str, Any]
    new: dict[str, Any]

    def changed(self, *names: str) -> bool:
        """Whether one of the fields changed."""
        return any(n in self.new for n in names)

    def attributes(self) -> set[str]:
        """Names of the changed columns."""
        specs = {s.name: "custom" if s.custom else s.attr for s in specs_of(type(self.record))}
        return {specs.get(n, n) for n in self.new}


@dataclass
class Pending:
    """The work of one flush, by record class."""

    created: dict[type[Record], list[Record]] = field(default_factory=lambda: defaultdict(list))
    updated: dict[type[Record], list[Change]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[type[Record], list[Record]] = field(default_factory=lambda: defaultdict(list))

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.deleted)


def change_of(record: Record) -> Change | None:
    """Old and new values of a loaded record's declared fields, or None when nothing really changed."""
    state = inspect(record)
    committed = state.committed_state
    if not committed:
        return None
    _take_over_links(record, committed)
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    named = [(s.attr, s.name) for s in specs_of(type(record)) if s.attr in committed]
    for attr, name in (*named, *((n, n) for n in OWN_COLUMNS if n in committed)):
        history = state.attrs[attr].history
        if history.has_changes():
            old[name] = history.deleted[0] if history.deleted else None
            new[name] = history.added[0] if history.added else None
    if "custom" in committed:
        history = state.attrs["custom"].history
        contents = (part[0] if part else None for part in (history.deleted, history.added))
        for name, before, after in changed(record.__record__["key"], *contents):
            old[name], new[name] = before, after
    return Change(record, old, new) if new else None


def _take_over_links(record: Record, committed: dict[str, Any]) -> None:
    """A link that was set by its object is written as its id now, so that rules, hooks and audit see the change."""
    for spec in specs_of(type(record)):
        if spec.target and spec.name in committed:
            target = getattr(record, spec.name)
            if target is not None and target.id is None:
                raise Unguarded(f"flush the new {spec.target} before {record!r} is linked to it, or set {spec.attr}")
            ident = None if target is None else target.id
            if getattr(record, spec.attr) != ident:
                setattr(record, spec.attr, ident)


def specs_of(model: type[Record]) -> tuple:
    """The field specs of a class, the custom ones last; remembered."""
    now = edition()
    own = now.of(model.__record__["key"]).values
    return now.remembered(("specs", model), lambda: (*field_specs(model).values(), *own()))


def forget_specs() -> None:
    """After `extend`, fields are looked up anew."""
    edition().memory.clear()


def pending(session: Session) -> Pending:
    """Collect what the session holds."""
    work = Pending()
    for item in session.new:
        if isinstance(item, Record):
            work.created[type(item)].append(item)
    for item in session.deleted:
        if isinstance(item, Record):
            work.deleted[type(item)].append(item)
    for item in session.dirty:
        if isinstance(item, Record) and item not in session.deleted and (change := change_of(item)):
            work.updated[type(item)].append(change)
    return work


SECRET = "***"  # noqa: S105 - stands for one
"""What log and events keep of a secret."""


def plain(value: Any) -> Any:
    """A value as JSON keeps it in the audit log and in events."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def plain_dict(values: dict[str, Any], names: Iterable[str] | None = None) -> dict[str, Any]:
    """The values (of some names) as JSON keeps them."""
    return {k: plain(v) for k, v in values.items() if names is None or k in names}
