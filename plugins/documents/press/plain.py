"""Plain values on their way into the child and into what is kept: JSON with marks for dates and amounts."""

from __future__ import annotations

import json
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

DEPTH = 12


def encode(value: Any, path: str = "data", depth: int = 0) -> Any:
    """The value as JSON keeps it. Raises `TypeError` that names the place of anything that is not plain.

    Empty texts become None, control characters vanish: neither has a glyph.
    """
    if depth > DEPTH:
        raise TypeError(f"{path} is nested too deeply for a template")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _text(str(value)) or None
    if isinstance(value, Decimal):
        return {"$amount": str(value)}
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, dict):
        return {str(k): encode(v, f"{path}.{k}", depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]
    raise TypeError(f"{path} is a {type(value).__name__}: templates get plain values only")


def _text(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip("\n")


_MARKS = {"$amount": Decimal, "$day": date.fromisoformat, "$instant": datetime.fromisoformat}


def _object(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        ((key, value),) = found.items()
        if key in _MARKS:
            return _MARKS[key](value)
    return found


def decode(text: str | bytes) -> Any:
    """Back to dict, list, str, int, bool, Decimal, date, datetime."""
    return json.loads(text, object_hook=_object)
