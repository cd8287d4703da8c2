"""What a role's form layout needs to be filled in. The services hold it, so that no way around the page omits it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.registry import RecordType, registry
from core.shaping.conditions import plain
from core.shaping.layouts import KIND, layout_of, shaped, shipped_view, values_of
from core.shaping.store import shapes

MESSAGE = _("This is needed on the form of your role.")


def check(model: type[Any], given: dict[str, Any], record: Any = None) -> None:
    """Raises `Invalid` naming each field that the person's form needs and that stays empty.

    `given` are new values by attribute. Derived writes, actions with inputs of their own and the system are no forms;
    of a change only what it touches, or what a touched field makes needed, is looked at.
    """
    if not shapes(KIND):
        return
    session = db.session()
    if session.principal.is_system or session.info.get("acting"):
        return
    kind = registry().of(model)
    found = layout_of("form", kind.key, current_principal())
    if found is not None and (missing := _missing(kind, found[1], given, record)):
        raise Invalid([FieldError(name, "required", MESSAGE) for name in missing])


def _missing(kind: RecordType, data: dict[str, Any], given: dict[str, Any], record: Any) -> list[str]:
    names = {f.attr: n for n, f in kind.fields.items()}
    new = {names[attr]: value for attr, value in given.items() if attr in names}
    rules = access().treatments(kind.model, current_principal())
    treated = {name for name, rule in rules.items() if record is not None or rule.when is None}
    old = values_of(kind, record)
    if record is None:
        old = {n: f.default for n, f in kind.fields.items() if not callable(f.default)}
    touched = set(new) if record is not None else None
    asked = (name for name in needed_now(kind, data, old | new) if name not in treated)
    return [name for name in asked if _concerns(data, name, touched)]


def needed_now(kind: RecordType, data: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Fields that the layout shows and needs with these values, and that are empty."""
    view = shaped("form", kind, shipped_view("form", kind.key), data)
    subject = SimpleNamespace(id=None, **{f.attr: values.get(n) for n, f in kind.fields.items()})
    missing = []
    for section in view.sections:
        if not (section.given is None or section.given(values)) or not (section.when is None or section.when(subject)):
            continue
        for name in section.fields:
            place, spec = view.places.get(name), kind.fields.get(name)
            if place is None or place.needed is None or spec is None or not spec.writable:
                continue
            shown = place.given is None or place.given(values)
            if shown and place.needed(values) and plain(values.get(name)) == "":
                missing.append(name)
    return missing


def _concerns(data: dict[str, Any], name: str, touched: set[str] | None) -> bool:
    """Whether a change (None: a new record) touches the field itself or something that its conditions ask about."""
    if touched is None or name in touched:
        return True
    rows = [(s, f) for s in data.get("sections", ()) for f in s.get("fields", ()) if f["name"] == name]
    asked = {c[0] for s, f in rows for c in (*s.get("show", ()), *f.get("show", ()), *f.get("require", ()))}
    return not asked.isdisjoint(touched)
