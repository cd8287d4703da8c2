"""The core's own parts of the configuration: layouts, choices and numbering rules; and the same for plugins' shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import FieldError, Invalid
from core.i18n import _
from core.registry import registry
from core.shaping import choices, layouts, numbering
from core.shaping.configuration import Configuration
from core.shaping.store import save_shape, shapes


def shapes_part(code: str, label: Any, check: Callable[[str, Any], None], order: int = 50) -> Configuration:
    """A part out of the shapes of one kind; `check(name, data)` raises for data that cannot be."""

    def export() -> Mapping[str, Any]:
        return {name: data for name, data in shapes(code).items() if data}

    def apply(given: Mapping[str, Any]) -> None:
        for name, data in given.items():
            check(name, data)
            save_shape(code, name, data)

    return Configuration(code, label, export, apply, order=order)


def parts() -> list[Configuration]:
    """What the core offers."""
    return [
        shapes_part(choices.KIND, _("Choices of fields"), check_choices, 20),
        shapes_part(layouts.KIND, _("Layouts of forms, pages and lists"), check_layout, 30),
        shapes_part(numbering.KIND, _("Numbering rules"), check_numbering, 40),
    ]


def check_choices(name: str, data: Any) -> None:
    """Choices for a field that is not here are kept and ignored; for one that is they must fit."""
    key, _dot, field = name.rpartition(".")
    kind = registry().types.get(key)
    if kind is not None and field in kind.fields:
        choices.check(kind.fields[field], data)


def check_layout(name: str, data: Any) -> None:
    """A layout is an object under `view:record:role`; what it names and is not here is kept and ignored."""
    view, _colon, rest = name.partition(":")
    fits = isinstance(data, Mapping) and isinstance(data.get("position", 50), int)
    if view not in layouts.VIEWS or rest.count(":") != 1 or not fits or not _well_formed(view, data):
        raise Invalid([FieldError(name, "invalid", _("This is no layout."))])


def _well_formed(view: str, data: Mapping[str, Any]) -> bool:
    """Whether the rows of a layout have the shape that views are made from."""
    if view == "list":
        return _rows(data.get("columns"), "key") and isinstance(data.get("sort", ""), str)
    sections = data.get("sections")
    if not _rows(sections, "key") or not _rows(data.get("tabs", []), "key"):
        return False
    return all(_rows(section.get("fields", []), "name") for section in sections)


def _rows(rows: Any, name: str) -> bool:
    """Whether these are objects with that name, words that are texts, and conditions that are lists of texts."""
    if not isinstance(rows, list) or not all(
        isinstance(row, Mapping) and isinstance(row.get(name), str) for row in rows
    ):
        return False
    texts = (row.get(word, "") for row in rows for word in ("zh", "en"))
    conditions = (c for row in rows for what in ("show", "require") for c in row.get(what) or ())
    return all(isinstance(text, str) for text in texts) and all(
        isinstance(c, list) and all(isinstance(part, str) for part in c) for c in conditions
    )


def check_numbering(name: str, data: Any) -> None:
    """A numbering rule for a type that is not here is kept and ignored."""
    for rules in registry().numbering.values():
        for rule in rules:
            if numbering.name_of(rule) == name:
                numbering.check(rule, data)
