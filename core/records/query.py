"""Lists: filters, search, sort, paging and counts as column selects. One grammar for pages, API and exports."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, not_, null, or_, select

from core.clock import today
from core.db import db
from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import current_principal
from core.permissions.rules import FieldRule, access
from core.records.base import MODELS, Record
from core.records.fields import Field
from core.records.schema import KINDS, CodedError, schema_field
from core.registry import RecordType, registry

OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "isnull")
SYSTEM_FIELDS = {
    "id": Field("integer", _("Id"), name="id", attr="id", readonly=True),
    "version": Field("integer", _("Version"), name="version", attr="version", readonly=True),
    "created_at": Field("datetime", _("Created"), name="created_at", attr="created_at", readonly=True),
    "updated_at": Field("datetime", _("Changed"), name="updated_at", attr="updated_at", readonly=True),
    "archived_at": Field("datetime", _("Archived"), name="archived_at", attr="archived_at", readonly=True),
}
UNSORTABLE = {"json", "tags", "multi_choice", "secret"}


@dataclass(frozen=True)
class Filter:
    """`name` may be dotted over links; `value` is as text from an address or already a value."""

    name: str
    op: str
    value: Any


@dataclass(frozen=True)
class Query:
    """What a list asks for. `sort` entries start with `-` for descending. `cursor` or `page` (from 1), not both."""

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


@dataclass
class Page:
    """Rows as dicts by field name (links by id), the next cursor, and the total when it was asked for."""

    rows: list[dict[str, Any]]
    next: str | None = None
    total: int | None = None
    fields: list[Field] = field(default_factory=list)


def parse_filters(
    args: Iterable[tuple[str, str]], kind: RecordType, reserved: Iterable[str] = ()
) -> tuple[Filter, ...]:
    """`name=value` and `name__op=value` pairs of an address as filters; raises `BadRequest` naming an unknown field."""
    filters = []
    for key, value in args:
        if key in reserved or key.startswith("_"):
            continue
        name, _sep, op = key.partition("__")
        if (op or "eq") not in OPERATORS:
            raise BadRequest(
                _("Unknown operator “%(op)s”. Known are %(known)s.", op=op, known=", ".join(OPERATORS)), code="operator"
            )
        find_field(kind, name)
        filters.append(Filter(name, op or "eq", value))
    return tuple(filters)


def find_field(kind: RecordType, name: str) -> Field:
    """The field, also over links; raises `BadRequest` when there is none or when it is hidden from this person."""
    head, _sep, rest = name.partition(".")
    spec = kind.fields.get(head) or SYSTEM_FIELDS.get(head)
    if spec is None or spec.hidden or spec.kind == "secret":
        raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    rule = treatment(kind, head)
    if rule is not None and rule.when is None and rule.treatment != "readonly":
        raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    if rest:
        if not spec.target:
            raise BadRequest(_("“%(name)s” is not a link.", name=head), code="field")
        return find_field(registry().types[spec.target], rest)
    return spec


def treatment(kind: RecordType, name: str) -> FieldRule | None:
    """The field rule that binds the current person."""
    return access().treatments(kind.model, db.session().principal).get(name)


def visible_column(kind: RecordType, spec: Field) -> Any:
    """The column, or NULL where a field rule hides the value in this row."""
    column = getattr(kind.model, spec.attr)
    rule = treatment(kind, spec.name)
    if rule is None or rule.treatment == "readonly":
        return column
    if rule.when is None:
        return null()
    return case((rule.when(kind.model, current_principal()), null()), else_=column)


def condition(kind: RecordType, item: Filter) -> ColumnElement[bool]:
    """One filter as SQL."""
    head, _sep, rest = item.name.partition(".")
    if rest:
        link = find_field(kind, head)
        target = registry().types[link.target or ""]
        return getattr(kind.model, head).has(condition(target, replace(item, name=rest)))
    spec = find_field(kind, item.name)
    return _compare(spec, visible_column(kind, spec), item)


def _compare(spec: Field, column: Any, item: Filter) -> ColumnElement[bool]:
    op, raw = item.op, item.value
    if op == "isnull":
        return column.is_(None) if str(raw).lower() in ("1", "true", "yes", "on") else column.is_not(None)
    if op == "contains":
        return _contains(spec, column, raw)
    if op == "in":
        values = raw if isinstance(raw, (list, tuple, set)) else [v for v in str(raw).split(",") if v]
        return column.in_([value_of(spec, v) for v in values])
    if spec.kind in ("tags", "multi_choice"):
        inside = _contains(spec, column, raw)
        return not_(func.coalesce(inside, False)) if op == "ne" else inside
    if raw in ("", None) and op in ("eq", "ne"):
        return column.is_(None) if op == "eq" else column.is_not(None)
    value = value_of(spec, raw)
    if op == "ne":
        return or_(column != value, column.is_(None))
    return {"eq": column.__eq__, "lt": column.__lt__, "lte": column.__le__, "gt": column.__gt__, "gte": column.__ge__}[
        op
    ](value)


def _contains(spec: Field, column: Any, raw: Any) -> ColumnElement[bool]:
    text = str(raw)
    if spec.kind in ("tags", "multi_choice", "json"):
        if db.engine.dialect.name == "postgresql":
            return column.op("@>")(cast(json.dumps([text]), column.type))
        return cast(column, String).contains(json.dumps(text), autoescape=True)
    if spec.kind not in ("text", "long_text", "choice"):
        raise BadRequest(_("“%(name)s” cannot be searched by a part of its text.", name=spec.name), code="operator")
    return contains(column, text, indexed=spec.search)


def contains(column: Any, text: str, *, indexed: bool = False) -> ColumnElement[bool]:
    """Substring, without regard to case. On PostgreSQL an indexed column is first narrowed by its two-character pieces."""
    like = (
        column.icontains(text, autoescape=True)
        if db.engine.dialect.name != "postgresql"
        else column.ilike(f"%{_escaped(text)}%", escape="\\")
    )
    pieces = bigrams(text)
    if not (indexed and pieces and db.engine.dialect.name == "postgresql"):
        return like
    from sqlalchemy.dialects.postgresql import ARRAY, TEXT

    return and_(func.zhian_bigrams(column, type_=ARRAY(TEXT)).contains(cast(pieces, ARRAY(TEXT))), like)


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def bigrams(text: str) -> list[str]:
    """The distinct two-character pieces of a text, in lower case."""
    low = text.lower()
    return sorted({low[i : i + 2] for i in range(len(low) - 1)})


RELATIVE = re.compile(r"^today(?:([+-])(\d{1,5}))?$")


def value_of(spec: Field, raw: Any) -> Any:
    """A filter's text as a value of the field; understands `me`, `today`, `today+7`. Raises `BadRequest`."""
    if spec.kind in ("link", "file") and raw == "me":
        return current_principal().user_id
    if spec.kind in ("date", "datetime") and isinstance(raw, str) and (found := RELATIVE.match(raw)):
        day = today() + dt.timedelta(days=int(f"{found[1]}{found[2]}") if found[1] else 0)
        return day if spec.kind == "date" else dt.datetime.combine(day, dt.time(), dt.UTC)
    try:
        if spec.kind == "choice":
            return str(raw)
        return schema_field(spec)._deserialize(raw, spec.name, None) if spec.kind in KINDS else raw
    except (CodedError, OverflowError) as error:
        raise BadRequest(
            _("“%(value)s” does not fit the field “%(name)s”.", value=str(raw)[:60], name=spec.name), code="value"
        ) from error


def search_condition(kind: RecordType, text: str) -> ColumnElement[bool] | None:
    """The words of the quick search: each must be somewhere in the searchable fields."""
    words = [w for w in text.split() if w][:6]
    specs = [
        s
        for s in kind.search_fields
        if (r := treatment(kind, s.name)) is None or r.when is not None or r.treatment == "readonly"
    ]
    if not words or not specs:
        return None
    return and_(
        *(
            or_(*(contains(visible_column(kind, s), w, indexed=treatment(kind, s.name) is None) for s in specs))
            for w in words
        )
    )


def where_of(kind: RecordType, query: Query) -> list[ColumnElement[bool]]:
    """All conditions of a query; record rules are added by the session."""
    conditions = [condition(kind, f) for f in query.filters]
    conditions += [or_(*(condition(kind, f) for f in group)) for group in query.any_of if group]
    if query.q and (found := search_condition(kind, query.q)) is not None:
        conditions.append(found)
    if kind.archive and not query.archived and not any(f.name == "archived_at" for f in query.filters):
        conditions.append(kind.model.archived_at.is_(None))
    return conditions


def chosen_fields(kind: RecordType, names: Iterable[str] | None) -> list[Field]:
    """The fields to read: all public ones, or those named; raises `BadRequest` for an unknown name."""
    if names is None:
        treated = access().treatments(kind.model, db.session().principal)
        return [
            f
            for f in kind.fields.values()
            if not f.hidden
            and f.kind != "secret"
            and not (f.name in treated and treated[f.name].treatment == "hidden" and treated[f.name].when is None)
        ]
    return [find_field(kind, n) for n in dict.fromkeys(names) if n not in ("id", "version")]


def order_of(kind: RecordType, query: Query) -> list[tuple[str, Any, bool]]:
    """(name, expression, descending) per sort key; empty values last; the id settles ties."""
    keys: list[tuple[str, Any, bool]] = []
    for name in query.sort or (kind.order,):
        down = name.startswith("-")
        spec = find_field(kind, name.lstrip("-+"))
        if "." in name or spec.kind in UNSORTABLE:
            raise BadRequest(_("Lists cannot be sorted by “%(name)s”.", name=name), code="sort")
        column = visible_column(kind, spec)
        if not spec.required and spec.name not in SYSTEM_FIELDS:
            keys.append((f"{spec.name}?", column.is_(None), False))
        keys.append((spec.name, column, down))
    if not any(name == "id" for name, _c, _d in keys):
        keys.append(("id", kind.model.id, bool(keys and keys[-1][2])))
    return keys


def list_records(model: type[Record], query: Query) -> Page:
    """One page. Raises `BadRequest` for unknown fields, operators, values or cursors."""
    kind = registry().of(model)
    specs = chosen_fields(kind, query.fields)
    keys = order_of(kind, query)
    conditions = where_of(kind, query)
    columns = [model.id.label("id"), model.version.label("version"), *(_labelled(kind, s) for s in specs)]
    hidden = (
        [(f"_k{i}", column.label(f"_k{i}")) for i, (_n, column, _d) in enumerate(keys)] if query.page is None else []
    )
    statement = select(*columns, *(c for _n, c in hidden)).where(*conditions)
    statement = statement.order_by(*(c.desc() if down else c.asc() for _n, c, down in keys))
    if query.cursor:
        statement = statement.where(_after(keys, _read_cursor(query.cursor, len(keys))))
    if query.page is not None:
        statement = statement.offset((query.page - 1) * query.limit)
    found = db.session.execute(statement.limit(query.limit + 1)).mappings().all()
    rows = [dict(row) for row in found[: query.limit]]
    following = None
    if hidden and len(found) > query.limit:
        following = _write_cursor([rows[-1][n] for n, _c in hidden])
    for row in rows:
        for name, _c in hidden:
            del row[name]
    _mask_rows(kind, specs, rows)
    total = db.session.scalar(select(func.count(model.id)).where(*conditions)) if query.count else None
    return Page(rows, following, total, specs)


def _labelled(kind: RecordType, spec: Field) -> Any:
    rule = treatment(kind, spec.name)
    column = (
        getattr(kind.model, spec.attr)
        if rule is not None and rule.treatment == "masked"
        else visible_column(kind, spec)
    )
    return column.label(spec.name)


def _mask_rows(kind: RecordType, specs: list[Field], rows: list[dict[str, Any]]) -> None:
    for spec in specs:
        rule = treatment(kind, spec.name)
        if rule is not None and rule.treatment == "masked":
            for row in rows:
                row[spec.name] = masked(row[spec.name])
        elif rule is not None and rule.treatment == "hidden" and rule.shown is not None:
            for row in rows:
                row[spec.name] = str(rule.shown) if row[spec.name] is None else row[spec.name]


def masked(value: Any) -> Any:
    """`138****5678`: three characters, stars, the last four; short values vanish wholly."""
    text = str(value) if value is not None else ""
    return value if value is None else f"{text[:3]}****{text[-4:]}" if len(text) > 7 else "****"


def count_records(model: type[Record], query: Query) -> int:
    """How many records match."""
    return db.session.scalar(select(func.count(model.id)).where(*where_of(registry().of(model), query))) or 0


def group_counts(model: type[Record], query: Query, name: str) -> list[tuple[Any, int]]:
    """(value, count) per value of a field, in SQL."""
    kind = registry().of(model)
    column = visible_column(kind, find_field(kind, name))
    statement = select(column, func.count(model.id)).where(*where_of(kind, query)).group_by(column).order_by(column)
    return [(value, number) for value, number in db.session.execute(statement)]


def _after(keys: list[tuple[str, Any, bool]], values: list[Any]) -> ColumnElement[bool]:
    """Rows behind the cursor in the order of the keys."""
    branches, equal = [], []
    for (_name, column, down), value in zip(keys, values, strict=True):
        if value is not None:
            branches.append(and_(*equal, column < value if down else column > value))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(*branches)


def _write_cursor(values: list[Any]) -> str:
    plain = [
        {"d": v.isoformat()}
        if isinstance(v, dt.datetime)
        else {"t": v.isoformat()}
        if isinstance(v, dt.date)
        else {"n": str(v)}
        if hasattr(v, "quantize")
        else v
        for v in values
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, count: int) -> list[Any]:
    from decimal import Decimal

    readers: Mapping[str, Any] = {"d": dt.datetime.fromisoformat, "t": dt.date.fromisoformat, "n": Decimal}
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != count:
            raise ValueError
        return [readers[next(iter(v))](next(iter(v.values()))) if isinstance(v, dict) else v for v in values]
    except (ValueError, KeyError, ArithmeticError, StopIteration, TypeError):
        raise BadRequest(_("This page mark is not valid any more. Start the list again."), code="cursor") from None
