"""Filters and search as SQL conditions. Hidden rows behind links and hidden values cannot be probed by them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from core.clock import today
from core.db import db
from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import Principal, current_principal
from core.permissions.rules import FieldRule, access, on_table
from core.records import spans
from core.records.custom.stored import CustomPart
from core.records.fields import Field
from core.records.schema import KINDS, CodedError, schema_field
from core.registry import RecordType, registry

OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "contains", "ncontains", "starts", "isnull")
NEGATED = {"ne": "eq", "nin": "in", "ncontains": "contains"}
"""Operators that hold exactly where another one does not, also where the field is empty."""
SYSTEM_FIELDS = {
    "id": Field("integer", _("Id"), name="id", attr="id", readonly=True, required=True),
    "version": Field("integer", _("Version"), name="version", attr="version", readonly=True, required=True),
    "created_at": Field("datetime", _("Created"), name="created_at", attr="created_at", readonly=True, required=True),
    "created_by": Field(
        "link", _("Created by"), name="created_by", attr="created_by_id", target="core.user", readonly=True
    ),
    "updated_at": Field("datetime", _("Changed"), name="updated_at", attr="updated_at", readonly=True, required=True),
    "archived_at": Field("datetime", _("Archived"), name="archived_at", attr="archived_at", readonly=True),
}
LINKS = ("link", "file")
LISTS = ("tags", "multi_choice")
RELATIVE = spans.DAY
OF_PERSON = {
    "me": "core.user",
    "my_department": "core.department",
    "my_branch": "core.branch",
    "my_team": "core.team",
}
"""Values that depend on who asks: the record type that a link must lead to."""
MOST_VALUES = 1000
MOST_LINKS = 6
"""How far a dotted name may lead; SQLite cannot parse much deeper nesting."""


@dataclass(frozen=True)
class Filter:
    """`name` may be dotted over links; `value` is as text from an address or already a value."""

    name: str
    op: str
    value: Any


_judge: ContextVar[Principal | None] = ContextVar("zhian_judge", default=None)


def asking() -> Principal:
    """Whose rights hold in the current session; the system's inside `elevated()`."""
    return _judge.get() or db.session().principal


@contextmanager
def judging(principal: Principal) -> Iterator[None]:
    """Conditions made in the block are made with the sight of `principal`, whoever asks."""
    token = _judge.set(principal)
    try:
        yield
    finally:
        _judge.reset(token)


def column_of(kind: RecordType, spec: Field) -> Any:
    """The column of a field, or the part of the column `custom` that holds it."""
    if spec.custom:
        return CustomPart(kind.model.__table__.c.custom, spec)
    return kind.model.__mapper__.column_attrs[spec.attr].columns[0]


def allowed(kind: RecordType) -> ColumnElement[bool]:
    """Which rows of the type the person may read; `true()` itself when it is all of them."""
    return access().where(kind.model, asking(), "read")


def find_field(kind: RecordType, name: str) -> Field:
    """The field, also over links; raises `BadRequest` when there is none or when it is hidden from this person."""
    head, _sep, rest = name.partition(".")
    spec = kind.fields.get(head) or SYSTEM_FIELDS.get(head)
    if spec is None or spec.hidden or spec.kind == "secret" or name.count(".") > MOST_LINKS:
        raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    rule = treatment(kind, head)
    if rule is not None and rule.when is None and rule.treatment != "readonly":
        raise BadRequest(_("“%(record)s” has no field “%(name)s”.", record=kind.label, name=name), code="field")
    if not rest:
        return spec
    if not spec.target:
        raise BadRequest(_("“%(name)s” is not a link.", name=head), code="field")
    return find_field(registry().types[spec.target], rest)


def treatment(kind: RecordType, name: str) -> FieldRule | None:
    """The field rule that binds the current person."""
    return access().treatments(kind.model, asking()).get(name)


def visible_column(kind: RecordType, spec: Field) -> Any:
    """The column, or NULL where a field rule hides the value in this row."""
    column = column_of(kind, spec)
    rule = treatment(kind, spec.name)
    if rule is None or rule.treatment == "readonly":
        return column
    if rule.when is None:
        return null()
    return case((on_table(rule.when(kind.model, asking())), null()), else_=column)


def seen_link(kind: RecordType, spec: Field) -> Any:
    """The column of a link, or NULL where its target is hidden from the person."""
    column = visible_column(kind, spec)
    target = registry().types[spec.target or ""]
    if allowed(target) is true():
        return column
    return case((column.in_(_ids(target)), column), else_=null())


def _ids(target: RecordType, *conditions: ColumnElement[bool]) -> Any:
    return select(target.model.__table__.c.id).where(allowed(target), *conditions)


def condition(kind: RecordType, item: Filter) -> ColumnElement[bool]:
    """One filter as SQL."""
    head, _sep, rest = item.name.partition(".")
    spec = find_field(kind, head)
    column = visible_column(kind, spec)
    if rest:
        find_field(kind, item.name)
        target = registry().types[spec.target or ""]
        return column.in_(_ids(target, condition(target, replace(item, name=rest))))
    if spec.kind in LINKS and item.op != "isnull" and spec.target:
        return _compare_link(spec, column, item)
    return _compare(spec, column, item)


def ids_of(word: str, person: Principal, *, acting: bool = False) -> list[int]:
    """The ids that `me`, `my_department` (with those below), `my_branch` or `my_team` mean for a person."""
    if word == "me":
        own = {person.user_id} if person.user_id else set()
        return sorted(person.acting_ids if acting else own)
    if word == "my_department":
        return sorted(person.department_ids)
    return sorted(person.team_ids) if word == "my_team" else [person.branch_id] if person.branch_id else []


def _compare_link(spec: Field, column: Any, item: Filter) -> ColumnElement[bool]:
    """Equality with a target that the person sees; a hidden one equals nothing."""
    if item.op not in ("eq", "ne", "in", "nin"):
        raise BadRequest(_("“%(name)s” is a link; it takes eq, ne, in and isnull.", name=spec.name), code="operator")
    several = item.op in ("in", "nin")
    if item.value in ("", None) and not several:
        return column.is_(None) if item.op == "eq" else column.is_not(None)
    if isinstance(item.value, str) and OF_PERSON.get(item.value) == spec.target:
        values = ids_of(item.value, current_principal(), acting=True)
    else:
        values = _values(spec, item.value) if several else [value_of(spec, item.value)]
    target = registry().types[spec.target or ""]
    same = column == values[0] if len(values) == 1 else column.in_(values)
    if allowed(target) is not true():
        ids = target.model.__table__.c.id
        same = (
            and_(same, exists(_ids(target, ids == values[0])))
            if len(values) == 1
            else and_(same, column.in_(_ids(target, ids.in_(values))))
        )
    return or_(not_(same), column.is_(None)) if item.op in NEGATED else same


def _compare(spec: Field, column: Any, item: Filter) -> ColumnElement[bool]:
    op, raw = item.op, item.value
    if op == "isnull":
        return column.is_(None) if str(raw).lower() in ("1", "true", "yes", "on") else column.is_not(None)
    if op in NEGATED and (op != "ne" or spec.kind in LISTS):
        return not_(func.coalesce(_compare(spec, column, replace(item, op=NEGATED[op])), False))
    if op in ("contains", "starts"):
        return _contains(spec, column, raw, starts=op == "starts")
    if spec.kind == "json":
        raise BadRequest(_("“%(name)s” cannot be compared.", name=spec.name), code="operator")
    if spec.kind in LISTS:
        return or_(false(), *(_contains(spec, column, v) for v in (_listed(raw) if op == "in" else [raw])))
    if op == "in":
        return column.in_(_values(spec, raw))
    if raw in ("", None) and op in ("eq", "ne"):
        return column.is_(None) if op == "eq" else column.is_not(None)
    span = _span(spec, raw)
    return _compare_value(spec, column, item) if span is None else _compare_span(spec, column, op, span)


def _compare_value(spec: Field, column: Any, item: Filter) -> ColumnElement[bool]:
    op, raw, value = item.op, item.value, value_of(spec, item.value)
    if op == "ne":
        return or_(column != value, column.is_(None))
    if op != "eq" and (value is None or isinstance(value, bool)):
        raise BadRequest(
            _("“%(value)s” does not fit the field “%(name)s”.", value=str(raw)[:60], name=spec.name), code="value"
        )
    compare = {"lt": column.__lt__, "lte": column.__le__, "gt": column.__gt__, "gte": column.__ge__}
    return compare.get(op, column.__eq__)(value)


def _span(spec: Field, raw: Any) -> spans.Span | None:
    """The days that a word means for a date or an instant; for an instant also one day in digits."""
    if spec.kind not in ("date", "datetime") or not isinstance(raw, str):
        return None
    try:
        if spec.kind == "datetime" and spans.ISO_DAY.match(raw):
            day = dt.date.fromisoformat(raw)
            return spans.Span(day, day)
        return spans.span_of(raw, today())
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            _("“%(value)s” does not fit the field “%(name)s”.", value=raw[:60], name=spec.name), code="value"
        ) from error


def _compare_span(spec: Field, column: Any, op: str, span: spans.Span) -> ColumnElement[bool]:
    """Before, in or after a span of days, which is one value as a whole: `lte this_month` is until its end."""
    if spec.kind == "date":
        begun, over = column >= span.first, column > span.last
    else:
        first, end = span.instants
        begun, over = column >= first, column >= end
    if op == "ne":
        return or_(not_(begun), over, column.is_(None))
    return {"lt": not_(begun), "gte": begun, "gt": over, "lte": not_(over)}.get(op, and_(begun, not_(over)))


def _listed(raw: Any) -> list[Any]:
    values = list(raw) if isinstance(raw, (list, tuple, set, frozenset)) else [v for v in str(raw).split(",") if v]
    if len(values) > MOST_VALUES:
        raise BadRequest(_("At most %(n)s values are taken at once.", n=MOST_VALUES), code="value")
    return values


def _values(spec: Field, raw: Any) -> list[Any]:
    return [value_of(spec, v) for v in _listed(raw)]


def _contains(spec: Field, column: Any, raw: Any, *, starts: bool = False) -> ColumnElement[bool]:
    text = str(raw)
    if spec.kind in (*LISTS, "json") and not starts:
        if db.engine.dialect.name == "postgresql":
            return column.bool_op("@>")(cast(literal(json.dumps([text])), JSONB))
        return cast(column, String).contains(json.dumps(text, ensure_ascii=False), autoescape=True)
    if spec.kind not in ("text", "long_text", "choice"):
        raise BadRequest(_("“%(name)s” cannot be searched by a part of its text.", name=spec.name), code="operator")
    return _begins(column, text) if starts else contains(column, text, indexed=spec.search)


def _begins(column: Any, text: str) -> ColumnElement[bool]:
    pattern = f"{_escaped(text.replace(chr(0), ''))}%"
    like = column.ilike if db.engine.dialect.name == "postgresql" else column.like
    return like(pattern, escape="\\")


def contains(column: Any, text: str, *, indexed: bool = False) -> ColumnElement[bool]:
    """Substring, without regard to case (on SQLite of ASCII letters, which its LIKE folds by itself).

    On PostgreSQL an indexed column is narrowed by two-character pieces first; the database makes them of both sides.
    """
    text = text.replace("\x00", "")
    pattern = f"%{_escaped(text)}%"
    if db.engine.dialect.name != "postgresql":
        return column.like(pattern, escape="\\")
    like = column.ilike(pattern, escape="\\")
    if not indexed or len(text) < 2:
        return like
    pieces = func.zhian_bigrams(text, type_=ARRAY(TEXT))
    return and_(func.zhian_bigrams(column, type_=ARRAY(TEXT)).contains(pieces), like)


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def value_of(spec: Field, raw: Any) -> Any:
    """A filter's text as a value of the field; understands `me`, `today`, `today+7`. Raises `BadRequest`."""
    if spec.kind in LINKS and raw == "me":
        return current_principal().user_id
    if spec.kind in ("date", "datetime") and isinstance(raw, str) and (found := RELATIVE.match(raw)):
        day = today() + dt.timedelta(days=int(f"{found[1]}{found[2]}") if found[1] else 0)
        return day if spec.kind == "date" else dt.datetime.combine(day, dt.time(), dt.UTC)
    try:
        if isinstance(raw, str) and "\x00" in raw:
            raise CodedError("invalid")
        if spec.kind == "choice":
            return str(raw)
        value = schema_field(spec)._deserialize(raw, spec.name, None) if spec.kind in KINDS else raw
        unseen = value is None and raw and spec.kind in ("text", "long_text")  # signs that nobody can see
        return raw if unseen else value
    except (CodedError, OverflowError) as error:
        raise BadRequest(
            _("“%(value)s” does not fit the field “%(name)s”.", value=str(raw)[:60], name=spec.name), code="value"
        ) from error


def search_condition(kind: RecordType, text: str) -> ColumnElement[bool] | None:
    """The words of the quick search: each must be somewhere in what the record is found by."""
    from core.search.sight import quick  # it is made of the conditions of this room

    found = quick(kind, text)
    return found if found is not None else plain_search(kind, text)


def plain_search(kind: RecordType, text: str) -> ColumnElement[bool] | None:
    """The same by parts of texts alone: each word must be somewhere in the searchable fields."""
    words = text.split()[:6]
    specs = [s for s in kind.search_fields if _searchable(treatment(kind, s.name))]
    if not words or not specs:
        return None
    columns = [(visible_column(kind, s), treatment(kind, s.name) is None) for s in specs]
    return and_(*(or_(*(contains(c, word, indexed=free) for c, free in columns)) for word in words))


def _searchable(rule: FieldRule | None) -> bool:
    return rule is None or rule.when is not None or rule.treatment == "readonly"


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
