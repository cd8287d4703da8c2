"""Conditions on rights that administrators build in the browser: what may be one, and what it opens to whom.

Their shape, values and SQL are those of all trees of conditions: `core.records.trees`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false

from core.errors import BadRequest, FieldError, Invalid
from core.i18n import _
from core.permissions.overlay import BuiltCondition
from core.permissions.principal import SYSTEM, Principal


def compiled(built: BuiltCondition, person: Principal) -> ColumnElement[bool]:
    """The condition as SQL for this person. It judges the data as they are, also where the person does not see them.

    What does not fit the fields any more allows nothing: a right is never wider than what was built.
    """
    try:
        return expression(built.record, built.tree, person)
    except (BadRequest, KeyError):
        return false()


def expression(record: str, tree: Any, person: Principal) -> ColumnElement[bool]:
    """A tree as SQL; raises `BadRequest` for what does not fit the record type."""
    from core.records import trees
    from core.records.conditions import judging
    from core.registry import registry

    with judging(SYSTEM):
        return trees.expression(registry().types[record], tree, person)


def personal(tree: Any) -> bool:
    """Whether the tree means something else for each person."""
    from core.records.conditions import OF_PERSON
    from core.records.trees import items

    asked = [v for i in items(tree) for v in (i["value"] if isinstance(i.get("value"), list) else [i.get("value")])]
    return any(isinstance(v, str) and v in OF_PERSON for v in asked)


def check(record: str, tree: Any) -> None:
    """Raises `Invalid` unless the tree is well-formed, short, and asks only about fields that people may read."""
    from core.records import trees
    from core.records.conditions import judging
    from core.registry import registry

    if record.startswith("core.") or record not in registry().types:
        raise _refusal("record", _("Conditions are built on the records of the agency, not on people and rights."))
    try:
        with judging(SYSTEM):
            trees.check(registry().types[record], tree)
    except BadRequest as error:
        raise _refusal("tree", error.message) from None


def _refusal(name: str, message: Any) -> Invalid:
    return Invalid([FieldError(name, "condition", message)])
