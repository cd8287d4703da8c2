"""Fields of a record inserted into texts: `{name}`, `{client.name}`, `{today}`, `{message.order.id}`. Plain values
only: there is no language here, a place is a name in braces and nothing else.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from core import dump, gettext, registry, today

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_-]+){0,4})\}")
DAY = re.compile(r"^(today|\{[a-z0-9_.]+\})?\s*([+-]\s*\d{1,4})?$")
FIXED = ("today", "rule", "link")
LONGEST = 20_000
MOST_STEPS = 2


def value_at(record: Any, path: str) -> Any:
    """The value of a field, also over links, as JSON has it; None where it is empty or hidden from who asks."""
    name, _dot, rest = path.partition(".")
    kind = registry().of(type(record))
    if record is None or name not in kind.fields:
        return None
    if not rest:
        return dump(record, [name]).get(name)
    target = getattr(record, name, None) if kind.fields[name].target else None
    return value_at(target, rest) if target is not None else None


def words_of(record: Any, path: str) -> str:
    """The same as people read it."""
    spec = field_at(registry().of(type(record)).key, path)
    return _words(spec, value_at(record, path)) if spec is not None else ""


def _words(spec: Any, value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, dict):
        return gettext("hidden") if value.get("hidden") else str(value.get("label") or "")
    if isinstance(value, list):
        return gettext(", ").join(_words(spec, one) for one in value)
    if spec.kind == "boolean":
        return gettext("yes") if value else gettext("no")
    chosen = spec.choice(str(value)) if spec.choices_source is not None else None
    return str(chosen.label) if chosen else str(value)


def field_at(record_key: str | None, path: str) -> Any:
    """The declaration of a field, also over links; None when there is none or it is not for people."""
    spec = None
    for at, name in enumerate(path.split(".")):
        kind = registry().types.get(record_key or "")
        spec = kind.fields.get(name) if kind else None
        if spec is None or spec.hidden or spec.kind in ("secret", "json") or at > MOST_STEPS:
            return None
        record_key = spec.target
    return spec


def unknown_places(text: str, record_key: str | None) -> list[str]:
    """Names in braces that lead nowhere."""
    found = [match[1] for match in PLACE.finditer(text or "")]
    return [p for p in found if p not in FIXED and not p.startswith("message.") and field_at(record_key, p) is None]


def fill(text: str, record: Any, fixed: dict[str, str], message: Any = None) -> str:
    """The text with its places filled in."""

    def value(found: re.Match[str]) -> str:
        path = found[1]
        if path in FIXED:
            return fixed.get(path, "")
        if path.startswith("message."):
            told = at_path(message, path.partition(".")[2])
            return str(told) if isinstance(told, (str, int, float, bool)) else ""
        return words_of(record, path) if record is not None else ""

    return PLACE.sub(value, text or "")[:LONGEST]


def at_path(given: Any, path: str) -> Any:
    """A value inside a message, by names and numbers joined by dots."""
    for name in path.split("."):
        if isinstance(given, dict):
            given = given.get(name)
        elif isinstance(given, list) and name.isdigit() and int(name) < len(given):
            given = given[int(name)]
        else:
            return None
    return given


def day_of(text: str, record: Any) -> date | None:
    """`today`, `today+3`, `{due}-7`, `2026-12-01` as a day; None for an empty text or field. Raises `ValueError`."""
    text = (text or "").strip()
    if not text:
        return None
    found = DAY.match(text)
    if found is None:
        return date.fromisoformat(text)
    start = today()
    if found[1] and found[1] != "today":
        told = value_at(record, found[1].strip("{}")) if record is not None else None
        if not isinstance(told, str):
            return None
        start = date.fromisoformat(told[:10])
    return start + timedelta(days=int((found[2] or "0").replace(" ", "")))
