"""Loads row values as the record's schema would, but takes at once what coercion has already made right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from core.errors import FieldError
from core.records.fields import Field
from core.records.schema import MESSAGES, Loader

Right = Callable[[Any], bool]


class RowLoader:
    """`allow` names read-only fields that an import may set on new records."""

    def __init__(self, loader: Loader, allow: frozenset[str]) -> None:
        self.loader = loader
        self.allow = allow
        open_specs = {n: s for n, s in loader.specs.items() if (s.writable or n in allow) and s.validate is None}
        self.right: dict[str, Right] = {n: right for n, s in open_specs.items() if (right := _right(s)) is not None}

    def load(self, values: dict[str, Any], *, partial: bool) -> tuple[dict[str, Any], list[FieldError]]:
        """(values by field name, errors), as `Loader.load` gives them."""
        taken: dict[str, Any] = {}
        other: dict[str, Any] = {}
        for name, value in values.items():
            right = self.right.get(name)
            (taken if right is not None and right(value) else other)[name] = value
        loaded, errors = self.loader.load(other, partial=True, allow=self.allow)
        if not partial:
            missing = [name for name in self.loader.required if name not in values]
            errors += [FieldError(name, "required", MESSAGES["required"]) for name in missing]
        return taken | loaded, errors


def _right(spec: Field) -> Right | None:
    """Tells whether a value needs no further loading; None for kinds that always do."""
    if spec.kind == "date":
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    if spec.kind == "text":
        limit = spec.max_length or 0
        return lambda value: isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()
    if spec.kind == "choice":
        return lambda value: isinstance(value, str) and spec.choice(value) is not None
    if spec.kind == "link":
        return lambda value: type(value) is int and value > 0
    return None
