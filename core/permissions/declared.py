"""What plugins declare about rights: roles, grants, scopes, record rules, field rules; and the words they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, false, true

from core.permissions.principal import Principal

Expression = Callable[[Any, Principal], ColumnElement[bool]]
Follows = Callable[[Any, Principal, str], ColumnElement[bool] | None]
STRICTNESS = ("readonly", "masked", "hidden")
STANDARD_ACTIONS = ("read", "create", "update", "delete", "export")
PERSONAL = ("own", "assigned")
"""Scopes that a deputy takes over."""
CONDITION = "condition:"
"""How scopes begin that administrators built; the number of the condition follows."""
SHAREABLE = {"read": frozenset({"read", "update"}), "update": frozenset({"update"})}
"""What may be opened to others for a time, and the levels of a share that open it."""
NOTHING: frozenset[str] = frozenset()
CONFIGURING = ("system_admin", "config_admin")
"""Who runs or configures the system: they read no client, case or money but through the glass that they break."""
GLASS = "break_glass"
"""What stands for a role in the rights that broken glass gives."""


@dataclass(frozen=True)
class Role:
    """A bundle of grants that a person holds. `realm`: staff, admin or portal."""

    code: str
    label: Any
    realm: str = "staff"
    summary: Any = ""


@dataclass(frozen=True)
class Grant:
    """`role` may do `actions` on `record` within `scope`. Role `*` is all signed-in staff; record `*` is every type."""

    role: str
    record: str
    actions: tuple[str, ...]
    scope: str = "all"


@dataclass(frozen=True)
class Scopes:
    """What the words of scopes mean for one record type. A scope that is not given allows nothing.

    `follows` says which rows are opened by the sharing of another record that they belong to.
    """

    own: Expression | None = None
    assigned: Expression | None = None
    team: Expression | None = None
    department: Expression | None = None
    branch: Expression | None = None
    extra: dict[str, Expression] = field(default_factory=dict)
    follows: Follows | None = None

    def expression(self, name: str, model: Any, principal: Principal) -> ColumnElement[bool]:
        """One scope as SQL; false when it is not given."""
        if name == "all":
            return true()
        rule = self.extra.get(name) or getattr(self, name, None)
        return rule(model, principal) if rule else false()


@dataclass(frozen=True)
class Rule:
    """A condition on every record of a type, AND-ed to all grants; `roles` limits whom it binds."""

    record: str
    name: str
    where: Expression
    actions: tuple[str, ...] = STANDARD_ACTIONS
    roles: tuple[str, ...] | None = None


@dataclass(frozen=True)
class FieldRule:
    """Treatment of a field for people all of whose roles are in `roles`: hidden, masked or readonly.

    `when` is an SQL condition on the record (None: always); `shown` is what stands there instead.
    """

    record: str
    field: str
    treatment: str
    roles: tuple[str, ...]
    when: Expression | None = None
    shown: Any = None
