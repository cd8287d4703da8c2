"""Records and rows as JSON-ready dicts: links with labels, hidden targets withheld, field rules applied."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.db import db
from core.permissions.rules import access
from core.records.base import Record
from core.records.fields import Field
from core.records.query import Filter, Query, list_records
from core.registry import RecordType, registry

HIDDEN = {"hidden": True}
KEPT_SECONDS = 3.0
KEPT = {"core.user", "core.department", "core.branch", "core.team"}
_kept: dict[str, tuple[float, dict[int, str]]] = {}


def labels(key: str, ids: Iterable[int]) -> dict[int, str]:
    """Titles of the records that the person may see, by id; one query, or none for small tables that everybody reads."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    kind = registry().types[key]
    if key in KEPT and str(access().where(kind.model, db.session().principal, "read")) == "true":
        return _kept_labels(kind)
    return dict(_read_labels(kind, wanted))


def _read_labels(kind: RecordType, ids: set[int] | None) -> list[tuple[int, str]]:
    names = tuple(n for n in (kind.title, kind.number) if n)
    treated = access().treatments(kind.model, db.session().principal)
    usable = [n for n in names if n not in treated]
    columns = [getattr(kind.model, kind.fields[n].attr) for n in usable]
    statement = select(kind.model.id, *columns)
    if ids is not None:
        statement = statement.where(kind.model.id.in_(ids))
    return [
        (row[0], next((str(v) for v in row[1:] if v), f"{kind.label} {row[0]}"))
        for row in db.session.execute(statement)
    ]


def _kept_labels(kind: RecordType) -> dict[int, str]:
    found = _kept.get(kind.key)
    if found is None or found[0] < time.monotonic():
        found = (time.monotonic() + KEPT_SECONDS, dict(_read_labels(kind, None)))
        _kept[kind.key] = found
    return found[1]


def forget_labels() -> None:
    """For tests and after changes of people in this process."""
    _kept.clear()


def link_labels(specs: Iterable[Field], rows: list[dict[str, Any]]) -> None:
    """Replace link ids in the rows by {id, label}, {hidden: true} or None; one query for each target type."""
    for spec in specs:
        if spec.kind not in ("link", "file") or not spec.target:
            continue
        known = labels(spec.target, (row[spec.name] for row in rows))
        for row in rows:
            ident = row[spec.name]
            if ident is not None:
                row[spec.name] = {"id": ident, "label": known[ident]} if ident in known else HIDDEN


def json_ready(specs: Iterable[Field], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Amounts become exact strings; days and instants are left to the JSON writer, which prints them in ISO form."""
    amounts = [s.name for s in specs if s.kind in ("money", "decimal")]
    for row in rows:
        for name in amounts:
            if isinstance(row[name], Decimal):
                row[name] = str(row[name])
    return rows


def dump_rows(model: type[Record], query: Query) -> Any:
    """A page whose rows are ready for JSON."""
    page = list_records(model, query)
    link_labels(page.fields, page.rows)
    json_ready(page.fields, page.rows)
    return page


def dump(record: Record, names: Iterable[str] | None = None) -> dict[str, Any]:
    """One record as a dict, as the current person may see it; empty when it is out of their sight."""
    query = Query(
        filters=(Filter("id", "eq", record.id),),
        fields=tuple(names) if names is not None else None,
        limit=1,
        page=1,
        archived=True,
    )
    page = dump_rows(type(record), query)
    return page.rows[0] if page.rows else {}
