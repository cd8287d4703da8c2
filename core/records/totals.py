"""Counts and sums of lists, whole and per group, with the record rules and field rules of the list itself.

One statement for each level of groups. Amounts are summed per currency where the record has one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Date, Integer, String, cast, func, select, type_coerce

from core.db import db
from core.errors import BadRequest
from core.i18n import _
from core.records.base import Record
from core.records.conditions import LINKS, Filter, find_field, seen_link, treatment, visible_column
from core.records.fields import Field
from core.records.query import Query, where_of
from core.records.reading import run
from core.records.spans import UNITS, bucket
from core.registry import RecordType, registry

GROUPABLE = frozenset({"choice", "link", "boolean", "date", "datetime"})
DATES = ("date", "datetime")
MOST_LEVELS = 3
MOST_READ = 1000
"""Groups of one level that are read at once."""
LOCAL_ZONE, LOCAL_HOURS = "Asia/Shanghai", "+8 hours"

Amounts = list[tuple[str | None, Any]]
"""(currency, sum), the currency None where the record has none."""


@dataclass(frozen=True)
class Level:
    """A field to group by; dates by day, week, month, quarter or year."""

    spec: Field
    unit: str = ""

    @property
    def key(self) -> str:
        """As it stands in an address: `status`, `due:month`."""
        return f"{self.spec.name}:{self.unit}" if self.unit else self.spec.name

    def holding(self, value: Any) -> tuple[Filter, ...]:
        """The filters that leave one group: its value, or the days of its bucket."""
        if value is None:
            return (Filter(self.spec.name, "isnull", "1"),)
        if not self.unit:
            return (Filter(self.spec.name, "eq", value),)
        span = bucket(value, self.unit)
        return (
            Filter(self.spec.name, "gte", span.first.isoformat()),
            Filter(self.spec.name, "lte", span.last.isoformat()),
        )


@dataclass
class Group:
    """One group: its value on each level, how many records, and the sums of the figures."""

    values: tuple[Any, ...]
    count: int = 0
    sums: dict[str, Amounts] = field(default_factory=dict)


def levels_of(kind: RecordType, text: str) -> tuple[Level, ...]:
    """`status,due:month` as levels; raises `BadRequest` for what lists cannot be grouped by."""
    found = []
    for part in [p for p in text.split(",") if p]:
        name, _sep, unit = part.partition(":")
        spec = find_field(kind, name)
        dated = spec.kind in DATES
        if "." in name or spec.kind not in GROUPABLE or (unit and (not dated or unit not in UNITS)):
            raise BadRequest(_("Lists cannot be grouped by “%(name)s”.", name=part[:80]), code="group")
        found.append(Level(spec, (unit or "month") if dated else ""))
    if len(found) > MOST_LEVELS:
        raise BadRequest(_("Lists are grouped by at most %(n)s fields.", n=MOST_LEVELS), code="group")
    return tuple({level.spec.name: level for level in found}.values())


def summable(kind: RecordType, name: str) -> bool:
    """Whether a sum over the field says something: amounts, figures that administrators made, those that say so."""
    spec = kind.fields.get(name)
    if spec is None or spec.kind not in ("money", "decimal", "integer"):
        return False
    if not spec.extra.get("sum", spec.kind == "money" or (spec.custom and spec.kind == "decimal")):
        return False
    rule = treatment(kind, name)
    return rule is None or rule.treatment == "readonly"


def grouped(model: type[Record], query: Query, levels: Sequence[Level], figures: Sequence[str] = ()) -> list[Group]:
    """The groups of all records that match, with counts and sums, in one statement; hidden values count as empty."""
    kind = registry().of(model)
    currency = _currency(kind) if any(kind.fields[n].kind == "money" for n in figures) else None
    keys = [_key(kind, level).label(f"g{i}") for i, level in enumerate(levels)]
    keys += [] if currency is None else [visible_column(kind, currency).label("currency")]
    numbers = [visible_column(kind, kind.fields[n]).label(f"s{i}") for i, n in enumerate(figures)]
    table = kind.model.__table__
    inner = select(table.c.id, *keys, *numbers).select_from(table).where(*where_of(kind, query)).subquery()
    parts = [inner.c[key.name] for key in keys]
    wanted = select(*parts, func.count(), *(func.sum(inner.c[n.name]) for n in numbers)).select_from(inner)
    rows = run(wanted.group_by(*parts).limit(MOST_READ)) if parts else run(wanted)
    return _folded(rows, levels, figures, with_currency=currency is not None)


def _folded(rows: Any, levels: Sequence[Level], figures: Sequence[str], *, with_currency: bool) -> list[Group]:
    """Rows by level and currency as groups with their sums per currency."""
    found: dict[tuple[Any, ...], Group] = {}
    width = len(levels)
    for row in rows:
        values = tuple(_value(level, v) for level, v in zip(levels, row, strict=False))
        group = found.setdefault(values, Group(values))
        coin, rest = (row[width], row[width + 1 :]) if with_currency else (None, row[width:])
        group.count += rest[0]
        for name, amount in zip(figures, rest[1:], strict=True):
            if amount is not None:
                group.sums.setdefault(name, []).append((coin, amount))
    return list(found.values())


def sums(model: type[Record], query: Query, names: Sequence[str]) -> dict[str, Amounts]:
    """The sums of figures over all records that match, not of one page; none for a figure that no record holds."""
    found = grouped(model, query, (), names)
    return found[0].sums if found else {}


def _currency(kind: RecordType) -> Field | None:
    spec = kind.fields.get("currency")
    rule = treatment(kind, "currency")
    shown = rule is None or rule.treatment == "readonly"
    return spec if spec is not None and spec.kind in ("text", "choice") and shown else None


def _key(kind: RecordType, level: Level) -> Any:
    spec = level.spec
    if spec.kind in LINKS and spec.target:
        return seen_link(kind, spec)
    column = visible_column(kind, spec)
    return _bucketed(column, spec, level.unit) if level.unit else column


def _bucketed(column: Any, spec: Field, unit: str) -> Any:
    """The first day of the bucket as `2026-12-01`, on both databases the same."""
    if db.engine.dialect.name == "postgresql":
        day = func.timezone(LOCAL_ZONE, column) if spec.kind == "datetime" else cast(type_coerce(column, String), Date)
        day = day if spec.kind == "datetime" or spec.custom else column
        return func.to_char(func.date_trunc(unit, day), "YYYY-MM-DD", type_=String)
    steps: dict[str, tuple[Any, ...]] = {
        "day": (),
        "week": ("-6 days", "weekday 1"),
        "month": ("start of month",),
        "year": ("start of year",),
    }
    zone = (LOCAL_HOURS,) if spec.kind == "datetime" else ()
    plain = type_coerce(column, String)
    if unit != "quarter":
        return func.date(plain, *zone, *steps[unit], type_=String)
    months_in = (cast(func.strftime("%m", plain, *zone), Integer) + 2) % 3
    back = func.printf("-%d months", months_in, type_=String)
    return func.date(plain, *zone, "start of month", back, type_=String)


def _value(level: Level, raw: Any) -> Any:
    return dt.date.fromisoformat(raw) if level.unit and raw is not None else raw
