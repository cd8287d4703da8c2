"""Which JSON a definition is made of: texts, lists and objects in their places. What they mean is checked elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_NODES = 120
"""In all: a flow of more is several flows, and each node costs the engine some depth."""
MOST_WITHIN = 200
"""Entries of one list."""
DEEPEST_JSON = 60

TEXT, LIST, OBJECT, TEXTS, OBJECTS = "text", "list", "object", "texts", "objects"
SETTINGS = {
    "id": TEXT, "kind": TEXT, "name": TEXT, "name_en": TEXT, "mode": TEXT, "opinion": TEXT, "action": TEXT,
    "client": TEXT, "change_to": TEXT, "who": TEXTS, "back": TEXTS, "when": OBJECTS, "timers": OBJECTS,
    "needs": OBJECTS, "ask": OBJECTS, "branches": OBJECTS, "on_back": OBJECT, "on_reject": OBJECT,
    "on_withdraw": OBJECT, "params": OBJECT,
}  # fmt: skip
"""What each setting is, where it is given at all."""
PARTS = {"field": TEXT, "op": TEXT, "do": TEXT, "name": TEXT, "name_en": TEXT, "kind": TEXT, "action": TEXT}
"""The same within conditions, timers, needs, questions and runs."""


def misshapen(nodes: Any) -> Iterator[tuple[str, str]]:
    """Places (`n1.b0.n0.who`) and codes (`list`, `object`, `text`, `too_many`, `too_deep`) of what is of no use."""
    if not isinstance(nodes, list):
        yield "nodes", "list"
        return
    if too_deep(nodes):
        yield "nodes", "too_deep"
        return
    if _count(nodes) > MOST_NODES:
        yield "nodes", "too_many"
        return
    yield from _row(nodes, "")


def too_deep(value: Any) -> bool:
    """Whether lists and objects lie deeper within each other than anybody needs."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST_JSON:
            return True
        inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else ()
        waiting += [(one, depth + 1) for one in inner]
    return False


def _count(nodes: Any) -> int:
    rows, found = [nodes], 0
    while rows:
        row = rows.pop()
        for node in row if isinstance(row, list) else ():
            found += 1
            branches = node.get("branches") if isinstance(node, Mapping) else None
            rows += [b.get("nodes") for b in branches or () if isinstance(b, Mapping)] if _is_list(branches) else []
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _row(nodes: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if not isinstance(nodes, list):
        yield f"{prefix}nodes", "list"
        return
    for at, raw in enumerate(nodes):
        path = f"{prefix}n{at}"
        if not isinstance(raw, Mapping):
            yield f"{path}.kind", "object"
            continue
        wrong = list(_settings(raw, path, SETTINGS))
        yield from wrong
        if not wrong:
            for number, branch in enumerate(raw.get("branches") or ()):
                yield from _branch(branch, f"{path}.b{number}")


def _branch(branch: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    yield from _settings(branch, path, {"name": TEXT, "name_en": TEXT, "when": OBJECTS, "nodes": LIST})
    yield from _row(branch.get("nodes") if _is_list(branch.get("nodes")) else [], f"{path}.")


def _settings(raw: Mapping[str, Any], path: str, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, shape in wanted.items():
        value = raw.get(name)
        if value is None:
            continue
        if code := _misfit(value, shape):
            yield f"{path}.{name}", code
        elif shape == OBJECTS and name != "branches":
            for at, part in enumerate(value):
                yield from _settings(part, f"{path}.{name}{at}", PARTS)
        elif name in ("on_reject", "on_withdraw", "on_back"):
            for part in value.values() if name == "on_back" else [value]:
                runs = isinstance(part, Mapping)
                yield from _settings(part, f"{path}.{name}", PARTS | {"params": OBJECT}) if runs else ()


def _misfit(value: Any, shape: str) -> str | None:
    if shape == TEXT:
        return None if isinstance(value, str) else "text"
    if shape == OBJECT:
        return None if isinstance(value, Mapping) else "object"
    if not isinstance(value, list):
        return "list"
    if len(value) > MOST_WITHIN:
        return "too_many"
    if shape == TEXTS and not all(isinstance(one, str) for one in value):
        return "text"
    return "object" if shape == OBJECTS and not all(isinstance(one, Mapping) for one in value) else None
