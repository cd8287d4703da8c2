"""The conditions of a list as chips, each with the address without it."""

from __future__ import annotations

from typing import Any

from core.records.query import find_field
from core.records.trees import Tree, parts_of
from core.records.trees import items as items_of
from core.web import trees, treewords
from core.web.liststate import ListState

ICONS = {"link": "user", "choice": "approval", "date": "calendar", "datetime": "calendar", "money": "coin"}


def chips(state: ListState) -> list[dict[str, Any]]:
    """One chip per condition that must hold: field, comparison, value; a group stands in one chip as a sentence."""
    made = [
        _chip(state, {"field": f.name, "op": f.op, "value": f.value}, state.without(pair))
        for pair, f in zip(state.pairs, state.filters, strict=True)
    ]
    if state.where is None:
        return made
    joined, parts = parts_of(state.where)
    if joined == "any" and len(parts) > 1:
        return [*made, _chip(state, state.where, state.asking(state.pairs, None))]
    for at, part in enumerate(parts):
        rest = [p for i, p in enumerate(parts) if i != at]
        made.append(_chip(state, part, _less(state, {joined: rest} if rest else None)))
    return made


def _less(state: ListState, rest: Tree | None) -> str:
    """The address with what is left of the tree, as short as it can be said."""
    pairs, where = trees.to_state(state.kind, trees.of_state(state.filters, rest) if rest else None)
    return state.asking(pairs, where) if rest else state.asking(state.pairs, None)


def _chip(state: ListState, part: dict[str, Any], remove: str) -> dict[str, Any]:
    if "field" not in part:
        words = treewords.sentence(state.kind, part)
        return {"field": words, "op": "", "value": "", "remove": remove, "icon": "filter", "count": _count(part)}
    field, op, value = treewords.item_parts(state.kind, part)
    icon = ICONS.get(find_field(state.kind, part["field"]).kind)
    return {"field": field, "op": op, "value": value, "remove": remove, "icon": icon}


def _count(part: dict[str, Any]) -> int:
    return sum(1 for _item in items_of(part))
