"""Sums of figures over a list, whole and per group, with the record rules and field rules of the list itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core.records.base import Record
from core.records.conditions import LINKS, find_field, seen_link, treatment, visible_column
from core.records.fields import Field
from core.records.query import Query, where_of
from core.records.reading import run
from core.registry import RecordType, registry


def summable(kind: RecordType, name: str) -> bool:
    """Whether a sum over the field says something: figures of one kind, not amounts in several currencies."""
    spec = kind.fields.get(name)
    if spec is None or not spec.custom or spec.kind not in ("money", "decimal"):
        return False
    rule = treatment(kind, name)
    return rule is None or rule.treatment == "readonly"


def sums(model: type[Record], query: Query, names: list[str]) -> dict[str, Decimal | None]:
    """The sum of each field over all records that match, not of one page; None where none holds a value."""
    kind = registry().of(model)
    columns = [func.sum(visible_column(kind, kind.fields[n])).label(n) for n in names]
    found = run(select(*columns).select_from(kind.model.__table__).where(*where_of(kind, query))).one()
    return dict(zip(names, found, strict=True))


def group_sums(model: type[Record], query: Query, group: str, names: list[str]) -> dict[Any, dict[str, Decimal | None]]:
    """The same per value of the field `group`."""
    kind = registry().of(model)
    spec: Field = find_field(kind, group)
    column = seen_link(kind, spec) if spec.kind in LINKS and spec.target else visible_column(kind, spec)
    figures = [visible_column(kind, kind.fields[n]).label(n) for n in names]
    rows = select(column.label("value"), *figures).select_from(kind.model.__table__).where(*where_of(kind, query))
    inner = rows.subquery()
    statement = select(inner.c.value, *(func.sum(inner.c[n]) for n in names)).group_by(inner.c.value)
    return {value: dict(zip(names, found, strict=True)) for value, *found in run(statement)}
