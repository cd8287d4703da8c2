"""Reads .xml with expat: finds the repeated element and yields each as a nested dict.

Entity declarations are refused; an outside document type is never fetched.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from .limits import MAX_CELL_CHARS, MAX_ROWS
from .problems import Unreadable

MAX_DEPTH = 60
CHUNK = 1 << 18
Handler = Callable[..., None]


def sheets(path: Path) -> list[str]:
    """Paths of elements that look like records, the most likely first."""
    census = _Census()
    for _ in _feed(path, census.start, census.end, census.text):
        pass
    ranked = census.ranked()
    if not ranked:
        raise Unreadable("no_table")
    return ranked[:8]


def rows(path: Path, sheet: str) -> Iterator[tuple[int, Any]]:
    """Yield (index of the element from 0, nested dict); attributes are keyed `@name`, mixed text `#text`."""
    collector = _Collector(sheet)
    index = 0
    for _ in _feed(path, collector.start, collector.end, collector.text):
        for item in collector.take():
            if index >= MAX_ROWS:
                raise Unreadable("too_many_rows")
            yield index, item if isinstance(item, dict) else {"#text": item}
            index += 1


def _feed(
    path: Path, start: Callable[..., None], end: Callable[..., None], text: Callable[..., None]
) -> Iterator[None]:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.EntityDeclHandler = _refuse_entities
    with path.open("rb") as handle:
        try:
            while chunk := handle.read(CHUNK):
                parser.Parse(chunk, False)
                yield
            parser.Parse(b"", True)
            yield
        except expat.ExpatError as error:
            raise Unreadable("damaged", str(error)) from error
        except (LookupError, ValueError) as error:
            raise Unreadable("damaged", str(error)) from error


def _refuse_entities(*_: Any) -> None:
    raise Unreadable("entities")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Census:
    """Counts elements by path, and the distinct children under each."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.seen: Counter[str] = Counter()
        self.children: defaultdict[str, set[str]] = defaultdict(set)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        path = f"{self.stack[-1]}/{_local(name)}" if self.stack else _local(name)
        if self.stack:
            self.children[self.stack[-1]].add(path)
        self.children[path].update(f"@{key}" for key in attributes)
        self.stack.append(path)
        self.seen[path] += 1
        if len(self.stack) > MAX_DEPTH:
            raise Unreadable("too_deep")

    def end(self, name: str) -> None:
        self.stack.pop()

    def text(self, data: str) -> None:
        """Text does not tell a record from its surroundings."""

    def ranked(self) -> list[str]:
        """Repeated elements with parts of their own before single ones, shallow before deep, rich before poor."""
        leaves = {path: sum(not self.children.get(child) for child in self.children[path]) for path in self.seen}
        candidates = [path for path, count in leaves.items() if count]

        def rank(path: str) -> tuple[bool, int, int]:
            repeated = self.seen[path] > 1
            return (not repeated, path.count("/") if repeated else 0, -leaves[path])

        return sorted(candidates, key=rank)


class _Collector:
    """Builds the nested dict of each element at one path."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.path: list[str] = []
        self.open: list[tuple[dict[str, Any], list[str]]] = []
        self.done: list[Any] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(_local(name))
        if len(self.path) > MAX_DEPTH:
            raise Unreadable("too_deep")
        if self.open or "/".join(self.path) == self.target:
            self.open.append(({f"@{_local(key)}": value for key, value in attributes.items()}, []))

    def text(self, data: str) -> None:
        if self.open:
            self.open[-1][1].append(data)

    def end(self, name: str) -> None:
        tag = self.path.pop()
        if not self.open:
            return
        fields, pieces = self.open.pop()
        value = _value(fields, "".join(pieces).strip())
        if not self.open:
            self.done.append(value)
            return
        parent = self.open[-1][0]
        if tag not in parent:
            parent[tag] = value
        elif isinstance(parent[tag], list):
            parent[tag].append(value)
        else:
            parent[tag] = [parent[tag], value]

    def take(self) -> list[Any]:
        """Hand over the finished elements."""
        done, self.done = self.done, []
        return done


def _value(fields: dict[str, Any], text: str) -> Any:
    if len(text) > MAX_CELL_CHARS:
        raise Unreadable("cell_too_long")
    if not fields:
        return text or None
    return fields | {"#text": text} if text else fields
