"""The one place where trees of conditions are checked and put into SQL, with the sight of the person a rule runs as."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, true

from core import Principal, check_tree, registry, tree_condition


def check(record_key: str, tree: Any, person: Principal) -> None:
    """Raises `BadRequest` unless the tree fits the record type and asks only what this person may ask."""
    if tree:
        check_tree(registry().types[record_key], tree, person)


def expression(record_key: str, tree: Any, person: Principal) -> ColumnElement[bool]:
    """The tree as SQL; an empty one is always true. Raises `BadRequest` for what no longer fits."""
    return tree_condition(registry().types[record_key], tree, person) if tree else true()
