"""Conditions that administrators build in the browser: their JSON checked, put into SQL and into words.

`{"all": [item, …]}` or `{"any": […]}`; an item is `{"field", "op", "value"}` or again a group. A name may be dotted
over links. `me`, `my_department` (with those below), `my_branch`, `my_team`, `today`, `today-30` are values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from core.errors import BadRequest, FieldError, Invalid
from core.i18n import _
from core.permissions.overlay import BuiltCondition
from core.permissions.principal import SYSTEM, Principal

MOST_ITEMS = 30
MOST_GROUPS = 3
MOST_STEPS = 2
OF_PERSON = {
    "me": ("core.user", lambda person: [person.user_id] if person.user_id else []),
    "my_department": ("core.department", lambda person: sorted(person.department_ids)),
    "my_branch": ("core.branch", lambda person: [person.branch_id] if person.branch_id else []),
    "my_team": ("core.team", lambda person: sorted(person.team_ids)),
}
"""Values that depend on who asks: the record type that a field must link to, and the ids."""


def compiled(built: BuiltCondition, person: Principal) -> ColumnElement[bool]:
    """The condition as SQL for this person. It judges the data as they are, also where the person does not see them.

    What does not fit the fields any more allows nothing: a right is never wider than what was built.
    """
    try:
        return expression(built.record, built.tree, person)
    except (BadRequest, Invalid, KeyError):
        return false()


def expression(record: str, tree: Any, person: Principal) -> ColumnElement[bool]:
    """A tree as SQL; raises `BadRequest` for what does not fit the record type."""
    from core.records.conditions import judging
    from core.registry import registry

    with judging(SYSTEM):
        return _group(registry().types[record], tree, person)


def _group(kind: Any, tree: dict[str, Any], person: Principal) -> ColumnElement[bool]:
    joined, items = _parts(tree)
    found = [_group(kind, i, person) if "field" not in i else _item(kind, i, person) for i in items]
    return or_(*found) if joined == "any" else and_(true(), *found)


def _parts(tree: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    joined = "any" if "any" in tree else "all"
    return joined, tree[joined]


def _item(kind: Any, item: dict[str, Any], person: Principal) -> ColumnElement[bool]:
    from core.records.conditions import Filter, condition

    name, op, value = item["field"], item["op"], item.get("value")
    if not isinstance(value, str) or value not in OF_PERSON:
        return condition(kind, Filter(name, op, value))
    _target, of = OF_PERSON[value]
    if op == "ne":
        return not_(condition(kind, Filter(name, "in", of(person))))
    return condition(kind, Filter(name, "in", of(person))) if of(person) else false()


def items(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All items of a tree."""
    for part in _parts(tree)[1]:
        if "field" in part:
            yield part
        else:
            yield from items(part)


def check(record: str, tree: Any) -> None:
    """Raises `Invalid` unless the tree is well-formed, short, and asks only about fields that people may read."""
    from core.registry import registry

    if record.startswith("core.") or record not in registry().types:
        raise _refusal("record", _("Conditions are built on the records of the agency, not on people and rights."))
    _check_shape(tree, 1)
    found = list(items(tree))
    if not found:
        raise _refusal("tree", _("Give at least one condition."))
    if len(found) > MOST_ITEMS:
        raise _refusal("tree", _("At most %(n)s conditions fit here.", n=MOST_ITEMS))
    for item in found:
        _check_item(registry().types[record], item)
    try:
        expression(record, tree, Principal(user_id=1, department_ids=frozenset({1}), branch_id=1))
    except BadRequest as error:
        raise _refusal("tree", error.message) from None


def _check_shape(tree: Any, depth: int) -> None:
    whole = isinstance(tree, dict) and len(tree) == 1 and set(tree) <= {"all", "any"}
    if not whole or depth > MOST_GROUPS or not isinstance(next(iter(tree.values())), list):
        raise _refusal("tree", _("This is no list of conditions."))
    for part in next(iter(tree.values())):
        if not isinstance(part, dict):
            raise _refusal("tree", _("This is no list of conditions."))
        if "field" not in part:
            _check_shape(part, depth + 1)
        elif not set(part) <= {"field", "op", "value"} or not isinstance(part["field"], str) or "op" not in part:
            raise _refusal("tree", _("A condition has a field, a comparison and a value."))


def _check_item(kind: Any, item: dict[str, Any]) -> None:
    """The field may be read by people, lies at most two links away, and special values fit its target."""
    from core.records.conditions import OPERATORS, find_field, judging

    name, op, value = item["field"], item["op"], item.get("value")
    if name.count(".") > MOST_STEPS or op not in OPERATORS:
        raise _refusal("tree", _("“%(name)s” cannot be used in a condition.", name=name))
    if isinstance(value, (dict, list)) and not (op == "in" and isinstance(value, list)):
        raise _refusal("tree", _("“%(name)s” cannot be used in a condition.", name=name))
    try:
        with judging(SYSTEM):
            spec = find_field(kind, name)
    except BadRequest as error:
        raise _refusal("tree", error.message) from None
    if spec.kind == "json":
        raise _refusal("tree", _("“%(name)s” cannot be used in a condition.", name=name))
    if isinstance(value, str) and value in OF_PERSON and (spec.target != OF_PERSON[value][0] or op not in ("eq", "ne")):
        raise _refusal("tree", _("“%(name)s” does not lead to a person or a place.", name=name))


def _refusal(name: str, message: Any) -> Invalid:
    return Invalid([FieldError(name, "condition", message)])
