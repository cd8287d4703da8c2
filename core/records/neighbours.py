"""Which record comes before and after one in a list, found by the keys of the list's order; no ids are collected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from core.records.base import Record
from core.records.query import Key, Query, order_of, where_of
from core.records.reading import run
from core.registry import registry


def neighbours(model: type[Record], query: Query, ident: int) -> tuple[int | None, int | None]:
    """(before, after): ids of the records beside `ident` in the list of this query, as far as the person sees them.

    The record itself need not be in the list any more: an edit may have moved it out. (None, None) when it is hidden.
    """
    kind = registry().of(model)
    table, keys = model.__table__, order_of(kind, query)
    own = select(*(key.column.label(f"k{i}") for i, key in enumerate(keys))).where(table.c.id == ident)
    values = run(own.where(*where_of(kind, Query(archived=True)))).first()
    if values is None:
        return None, None
    conditions = where_of(kind, replace(query, page=None, cursor=None))
    found = [_nearest(table, keys, values, conditions, back=back) for back in (True, False)]
    return found[0], found[1]


def _nearest(table: Any, keys: list[Key], values: Any, conditions: list[Any], *, back: bool) -> int | None:
    beyond = _beyond(keys, values, back=back)
    order = [_reversed(key) if back else key.ordered() for key in keys]
    return run(select(table.c.id).where(*conditions, beyond).order_by(*order).limit(1)).scalar()


def _beyond(keys: list[Key], values: Any, *, back: bool) -> ColumnElement[bool]:
    """Rows on one side of these values in the order of the keys."""
    branches, equal = [], []
    for key, value in zip(keys, values, strict=True):
        further = _ahead(key, value) if back else key.behind(value)
        if further is not None:
            branches.append(and_(*equal, further))
        equal.append(key.same(value))
    return and_(_within(keys[0], values[0], back=back), or_(false(), *branches))


def _within(key: Key, value: Any, *, back: bool) -> ColumnElement[bool]:
    """The same by the first key alone, as a range that its index finds at once instead of reading up to it."""
    if value is None or (key.nullable and not back):
        return true()
    return key.column <= value if key.down != back else key.column >= value


def _ahead(key: Key, value: Any) -> ColumnElement[bool] | None:
    """Rows that come before `value` by this key alone: empty values stand last in either direction."""
    if value is None:
        return key.column.is_not(None)
    return key.column > value if key.down else key.column < value


def _reversed(key: Key) -> Any:
    way = key.column.asc() if key.down else key.column.desc()
    return way.nulls_first() if key.nullable else way
