"""Reads .json: an array of objects, or an object whose longest array of objects is the table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from .delimited import encoding_of
from .limits import MAX_ROWS
from .problems import Unreadable


def sheets(path: Path) -> list[str]:
    """Paths of the arrays of objects found, the longest first; the top-level array is called by an empty path."""
    found = dict(_arrays(_load(path), ""))
    if not found:
        raise Unreadable("no_table")
    return sorted(found, key=lambda name: -len(found[name]))


def rows(path: Path, sheet: str) -> Iterator[tuple[int, Any]]:
    """Yield (index of the item from 0, the object); an item that is no object comes as `{"#text": item}`."""
    for name, items in _arrays(_load(path), ""):
        if name == sheet:
            if len(items) > MAX_ROWS:
                raise Unreadable("too_many_rows")
            yield from (
                (index, item if isinstance(item, dict) else {"#text": item}) for index, item in enumerate(items)
            )
            return
    raise Unreadable("no_table")


def _load(path: Path) -> Any:
    try:
        encoding, start = encoding_of(path)
        text = path.read_bytes()[start:].decode(encoding)
        return orjson.loads(text)
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise Unreadable("damaged", str(error)) from error


def _arrays(node: Any, path: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(node, list):
        if any(isinstance(item, dict) for item in node):
            yield path, node
    elif isinstance(node, dict):
        for key, child in node.items():
            yield from _arrays(child, f"{path}.{key}" if path else key)
