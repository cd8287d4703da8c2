"""Templates of plain values: `{opinion}` alone gives the value itself, within a text it gives its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z0-9_]+)*)\}")


def fill(template: Any, read: Callable[[str], Any]) -> Any:
    """The template with every place filled by `read(name)`; in objects what comes out as nothing is left out."""
    if isinstance(template, dict):
        return {key: value for key, part in template.items() if (value := fill(part, read)) is not None}
    if isinstance(template, list):
        return [fill(value, read) for value in template]
    if not isinstance(template, str):
        return template
    whole = PLACE.fullmatch(template)
    if whole:
        return read(whole[1])
    return PLACE.sub(lambda found: "" if (value := read(found[1])) is None else str(value), template)


def places(template: Any) -> set[str]:
    """The names that a template asks for."""
    if isinstance(template, dict):
        return {name for value in template.values() for name in places(value)}
    if isinstance(template, list):
        return {name for value in template for name in places(value)}
    return set(PLACE.findall(template)) if isinstance(template, str) else set()
