"""Trees of conditions, one shape everywhere: lists, saved views, rights, rules. Their JSON checked and put into SQL.

`{"all": [item, …]}` or `{"any": […]}`; an item is `{"field", "op", "value"}` or again a group, three levels in all.
A name may be dotted over links. Values that depend on who asks and when: `me`, `my_department` (with those below),
`my_branch`, `my_team`, `today-30`, `this_week`, `next_30_days`. How they are shown and asked for is not said here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from core.errors import BadRequest
from core.i18n import _
from core.permissions.principal import Principal
from core.records.conditions import OF_PERSON, OPERATORS, Filter, condition, find_field, ids_of, judging
from core.registry import RecordType

Tree = dict[str, Any]
MOST_ITEMS = 30
MOST_GROUPS = 3
MOST_STEPS = 2
MOST_TEXT = 8000
SEVERAL = ("in", "nin")


def expression(kind: RecordType, tree: Tree, person: Principal, *, acting: bool = False) -> ColumnElement[bool]:
    """A checked tree as SQL, with the sight of whoever asks (`judging` says with whose).

    `person` is who `me` and `my_department` mean; with `acting` also those whom this person stands in for.
    Raises `BadRequest` for what does not fit the record type.
    """
    joined, parts = parts_of(tree)
    found = [
        _item(kind, part, person, acting) if "field" in part else expression(kind, part, person, acting=acting)
        for part in parts
    ]
    return or_(*found) if joined == "any" else and_(*found)


def parts_of(tree: Tree) -> tuple[str, list[dict[str, Any]]]:
    """`all` or `any`, and what it joins."""
    joined = "any" if "any" in tree else "all"
    return joined, tree[joined]


def items(tree: Tree) -> Iterator[dict[str, Any]]:
    """All items of a tree, in their order."""
    for part in parts_of(tree)[1]:
        if "field" in part:
            yield part
        else:
            yield from items(part)


def _item(kind: RecordType, item: dict[str, Any], person: Principal, acting: bool) -> ColumnElement[bool]:
    name, op, value = item["field"], item["op"], item.get("value")
    asked = value if op in SEVERAL and isinstance(value, list) else [value]
    if not any(isinstance(v, str) and v in OF_PERSON for v in asked):
        return condition(kind, Filter(name, op, value))
    ids: list[Any] = []
    for one in asked:
        ids += ids_of(one, person, acting=acting) if isinstance(one, str) and one in OF_PERSON else [one]
    return condition(kind, Filter(name, {"eq": "in", "ne": "nin"}.get(op, op), ids))


def check(kind: RecordType, tree: Any) -> None:
    """Raises `BadRequest` unless the tree is well-formed, short, and asks only for what whoever asks may ask."""
    check_shape(tree)
    for item in items(tree):
        check_item(kind, item)
    expression(kind, tree, Principal(user_id=1, department_ids=frozenset({1}), branch_id=1, team_ids=frozenset({1})))


def check_shape(tree: Any) -> None:
    """The form alone: groups of at least one condition, not too deep and not too many."""
    _check_group(tree, 1)
    if sum(1 for _each in items(tree)) > MOST_ITEMS:
        raise refused(_("At most %(n)s conditions fit here.", n=MOST_ITEMS))


def _check_group(tree: Any, depth: int) -> None:
    whole = isinstance(tree, dict) and len(tree) == 1 and set(tree) <= {"all", "any"}
    if not whole or depth > MOST_GROUPS or not isinstance(next(iter(tree.values())), list):
        raise refused(_("This is no list of conditions."))
    parts = next(iter(tree.values()))
    if not parts:
        raise refused(_("Give at least one condition."))
    for part in parts:
        if not isinstance(part, dict):
            raise refused(_("This is no list of conditions."))
        if "field" not in part:
            _check_group(part, depth + 1)
        elif not set(part) <= {"field", "op", "value"} or not isinstance(part["field"], str) or "op" not in part:
            raise refused(_("A condition has a field, a comparison and a value."))


def check_item(kind: RecordType, item: dict[str, Any]) -> None:
    """The field may be asked for, lies at most two links away, and words for people fit what it links to."""
    name, op, value = item["field"], item["op"], item.get("value")
    listed = isinstance(value, list) and op in SEVERAL and not any(isinstance(v, (dict, list)) for v in value)
    plain = not isinstance(value, (dict, list))
    if name.count(".") > MOST_STEPS or op not in OPERATORS or not (plain or listed):
        raise refused(_("“%(name)s” cannot be used in a condition.", name=name))
    spec = find_field(kind, name)
    if spec.kind == "json":
        raise refused(_("“%(name)s” cannot be used in a condition.", name=name))
    words = [v for v in (value if listed else [value]) if isinstance(v, str) and v in OF_PERSON]
    if words and (any(spec.target != OF_PERSON[w] for w in words) or op not in ("eq", "ne", *SEVERAL)):
        raise refused(_("“%(name)s” does not lead to a person or a place.", name=name))


def parsed(kind: RecordType, text: str) -> Tree | None:
    """The tree in an address, checked; None for an empty one. Raises `BadRequest`."""
    if not text:
        return None
    if len(text) > MOST_TEXT:
        raise refused(_("At most %(n)s conditions fit here.", n=MOST_ITEMS))
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise refused(_("This is no list of conditions.")) from None
    check(kind, tree)
    return tree


def compact(tree: Tree | None) -> str:
    """The tree as it stands in an address."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")) if tree else ""


def refused(message: Any) -> BadRequest:
    """A refusal of a tree."""
    return BadRequest(message, code="where")


def tree_condition(kind: RecordType, tree: Tree, person: Principal) -> ColumnElement[bool]:
    """A tree as SQL with the sight of `person`, for what runs in the background in their name; raises `BadRequest`."""
    with judging(person):
        return expression(kind, tree, person)


def check_tree(kind: RecordType, tree: Any, person: Principal) -> None:
    """Raises `BadRequest` unless the tree is well-formed and `person` may ask what it asks."""
    with judging(person):
        check(kind, tree)
