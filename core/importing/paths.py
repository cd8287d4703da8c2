"""Names of values inside nested items: `a.b[0].c`; without an index a repeated part gives all its values."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
MAX_PATHS = 300


def steps(path: str) -> list[str | int]:
    """`a.b[0].c` as `["a", "b", 0, "c"]`."""
    return [int(index) if index else name for name, index in _STEP.findall(path)]


def pluck(item: Any, path: list[str | int]) -> Any:
    """The value at `path`; a list where a repeated part on the way has no index; None where nothing is."""
    if not path:
        return _plain(item)
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = item if isinstance(item, list) else [item]
        return pluck(items[step], rest) if step < len(items) else None
    if isinstance(item, list):
        found = [value for part in item if (value := pluck(part, path)) is not None]
        return [value for entry in found for value in (entry if isinstance(entry, list) else [entry])] or None
    if isinstance(item, dict):
        return pluck(item[step], rest) if step in item else None
    return None


def _plain(item: Any) -> Any:
    """The text of an element that also has attributes; a part with parts of its own has no value of its own."""
    if isinstance(item, list):
        return [plain for part in item if (plain := _plain(part)) is not None] or None
    return item.get("#text") if isinstance(item, dict) else item


def leaf_paths(items: Iterable[Any]) -> list[str]:
    """The paths of all plain values in the items, without indexes, in order of appearance."""
    found: dict[str, None] = {}
    for item in items:
        for path in _leaves(item, ""):
            found.setdefault(path)
            if len(found) >= MAX_PATHS:
                return list(found)
    return list(found)


def _leaves(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and any(isinstance(child, dict | list) for child in node):
        for child in node:
            yield from _leaves(child, path)
    elif path and path != "#text":
        yield path.removesuffix(".#text")
