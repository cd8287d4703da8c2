"""Who may read and write a custom field: its definition as field rules of one person, held on every way out."""

from __future__ import annotations

from typing import Any

from core.permissions.principal import Principal
from core.records.custom.known import edition
from core.records.fields import Field

ALWAYS = "administrator"
"""The role to which no custom field is closed."""


def open_to(principal: Principal, roles: frozenset[str]) -> bool:
    """Whether the roles that a definition names let this person in. None named: all staff, nobody else."""
    if principal.is_system or principal.has_role(ALWAYS):
        return True
    return not (principal.roles | principal.granted).isdisjoint(roles) if roles else principal.realm == "staff"


def field_rules(key: str, principal: Principal) -> list[Any]:
    """The custom fields of a record type that are closed to this person, or that they may read alone."""
    from core.permissions.rules import FieldRule

    found = []
    for spec in edition().of(key).values():
        if not open_to(principal, spec.extra["readers"]):
            found.append(FieldRule(key, spec.name, spec.extra["closed"], ()))
        elif not open_to(principal, spec.extra["writers"]):
            found.append(FieldRule(key, spec.name, "readonly", ()))
    return found


def closed_files(principal: Principal) -> list[tuple[str, list[str]]]:
    """(record key, names) of the file fields that the person may not read; their contents are closed with them."""
    found = []
    for key, specs in edition().live.items():
        names = [s.name for s in specs.values() if s.kind == "file" and not _readable(principal, s)]
        if names:
            found.append((key, names))
    return found


def _readable(principal: Principal, spec: Field) -> bool:
    return open_to(principal, spec.extra["readers"])
