"""Field rules by what may be seen: everything else of a type is hidden, also fields that are added later."""

from __future__ import annotations

from collections.abc import Iterable

from core.permissions.rules import FieldRule


def hidden_but(record_key: str, shown: Iterable[str], roles: tuple[str, ...]) -> list[FieldRule]:
    """Rules that hide all fields of a type but `shown` from these roles; for `register_field_rules`.

    Fields that other plugins added to the type are hidden too. Raises `KeyError` for a name that the type does not
    have, so that a renamed field is noticed at start.
    """
    from core.registry import registry

    known, kept = registry().types[record_key].fields, set(shown)
    if unknown := kept - known.keys():
        raise KeyError(f"{record_key} has no field {', '.join(sorted(unknown))}")
    return [FieldRule(record_key, name, "hidden", roles) for name in known if name not in kept]
