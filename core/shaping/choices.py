"""Choices of choice fields as an administrator shaped them: other words, another order, more values, retired ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import FieldError, Invalid
from core.i18n import L, _
from core.records import fields as declared
from core.records.fields import Choice, Field
from core.registry import RecordType
from core.shaping.store import shapes

KIND = "choices"
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
RETIRED = _("This value is no longer used. Choose another one.")
_made: dict[str, tuple[Sequence[Choice], Any, Sequence[Choice]]] = {}


def name_of(spec: Field) -> str:
    """The name under which the choices of a field are kept."""
    return f"{spec.record}.{spec.name}"


def in_force(spec: Field, given: Sequence[Choice]) -> Sequence[Choice]:
    """The choices of a field as shaped; the given ones where nothing was."""
    held = shapes(KIND)
    data = held.get(name_of(spec)) if held and spec.record else None
    if not data:
        return given
    known = _made.get(name_of(spec))
    if known is None or known[1] is not data or (known[0] is not given and list(known[0]) != list(given)):
        known = _made[name_of(spec)] = (given, data, shaped(spec, given, data))
    return known[2]


def shaped(spec: Field, given: Sequence[Choice], data: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Shipped choices in the shaped order with the shaped words, added ones among them; new ones at their place."""
    shipped = {c.code: c for c in given}
    found: list[Choice] = []
    for row in data.get("items", ()):
        base = shipped.get(row["code"])
        if base is None and not row.get("added"):
            continue  # the plugin no longer ships it
        base = base or Choice(row["code"], row["code"])
        zh, en = row.get("zh") or "", row.get("en") or ""
        label = L(zh or en, en or zh) if zh or en else base.label
        found.append(replace(base, label=label, retired=bool(row.get("retired"))))
    told = {c.code for c in found}
    for place, choice in enumerate(given):
        if choice.code not in told:
            before = given[place - 1].code if place else None
            at = next((n + 1 for n, c in enumerate(found) if c.code == before), 0 if place == 0 else len(found))
            found.insert(at, choice)
    return tuple(found)


def shapeable(kind: RecordType) -> list[Field]:
    """The fields of a type whose choices can be shaped: those with a list of their own."""
    chosen = (f for f in kind.fields.values() if f.kind in ("choice", "multi_choice") and not f.hidden and f.record)
    return [f for f in chosen if f.shipped_choices and not callable(f.choices_source)]


def check(spec: Field, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` for codes that stand twice or are misshapen, and for additions where the owner allows none."""
    shipped = {c.code for c in spec.shipped_choices}
    errors, seen = [], set()
    for row in data.get("items", ()):
        code = row.get("code") or ""
        if code in seen:
            errors.append(FieldError(code, "unique", _("Another value has this code.")))
        seen.add(code)
        if row.get("added") and (not CODE.fullmatch(code) or code in shipped):
            message = _("Small letters, digits and underscores, beginning with a letter; not a shipped code.")
            errors.append(FieldError(code, "invalid", message))
        elif row.get("added") and not spec.open_choices:
            errors.append(FieldError(code, "forbidden", _("This field takes no further values.")))
        elif row.get("added") and not (row.get("zh") or row.get("en")):
            errors.append(FieldError(code, "required", _("Name the value in one language at least.")))
        if row.get("retired") and (code == spec.default or not spec.writable):
            errors.append(FieldError(code, "in_use", _("The system sets this value itself; it cannot be retired.")))
    if errors:
        raise Invalid(errors)


def refuse_retired(specs: Mapping[str, Field], given: Mapping[str, Any], record: Any = None) -> None:
    """Raises `Invalid` where a retired value is newly chosen; what a record holds already may stay. By attribute."""
    if not shapes(KIND) and not any(spec.custom for spec in specs.values()):
        return
    errors = []
    for spec in specs.values():
        value = given.get(spec.attr)
        if spec.kind not in ("choice", "multi_choice") or value is None:
            continue
        held = getattr(record, spec.attr, None) if record is not None else None
        new = set(value if isinstance(value, list) else [value]) - set(held if isinstance(held, list) else [held])
        if any((found := spec.choice(code)) is not None and found.retired for code in new):
            errors.append(FieldError(spec.name, "retired", RETIRED))
    if errors:
        raise Invalid(errors)


def install() -> None:
    """From now on each field asks here for its choices."""
    declared.shape_choices = in_force
