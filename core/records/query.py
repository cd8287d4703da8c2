"""Lists: sort, paging, counts and groups as column selects with the record rules in them: pages, API, exports."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, TypeDecorator, and_, case, func, literal, null, or_, select, true

from core.db import db
from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import current_principal
from core.permissions.rules import access, on_table
from core.records import trees
from core.records.base import Record
from core.records.conditions import (
    LINKS,
    OPERATORS,
    RELATIVE,
    SYSTEM_FIELDS,
    Filter,
    allowed,
    asking,
    column_of,
    condition,
    find_field,
    parse_filters,
    search_condition,
    seen_link,
    treatment,
    value_of,
    visible_column,
)
from core.records.custom.known import edition
from core.records.fields import Field
from core.records.reading import run
from core.registry import RecordType, registry

REPLACED = "\x01"
"""Stands in a row for a hidden text until what is shown instead is put there in the reader's language."""
UNSORTABLE = {"json", "tags", "multi_choice", "secret"}
MOST_KEPT = 2000
UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What no database takes in a text: NUL and halves of surrogate pairs."""


@dataclass(frozen=True)
class Query:
    """What a list asks for. `sort` entries start with `-` for descending. `cursor` or `page` (from 1), not both.

    `where` is a checked tree of conditions that holds beside the filters.
    """

    filters: tuple[Filter, ...] = ()
    q: str = ""
    sort: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    limit: int = 50
    cursor: str | None = None
    page: int | None = None
    count: bool = False
    archived: bool = False
    any_of: tuple[tuple[Filter, ...], ...] = ()
    where: trees.Tree | None = None


@dataclass
class Page:
    """Rows as dicts by field name (links by id), the next cursor, and the total when it was asked for."""

    rows: list[dict[str, Any]]
    next: str | None = None
    total: int | None = None
    fields: list[Field] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    """One column of the order. Empty values come last in either direction."""

    name: str
    column: Any
    down: bool
    nullable: bool

    def ordered(self) -> Any:
        way = self.column.desc() if self.down else self.column.asc()
        return way.nulls_last() if self.nullable else way

    def behind(self, value: Any) -> ColumnElement[bool] | None:
        """Rows that come later than `value` by this key alone; None when there are none."""
        if value is None:
            return None
        value = literal(value) if isinstance(value, bool) else value
        later = self.column < value if self.down else self.column > value
        return or_(later, self.column.is_(None)) if self.nullable else later

    def same(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == value


def where_of(kind: RecordType, query: Query) -> list[ColumnElement[bool]]:
    """All conditions of a query, the record rules first."""
    rule = allowed(kind)
    conditions = [] if rule is true() else [rule]
    conditions += [condition(kind, f) for f in query.filters]
    conditions += [or_(*(condition(kind, f) for f in group)) for group in query.any_of if group]
    if query.where:
        conditions.append(trees.expression(kind, query.where, current_principal(), acting=True))
    if query.q and (found := search_condition(kind, query.q)) is not None:
        conditions.append(found)
    if kind.archive and not query.archived and "archived_at" not in _asked(query):
        conditions.append(kind.model.__table__.c.archived_at.is_(None))
    return conditions


def _asked(query: Query) -> set[str]:
    """The names of all fields that the conditions ask for."""
    return {f.name for f in query.filters} | {i["field"] for i in trees.items(query.where or {"all": []})}


def _hinted(kind: RecordType, query: Query, conditions: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """The conditions of a page, for SQLite with the hint that the record rule holds for most rows.

    It knows no distribution of values, so it would collect and sort all that a scope allows. A part of the first key
    of the order is found in the index of that order, where the page ends after its last row.
    """
    rule, first = allowed(kind), (query.sort or (kind.order,))[0].lstrip("-+")
    if rule is true() or db.engine.dialect.name != "sqlite":
        return conditions
    if not any(f.op == "contains" and f.name == first for f in query.filters):
        return conditions
    return [func.likely(rule), *conditions[1:]]


def _hinted_count(kind: RecordType, query: Query, conditions: list[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """The same for a count by a part of the title alone, which SQLite finds in the index that also holds the scopes."""
    rule, filters = allowed(kind), query.filters
    titles = [f for f in filters if f.op == "contains" and f.name == kind.title]
    plain = len(filters) == len(titles) == 1 and not (query.q or query.any_of or query.where)
    if rule is true() or not plain or db.engine.dialect.name != "sqlite":
        return conditions
    return [func.likely(rule), *conditions[1:]]


def chosen_fields(kind: RecordType, names: Iterable[str] | None) -> list[Field]:
    """The fields to read: all public ones, or those named; raises `BadRequest` for an unknown name."""
    if names is None:
        treated = access().treatments(kind.model, asking())
        return [
            f
            for f in kind.fields.values()
            if not f.hidden
            and f.kind != "secret"
            and not (f.name in treated and treated[f.name].treatment == "hidden" and treated[f.name].when is None)
        ]
    return [_own_field(kind, n) for n in dict.fromkeys(names) if n not in ("id", "version")]


def _own_field(kind: RecordType, name: str) -> Field:
    """A field of the type itself; masked ones may be read, as stars."""
    spec = kind.fields.get(name)
    rule = treatment(kind, name)
    if spec is not None and not spec.hidden and rule is not None and rule.treatment == "masked":
        return spec
    if "." in name:
        raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    return find_field(kind, name)


def order_of(kind: RecordType, query: Query) -> list[Key]:
    """The keys of the order; the id settles ties. Raises `BadRequest` for what lists cannot be sorted by."""
    keys = [_sort_key(kind, name) for name in query.sort or _default_order(kind)]
    down = bool(keys and keys[-1].down)
    alike = {f.name for f in query.filters if f.op == "eq"}  # SQLite would sort by what is the same in all rows
    keys = [key for key in keys if not (key.name in alike and key.name in kind.fields and kind.fields[key.name].custom)]
    if not any(key.name == "id" for key in keys):
        keys.append(Key("id", kind.model.__table__.c.id, down, nullable=False))
    return keys


def _default_order(kind: RecordType) -> tuple[str, ...]:
    """As declared, unless that field is closed to this person."""
    name = kind.order.lstrip("-+")
    rule = treatment(kind, name)
    return (kind.order,) if rule is None or rule.treatment == "readonly" else ()


def _sort_key(kind: RecordType, name: str) -> Key:
    spec = find_field(kind, name.lstrip("-+"))
    if "." in name or spec.kind in UNSORTABLE:
        raise BadRequest(_("Lists cannot be sorted by “%(name)s”.", name=name), code="sort")
    if spec.kind in LINKS and spec.target:
        return Key(spec.name, _title_of_link(kind, spec), name.startswith("-"), nullable=True)
    treated = treatment(kind, spec.name)
    open_ = treated is None or treated.treatment == "readonly"
    return Key(
        spec.name,
        visible_column(kind, spec),
        name.startswith("-"),
        nullable=not (spec.required and open_ and not spec.custom),
    )


def _title_of_link(kind: RecordType, spec: Field) -> Any:
    """What people see in the column: the target's title, empty where it is hidden from them."""
    target = registry().types[spec.target or ""]
    treated = access().treatments(target.model, asking())
    names = [n for n in (target.title, target.number) if n and n not in treated]
    if not names:
        return seen_link(kind, spec)
    table = target.model.__table__.alias()
    shown = table.c[column_of(target, target.fields[names[0]]).key]
    seen = seen_link(kind, spec)
    return select(shown).where(table.c.id == seen).correlate(kind.model.__table__).scalar_subquery()


def list_records(model: type[Record], query: Query) -> Page:
    """One page. Raises `BadRequest` for unknown fields, operators, values or cursors."""
    kind = registry().of(model)
    specs = chosen_fields(kind, query.fields)
    keys = order_of(kind, query)
    conditions = where_of(kind, query)
    if query.limit == 0:
        return Page([], None, _count(kind, conditions) if query.count else None, specs)
    names, statement = selection(kind, specs)
    statement = statement.where(*_hinted(kind, query, conditions)).order_by(*(key.ordered() for key in keys))
    width = len(names)
    if query.page is None:
        statement = statement.add_columns(*(key.column.label(f"_k{i}") for i, key in enumerate(keys)))
        if query.cursor:
            statement = statement.where(_after(keys, read_cursor(query.cursor, keys)))
    else:
        statement = statement.offset((query.page - 1) * query.limit)
    found = run(statement.limit(query.limit + 1)).all()
    rows = [dict(zip(names, row, strict=False)) for row in found[: query.limit]]
    more = query.page is None and len(found) > query.limit
    following = write_cursor(keys, found[query.limit - 1][width:]) if more else None
    mask_rows(kind, specs, rows)
    total = None
    if query.count:
        whole = not query.cursor and query.page in (None, 1) and len(found) <= query.limit
        total = len(rows) if whole else _count(kind, _hinted_count(kind, query, conditions))
    return Page(rows, following, total, specs)


def selection(kind: RecordType, specs: list[Field]) -> tuple[tuple[str, ...], Select[Any]]:
    """Names and columns of id, version and these fields; values that a field rule hides read as NULL.

    Kept with the person's rights, which it depends on.
    """
    cache, key = asking().cache, ("selection", kind.key, tuple(s.name for s in specs), edition().number)
    kept = cache.get(key)
    if kept is None or kept[0] is not kind:
        if len(cache) > MOST_KEPT:
            return _selection(kind, specs)
        kept = cache[key] = (kind, _selection(kind, specs))
    return kept[1]


def _selection(kind: RecordType, specs: list[Field]) -> tuple[tuple[str, ...], Select[Any]]:
    table = kind.model.__table__
    columns = [table.c.id, table.c.version, *(_shown(kind, s) for s in specs)]
    names = ("id", "version", *(s.name for s in specs))
    return names, select(*(c.label(n) for n, c in zip(names, columns, strict=True))).select_from(table)


def _shown(kind: RecordType, spec: Field) -> Any:
    rule = treatment(kind, spec.name)
    if rule is not None and rule.treatment == "masked":
        return column_of(kind, spec)
    if rule is not None and rule.shown is not None and rule.when is not None and spec.kind in ("text", "long_text"):
        return case((on_table(rule.when(kind.model, asking())), literal(REPLACED)), else_=column_of(kind, spec))
    return visible_column(kind, spec)


def mask_rows(kind: RecordType, specs: list[Field], rows: list[dict[str, Any]]) -> None:
    """Stars for masked values, and what stands in the place of hidden ones."""
    treated = access().treatments(kind.model, asking())
    for spec in specs if treated else ():
        rule = treated.get(spec.name)
        if rule is not None and rule.treatment == "masked":
            for row in rows:
                row[spec.name] = masked(row[spec.name])
        elif rule is not None and rule.treatment == "hidden" and rule.shown is not None:
            hidden = (REPLACED,) if rule.when is not None and spec.kind in ("text", "long_text") else (REPLACED, None)
            for row in rows:
                row[spec.name] = str(rule.shown) if row[spec.name] in hidden else row[spec.name]


def masked(value: Any) -> Any:
    """`138****5678`: three characters, stars, the last four; short values vanish wholly."""
    text = str(value) if value is not None else ""
    return value if value is None else f"{text[:3]}****{text[-4:]}" if len(text) > 7 else "****"


def _count(kind: RecordType, conditions: list[ColumnElement[bool]]) -> int:
    statement = select(func.count()).select_from(kind.model.__table__).where(*conditions)
    return run(statement).scalar_one()


def count_records(model: type[Record], query: Query) -> int:
    """How many records match."""
    kind = registry().of(model)
    return _count(kind, _hinted_count(kind, query, where_of(kind, query)))


def _after(keys: list[Key], values: list[Any]) -> ColumnElement[bool]:
    """Rows behind the cursor in the order of the keys."""
    branches, equal = [], []
    for key, value in zip(keys, values, strict=True):
        if (later := key.behind(value)) is not None:
            branches.append(and_(*equal, later))
        equal.append(key.same(value))
    return or_(*branches) if branches else null() == true()


def _order_mark(keys: list[Key]) -> str:
    """Ties a cursor to the order that it was made in."""
    return hashlib.sha256(repr([(k.name, k.down) for k in keys]).encode()).hexdigest()[:6]


def write_cursor(keys: list[Key], values: Iterable[Any]) -> str:
    """The place behind a row, for the next page."""
    plain = [
        {"d": v.isoformat()}
        if isinstance(v, dt.datetime)
        else {"t": v.isoformat()}
        if isinstance(v, dt.date)
        else {"n": str(v)}
        if isinstance(v, Decimal)
        else v
        for v in values
    ]
    text = json.dumps([_order_mark(keys), *plain], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, keys: list[Key]) -> list[Any]:
    """The values of a cursor; raises `BadRequest` when it was not made here, or for another order."""
    readers: Mapping[str, Any] = {"d": dt.datetime.fromisoformat, "t": dt.date.fromisoformat, "n": Decimal}
    try:
        mark, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if mark != _order_mark(keys) or len(values) != len(keys):
            raise ValueError
        found = [readers[next(iter(v))](next(iter(v.values()))) if isinstance(v, dict) else v for v in values]
        if not all(_fits(k, v) for k, v in zip(keys, found, strict=True)):
            raise ValueError
    except (ValueError, KeyError, ArithmeticError, StopIteration, TypeError, RecursionError):
        raise BadRequest(_("This page mark is not valid any more. Start the list again."), code="cursor") from None
    return found


def _fits(key: Key, value: Any) -> bool:
    """Whether a cursor's value can be compared with the column at all."""
    if value is None:
        return key.nullable
    kind = key.column.type
    wanted = (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    if wanted is int:
        return type(value) is int and abs(value) < 2**53
    if isinstance(value, str) and UNSENDABLE.search(value):
        return False
    if isinstance(value, dt.datetime):
        return wanted is dt.datetime and value.tzinfo is not None and bool(value.astimezone(dt.UTC))
    if isinstance(value, Decimal):
        return wanted is Decimal and value.is_finite() and abs(value) < 10**20
    return isinstance(value, wanted)


__all__ = [
    "OPERATORS",
    "RELATIVE",
    "SYSTEM_FIELDS",
    "UNSORTABLE",
    "Filter",
    "Page",
    "Query",
    "count_records",
    "find_field",
    "list_records",
    "parse_filters",
    "value_of",
]
