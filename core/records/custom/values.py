"""Custom values as attributes of records: `record.x_budget` reads and writes, `Client.x_budget` is SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.records.custom.known import edition
from core.records.custom.stored import CustomPart, from_json, to_json
from core.records.fields import Field

PREFIX = "x_"
"""How the names of custom fields begin; no declared field is called so."""


class CustomValues:
    """What records inherit: one attribute for each code that any record type knows."""

    custom: Any


class CustomValue:
    """The attribute of one code. Raises `AttributeError` on types that have no such field."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Any, owner: Any = None) -> Any:
        spec = self._spec(owner if record is None else record)
        if record is None:
            return CustomPart(owner.custom, spec)
        return from_json(spec, (record.custom or {}).get(self.name))

    def __set__(self, record: Any, value: Any) -> None:
        record.custom = with_value(record.custom, self._spec(record), value)

    def _spec(self, owner: Any) -> Field:
        known = getattr(owner, "__record__", None) or {}
        spec = edition().find(known.get("key", ""), self.name)
        if spec is None:
            raise AttributeError(f"{known.get('key', owner)} has no custom field {self.name}")
        return spec


def offer(names: Iterable[str]) -> None:
    """Give records the attributes of these codes."""
    for name in names:
        if name not in vars(CustomValues):
            setattr(CustomValues, name, CustomValue(name))


def with_value(held: dict[str, Any] | None, spec: Field, value: Any) -> dict[str, Any] | None:
    """A new content of the column with one value set; None when nothing is left in it."""
    kept = {name: raw for name, raw in (held or {}).items() if name != spec.name}
    raw = to_json(spec, value)
    return (kept | {spec.name: raw} if raw is not None else kept) or None


def packed(specs: dict[str, Field], attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a new row with the custom ones gathered in their column."""
    found = {n: to_json(specs[n], v) for n, v in attributes.items() if n in specs and specs[n].custom}
    if not found:
        return attributes
    held = {name: raw for name, raw in found.items() if raw is not None}
    return {n: v for n, v in attributes.items() if n not in found} | {"custom": held or None}


def values_in(key: str, held: dict[str, Any] | None) -> Iterator[tuple[str, Any]]:
    """(name, value) of what a column holds of the fields of this type, also of those that were put away."""
    for name, raw in (held or {}).items():
        if (spec := edition().find(key, name)) is not None:
            yield name, from_json(spec, raw)


def changed(key: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Iterator[tuple[str, Any, Any]]:
    """(name, old, new) of each value in which two contents of the column differ."""
    old, new = dict(values_in(key, before)), dict(values_in(key, after))
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)
