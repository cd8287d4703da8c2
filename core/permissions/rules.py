"""Roles, grants, scopes, record rules and field rules, compiled to SQL expressions per principal. Default deny."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from core.permissions.principal import Principal
from core.records.base import Record

Expression = Callable[[Any, Principal], ColumnElement[bool]]
STRICTNESS = ("readonly", "masked", "hidden")
STANDARD_ACTIONS = ("read", "create", "update", "delete", "export")


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
    """What the words of scopes mean for one record type. A scope that is not given allows nothing."""

    own: Expression | None = None
    assigned: Expression | None = None
    team: Expression | None = None
    department: Expression | None = None
    branch: Expression | None = None
    extra: dict[str, Expression] = field(default_factory=dict)

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


WIDE = ("department", "branch")
"""Scopes of many records: each row is asked for its target. Of narrow scopes the few targets are collected first."""


def scopes_via(link: str) -> Scopes:
    """The same scopes, asked of the record that the field `link` points to."""

    def through(name: str) -> Expression:
        def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
            target = getattr(model, link).property.mapper.class_
            ident, to = target.__table__.c.id, getattr(model, f"{link}_id")
            inner = on_table(access().scope_of(target, name, principal))
            if name in WIDE and inner is not false() and target.__table__ is not model.__table__:
                return exists().where(ident == to, inner)
            return to.in_(select(ident).where(inner))

        return expression

    names = ("own", "assigned", "team", "department", "branch")
    return Scopes(**{name: through(name) for name in names})


def scopes_of_place(keys: Callable[[], Iterable[str]]) -> Scopes:
    """The same scopes, asked of the record that `record_key` and `record_id` name, for the record types of `keys()`."""
    from core.records.base import MODELS

    def through(name: str) -> Expression:
        def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
            asked = []
            for key in keys():
                target = MODELS[key]
                inner = on_table(access().scope_of(target, name, principal))
                if str(inner) != "false":
                    asked.append(
                        and_(model.record_key == key, model.record_id.in_(select(target.__table__.c.id).where(inner)))
                    )
            return or_(false(), *asked)

        return expression

    names = ("own", "assigned", "team", "department", "branch")
    return Scopes(**{name: through(name) for name in names})


def on_table(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same expression without the ORM's marks, so that no further criteria are put on it."""
    from sqlalchemy.sql.util import _deep_deannotate

    return _deep_deannotate(expression)


def _strictest(rules: list[FieldRule]) -> dict[str, FieldRule]:
    """One rule per field. Where several close the same field under different conditions, it is closed without any."""
    found: dict[str, FieldRule] = {}
    for rule in sorted(rules, key=lambda r: STRICTNESS.index(r.treatment)):
        known = found.get(rule.field)
        several = known is not None and known.treatment != "readonly" and known.when is not rule.when
        found[rule.field] = replace(rule, when=None) if several else rule
    return found


class Access:
    """All grants and rules of a deployment."""

    def __init__(self) -> None:
        self.roles: dict[str, Role] = {}
        self.grants: dict[tuple[str, str], list[Grant]] = defaultdict(list)
        self.scopes: dict[str, Scopes] = {}
        self.rules: dict[str, list[Rule]] = defaultdict(list)
        self.field_rules: dict[str, list[FieldRule]] = defaultdict(list)

    def add_role(self, role: Role) -> None:
        """The first one of a code counts."""
        self.roles.setdefault(role.code, role)

    def add_grant(self, grant: Grant) -> None:
        """Grants add up."""
        self.grants[grant.role, grant.record].append(grant)

    def grants_of(self, principal: Principal, record_key: str, action: str) -> Iterable[Grant]:
        """The grants that let this principal do `action` on the type."""
        if not principal.in_scope(record_key, action) or principal.user_id is None:
            return
        roles = (*sorted(principal.roles), "*") if principal.realm == "staff" else sorted(principal.roles)
        for role in roles:
            for key in (record_key, "*"):
                for grant in self.grants.get((role, key), ()):
                    if action in grant.actions or "*" in grant.actions:
                        yield grant

    def can(self, principal: Principal, record_key: str, action: str) -> bool:
        """Whether any grant exists, in whatever scope."""
        if principal.is_system:
            return True
        key = ("can", record_key, action)
        if key not in principal.cache:
            principal.cache[key] = next(iter(self.grants_of(principal, record_key, action)), None) is not None
        return principal.cache[key]

    def scope_of(self, model: type[Record], name: str, principal: Principal) -> ColumnElement[bool]:
        """The expression of one scope for one record type."""
        scopes = self.scopes.get(model.__record__["key"])
        return true() if name == "all" else scopes.expression(name, model, principal) if scopes else false()

    def where(self, model: type[Record], principal: Principal, action: str) -> ColumnElement[bool]:
        """Which rows of `model` the principal may `action`: one object per principal, for the statement cache."""
        if principal.is_system:
            return true()
        key = ("where", model, action)
        if key not in principal.cache:
            principal.cache[key] = self._build(model, principal, action)
        return principal.cache[key]

    def _build(self, model: type[Record], principal: Principal, action: str) -> ColumnElement[bool]:
        record_key = model.__record__["key"]
        names = {g.scope for g in self.grants_of(principal, record_key, action)}
        if not names:
            return false()
        allowed = true() if "all" in names else or_(false(), *self._scopes(model, principal, names))
        binding = [
            r.where(model, principal)
            for r in self.rules.get(record_key, ())
            if (action in r.actions or (action not in STANDARD_ACTIONS and "read" in r.actions))
            and (r.roles is None or principal.has_role(*r.roles))
        ]
        built = on_table(and_(true(), allowed, *binding))
        return {"true": true(), "false": false()}.get(str(built), built)

    def _scopes(self, model: type[Record], principal: Principal, names: set[str]) -> list[ColumnElement[bool]]:
        """The scopes, those that only look at the row itself first: databases stop at the first yes."""
        found = [self.scope_of(model, name, principal) for name in sorted(names)]
        return sorted(found, key=lambda scope: any(isinstance(part, SelectBase) for part in iterate(scope)))

    def treatments(self, model: type[Record], principal: Principal) -> dict[str, FieldRule]:
        """Per field name the strictest rule that binds this principal; a role without a rule on the field frees it."""
        if principal.is_system:
            return {}
        key = ("fields", model)
        if key not in principal.cache:
            binding = [r for r in self.field_rules.get(model.__record__["key"], ()) if principal.roles <= set(r.roles)]
            principal.cache[key] = _strictest(binding)
        return principal.cache[key]


_access = Access()


def access() -> Access:
    """The grants and rules of this process's deployment."""
    return _access


def reset_access() -> Access:
    """Start an empty set; called once by `create_app`."""
    global _access
    _access = Access()
    return _access
