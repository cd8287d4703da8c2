"""Records and rows as JSON-ready dicts: links with labels, hidden targets withheld, field rules applied."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select, true

from core.i18n import current_locale
from core.permissions.rules import access
from core.records.base import Record
from core.records.conditions import LINKS, Filter, allowed, asking, column_of
from core.records.custom.known import edition
from core.records.fields import Field
from core.records.query import Page, Query, chosen_fields, list_records, mask_rows, selection
from core.records.reading import run
from core.records.types import LARGEST_ID
from core.registry import RecordType, registry

HIDDEN = {"hidden": True}
KEPT_SECONDS = 3.0
OWN_REALM = "core_user.realm = 'staff'"
"""The one rule on people that is the same for all staff."""
KEPT = {"core.user", "core.department", "core.branch", "core.team"}
MOST_AT_ONCE = 500
_kept: dict[tuple[str, tuple[str, ...]], tuple[float, dict[int, str]]] = {}


def labels(key: str, ids: Iterable[int]) -> dict[int, str]:
    """Titles of the records that the person may see, by id; one query, or none for small tables everybody reads."""
    wanted = {i for i in ids if i is not None and i <= LARGEST_ID}
    if not wanted:
        return {}
    kind = registry().types[key]
    if key in KEPT and _everybody_reads(kind):
        return _kept_labels(kind)
    chosen = sorted(wanted)
    found: dict[int, str] = {}
    for start in range(0, len(chosen), MOST_AT_ONCE):
        found.update(_read_labels(kind, chosen[start : start + MOST_AT_ONCE]))
    return found


def _everybody_reads(kind: RecordType) -> bool:
    """Whether all staff see the same rows, so that their labels may be shared between them."""
    cache, key = asking().cache, ("everybody reads", kind.key)
    if key not in cache:
        rule = allowed(kind)
        plain = rule is true() or str(rule.compile(compile_kwargs={"literal_binds": True})) == OWN_REALM
        cache[key] = plain and asking().realm in ("staff", "system")
    return cache[key]


def _label_names(kind: RecordType) -> tuple[str, ...]:
    """Title (in English the English one first) and number, unless a field rule touches them."""
    treated = access().treatments(kind.model, asking())
    names = (kind.title_en if current_locale() == "en" else None, kind.title, kind.number)
    return tuple(n for n in names if n and n not in treated)


def _read_labels(kind: RecordType, ids: Sequence[int] | None) -> list[tuple[int, str]]:
    names = _label_names(kind)
    cache, key = asking().cache, ("labels", kind.key, names, ids is None)
    if key not in cache:
        table = kind.model.__table__
        columns = [column_of(kind, kind.fields[n]) for n in names]
        statement = select(table.c.id, *columns).where(allowed(kind))
        cache[key] = statement if ids is None else statement.where(table.c.id.in_(bindparam("ids", expanding=True)))
    rows = run(cache[key], None if ids is None else {"ids": list(ids)})
    return [(row[0], next((str(v) for v in row[1:] if v), None) or f"{kind.label} {row[0]}") for row in rows]


def _kept_labels(kind: RecordType) -> dict[int, str]:
    key = (kind.key, _label_names(kind))
    found = _kept.get(key)
    if found is None or found[0] < time.monotonic():
        found = (time.monotonic() + KEPT_SECONDS, dict(_read_labels(kind, None)))
        _kept[key] = found
    return found[1]


def forget_labels() -> None:
    """For tests and after changes of people in this process."""
    _kept.clear()


def link_labels(specs: Iterable[Field], rows: list[dict[str, Any]]) -> None:
    """Replace link ids in the rows by {id, label}, {hidden: true} or None; one query for each target type."""
    links: dict[str, list[str]] = {}
    for spec in specs:
        if spec.kind in LINKS and spec.target:
            links.setdefault(spec.target, []).append(spec.name)
    for target, names in links.items():
        known = labels(target, (row[n] for n in names for row in rows))
        for name in names:
            for row in rows:
                if (ident := row[name]) is not None:
                    row[name] = {"id": ident, "label": known[ident]} if ident in known else HIDDEN


def expand_links(specs: Iterable[Field], rows: list[dict[str, Any]]) -> None:
    """Replace link ids in the rows by the whole records, one level deep; hidden ones stay hidden."""
    for spec in specs:
        ids = sorted({row[spec.name] for row in rows if row[spec.name] is not None})
        known: dict[int, dict[str, Any]] = {}
        if ids:
            model = registry().types[spec.target or ""].model
            wanted = Query(filters=(Filter("id", "in", ids),), limit=len(ids), page=1, archived=True)
            known = {row["id"]: row for row in dump_rows(model, wanted).rows}
        for row in rows:
            if row[spec.name] is not None:
                row[spec.name] = known.get(row[spec.name], HIDDEN)


def json_ready(specs: Iterable[Field], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Amounts become exact strings; days and instants are left to the JSON writer, which prints them in ISO form."""
    for name in [s.name for s in specs if s.kind in ("money", "decimal")]:
        for row in rows:
            if isinstance(row[name], Decimal):
                row[name] = str(row[name])
    return rows


def _complete(specs: list[Field], rows: list[dict[str, Any]], expand: Sequence[str]) -> None:
    link_labels([s for s in specs if s.name not in expand] if expand else specs, rows)
    if expand:
        expand_links([s for s in specs if s.name in expand], rows)
    json_ready(specs, rows)


def dump_rows(model: type[Record], query: Query, expand: Sequence[str] = ()) -> Page:
    """A page whose rows are ready for JSON; the links named in `expand` hold their whole record."""
    page = list_records(model, query)
    _complete(page.fields, page.rows, expand)
    return page


def dump_one(
    model: type[Record], ident: int, names: tuple[str, ...] | None = None, expand: Sequence[str] = ()
) -> dict[str, Any] | None:
    """One record by its id as the current person may see it, or None when it is absent or hidden."""
    kind = registry().of(model)
    cache, key = asking().cache, ("one", kind.key, names, edition().number)
    if key not in cache:
        specs = chosen_fields(kind, names)
        columns, statement = selection(kind, specs)
        statement = statement.where(model.__table__.c.id == bindparam("ident"), allowed(kind))
        cache[key] = (specs, columns, statement) if len(cache) < 2000 else None
        if cache[key] is None:
            del cache[key]
            return _dump_once(kind, specs, columns, statement, ident, expand)
    specs, columns, statement = cache[key]
    return _dump_once(kind, specs, columns, statement, ident, expand)


def _dump_once(
    kind: RecordType, specs: list[Field], columns: tuple[str, ...], statement: Any, ident: int, expand: Sequence[str]
) -> dict[str, Any] | None:
    found = run(statement, {"ident": ident}).first()
    if found is None:
        return None
    rows = [dict(zip(columns, found, strict=True))]
    mask_rows(kind, specs, rows)
    _complete(specs, rows, expand)
    return rows[0]


def dump(record: Record, names: Iterable[str] | None = None) -> dict[str, Any]:
    """One record as a dict, as the current person may see it; empty when it is out of their sight."""
    return dump_one(type(record), record.id, tuple(names) if names is not None else None) or {}
