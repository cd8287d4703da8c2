"""Conditions on fields of a record: each says no when the field is empty, unless it asks for just that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

OPERATORS = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "filled", "empty")

Read = Callable[[str], Any]


def holds(conditions: Iterable[Mapping[str, Any]], read: Read) -> bool:
    """Whether all conditions hold; `read(path)` gives a field's value. Raises `KeyError` for an unknown operator."""
    return all(_one(c["op"], read(c["field"]), c.get("value")) for c in conditions)


def _one(op: str, value: Any, wanted: Any) -> bool:
    if op in ("filled", "empty"):
        return (value in (None, "", [], {})) == (op == "empty")
    if op in ("in", "not_in"):
        listed = wanted if isinstance(wanted, list) else [p.strip() for p in str(wanted or "").split(",")]
        return (_text(value) in [_text(w) for w in listed]) == (op == "in")
    if op == "contains":
        return _contains(value, wanted)
    if op in ("eq", "ne"):
        return (_text(value) == _text(wanted)) == (op == "eq")
    return _compared(op, value, wanted)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return _text(wanted) in [_text(v) for v in value]
    return value is not None and _text(wanted) in str(value)


def _compared(op: str, value: Any, wanted: Any) -> bool:
    left, right = _number(value), _number(wanted)
    if left is None or right is None:
        left, right = (_text(value), _text(wanted)) if value is not None else (None, None)  # days in ISO order
    if left is None:
        return False
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]


def _number(value: Any) -> Decimal | None:
    if isinstance(value, (list, tuple)):
        return Decimal(len(value))
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return "" if value is None else str(value)
