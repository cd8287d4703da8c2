"""Conditions on other fields, as data: `["kind", "eq", "invention"]`. Compared as texts, on page and server alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from core.i18n import _
from core.views import Given

OPERATORS = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is any of"),
    "filled": _("is filled in"),
    "empty": _("is empty"),
    "gte": _("is at least"),
    "lte": _("is at most"),
}
BARE = ("filled", "empty")
"""Operators that take no value."""


def compiled(rows: Sequence[Sequence[str]] | None) -> Given | None:
    """One function that asks whether all conditions hold; None when there are none. Unknown operators never hold."""
    checks = [(row[0], row[1], row[2] if len(row) > 2 else "") for row in rows or () if len(row) > 1 and row[0]]
    return (lambda values: all(_holds(values.get(name), op, wanted) for name, op, wanted in checks)) if checks else None


def both(one: Given | None, other: Given | None) -> Given | None:
    """Both conditions, as far as there are any."""
    if one is None or other is None:
        return one or other
    return lambda values: one(values) and other(values)


def always(values: Mapping[str, Any]) -> bool:
    """Holds for every record."""
    return True


def plain(value: Any) -> str:
    """A value as a text, whether it comes from a record, from JSON or out of a form."""
    if value is None or value == [] or value == "":
        return ""
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, dict):
        return plain(value.get("id"))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return {"true": "1", "false": "0"}.get(str(value), str(value))


def _holds(value: Any, op: str, wanted: str) -> bool:
    if isinstance(value, (list, tuple)) and op in ("eq", "ne", "in"):
        held, asked = {plain(v) for v in value}, set(_split(wanted))
        return held.isdisjoint(asked) if op == "ne" else not held.isdisjoint(asked)
    check = _CHECKS.get(op)
    return check is not None and check(plain(value), plain(wanted))


def _split(text: str) -> list[str]:
    return [part.strip() for part in str(text).split(",") if part.strip()]


def _order(one: str, other: str) -> int | None:
    """-1, 0 or 1; None where one of them is empty. Numbers as numbers, everything else, days too, as texts."""
    if not one or not other:
        return None
    try:
        a, b = Decimal(one), Decimal(other)
    except InvalidOperation:
        return (one > other) - (one < other)
    return int((a > b) - (a < b))


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "in": lambda value, wanted: value in _split(wanted),
    "filled": lambda value, wanted: value != "",
    "empty": lambda value, wanted: value == "",
    "gte": lambda value, wanted: _order(value, wanted) in (0, 1),
    "lte": lambda value, wanted: _order(value, wanted) in (0, -1),
}
