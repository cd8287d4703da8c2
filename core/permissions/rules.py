"""Grants, scopes, record rules and field rules compiled to SQL expressions per principal. Default deny."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from core.permissions.declared import (
    CONDITION,
    GLASS,
    NOTHING,
    PERSONAL,
    SHAREABLE,
    STANDARD_ACTIONS,
    Expression,
    FieldRule,
    Grant,
    Role,
    Rule,
    Scopes,
)
from core.permissions.fieldrules import binding, stricter, through_glass
from core.permissions.overlay import MadeRole, Overlay, last_overlay
from core.permissions.principal import Principal
from core.permissions.shares import shared_ids
from core.permissions.walls import WALL, open_to
from core.records.base import MODELS, Record
from core.records.custom.access import field_rules

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

    def follows(model: Any, principal: Principal, action: str) -> ColumnElement[bool] | None:
        target = getattr(model, link).property.mapper.class_
        opened = None if target is model else access().shared_with(target, principal, action)
        if opened is None:
            return None
        return getattr(model, f"{link}_id").in_(select(target.__table__.c.id).where(on_table(opened)))

    names = ("own", "assigned", "team", "department", "branch")
    return Scopes(**{name: through(name) for name in names}, follows=follows)


def scopes_of_place(keys: Callable[[], Iterable[str]]) -> Scopes:
    """The same scopes, asked of the record that `record_key` and `record_id` name, for the record types of `keys()`."""

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

    def follows(model: Any, principal: Principal, action: str) -> ColumnElement[bool] | None:
        found = []
        for key in keys():
            target = MODELS[key]
            if (opened := access().shared_with(target, principal, action)) is not None:
                ids = select(target.__table__.c.id).where(on_table(opened))
                found.append(and_(model.record_key == key, model.record_id.in_(ids)))
        return or_(*found) if found else None

    names = ("own", "assigned", "team", "department", "branch")
    return Scopes(**{name: through(name) for name in names}, follows=follows)


def on_table(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same expression without the ORM's marks, so that no further criteria are put on it."""
    from sqlalchemy.sql.util import _deep_deannotate

    return _deep_deannotate(expression)


def readable(model: type[Record], principal: Principal) -> ColumnElement[bool]:
    """Which rows of `model` the person may read, for conditions that a plugin puts on rows that name others' rows."""
    return access().where(model, principal, "read")


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

    def role(self, code: str, overlay: Overlay | None = None) -> Role | MadeRole | None:
        """A role by its code, shipped or made."""
        made = (overlay or last_overlay()).roles.get(code)
        return made if made is not None else self.roles.get(code)

    def all_roles(self, overlay: Overlay | None = None) -> dict[str, Role | MadeRole]:
        """Shipped roles and those that administrators made, by code."""
        return {**self.roles, **(overlay or last_overlay()).roles}

    def shipped(self, role: str, record_key: str) -> frozenset[tuple[str, str]]:
        """(action, scope) pairs that the plugins give a role on one record type."""
        return frozenset((a, g.scope) for g in self.grants.get((role, record_key), ()) for a in g.actions)

    def held_by(self, role: str, record_key: str, overlay: Overlay | None) -> Iterable[Grant]:
        """The grants of a role on one record type: the shipped ones, with what administrators changed."""
        key = (role, record_key)
        if overlay is None or (key not in overlay.more and key not in overlay.less):
            return self.grants.get(key, ())
        pairs = self.shipped(*key) - overlay.less.get(key, frozenset()) | overlay.more.get(key, frozenset())
        return [Grant(role, record_key, (action,), scope) for action, scope in sorted(pairs)]

    def grants_of(self, principal: Principal, record_key: str, action: str) -> Iterable[Grant]:
        """The grants that let this principal do `action` on the type by themself."""
        if not principal.in_scope(record_key, action) or principal.user_id is None:
            return
        roles = sorted(principal.granted)
        for role in (*roles, "*") if principal.realm == "staff" else roles:
            for key in (record_key, "*"):
                for grant in self.held_by(role, key, principal.overlay):
                    if action in grant.actions or "*" in grant.actions:
                        yield grant
        if principal.glass and action == "read" and principal.scopes is None and not record_key.startswith("core."):
            yield Grant(GLASS, record_key, ("read",))

    def lent(self, principal: Principal, record_key: str, action: str) -> Iterable[tuple[Grant, Principal]]:
        """What the person may do for those they stand in for: the work of these alone, nothing of administration."""
        if record_key.startswith("core.") or not principal.in_scope(record_key, action):
            return
        for absent in principal.standing_in:
            for grant in self.grants_of(absent, record_key, action):
                role = self.role(grant.role, absent.overlay)
                if grant.scope in PERSONAL and (role is None or role.realm != "admin"):
                    yield grant, absent

    def can(self, principal: Principal, record_key: str, action: str) -> bool:
        """Whether any grant exists, in whatever scope, or something of the type is shared."""
        if principal.is_system:
            return True
        key = ("can", record_key, action)
        if key not in principal.cache:
            principal.cache[key] = self._can(principal, record_key, action)
        return principal.cache[key]

    def _can(self, principal: Principal, record_key: str, action: str) -> bool:
        if any(True for _grant in self.grants_of(principal, record_key, action)):
            return True
        if any(True for _lent in self.lent(principal, record_key, action)):
            return True
        model = MODELS.get(record_key)
        return model is not None and self.shared_with(model, principal, action) is not None

    def shared_with(self, model: type[Record], principal: Principal, action: str) -> ColumnElement[bool] | None:
        """Rows that others opened to this person for a time, themselves or with what they belong to; None for none."""
        if not principal.shared or action not in SHAREABLE:
            return None
        key = model.__record__["key"]
        found = []
        if principal.in_scope(key, action) and not principal.shared.get(key, NOTHING).isdisjoint(SHAREABLE[action]):
            found.append(model.id.in_(shared_ids(principal, key, SHAREABLE[action])))
        scopes = self.scopes.get(key)
        if principal.in_scope(key, action) and scopes is not None and scopes.follows is not None:
            opened = scopes.follows(model, principal, action)
            found += [] if opened is None else [opened]
        return or_(*found) if found else None

    def scope_of(self, model: type[Record], name: str, principal: Principal) -> ColumnElement[bool]:
        """The expression of one scope for one record type."""
        if name.startswith(CONDITION):
            return self._built(model, name, principal)
        scopes = self.scopes.get(model.__record__["key"])
        return true() if name == "all" else scopes.expression(name, model, principal) if scopes else false()

    def _built(self, model: type[Record], name: str, principal: Principal) -> ColumnElement[bool]:
        """A condition that administrators built, as the scope of a right. One that is gone allows nothing."""
        from core.permissions.building import compiled

        number = name.removeprefix(CONDITION)
        built = principal.overlay.conditions.get(int(number)) if principal.overlay and number.isdigit() else None
        if built is None or built.use != "scope" or built.record != model.__record__["key"]:
            return false()
        return and_(self.scope_of(model, built.within, principal), compiled(built, principal))

    def where(self, model: type[Record], principal: Principal, action: str) -> ColumnElement[bool]:
        """Which rows of `model` the principal may `action`: one object per principal, for the statement cache."""
        if principal.is_system:
            return true()
        key = ("where", model, action)
        if key not in principal.cache:
            principal.cache[key] = self._build(model, principal, action)
        return principal.cache[key]

    def _build(self, model: type[Record], principal: Principal, action: str) -> ColumnElement[bool]:
        ways = self.ways(model, principal, action)
        if not ways:
            return false()
        built = on_table(
            and_(true(), or_(false(), *ways), *(expr for _name, expr in self.limits(model, principal, action)))
        )
        return {"true": true(), "false": false()}.get(str(built), built)

    def ways(self, model: type[Record], principal: Principal, action: str) -> list[ColumnElement[bool]]:
        """What opens rows: scopes of the person's own rights, of those they stand in for, and what is shared."""
        record_key = model.__record__["key"]
        names = {g.scope for g in self.grants_of(principal, record_key, action)}
        if "all" in names:
            return [true()]
        found = self._scopes(model, principal, names)
        lent: dict[int, tuple[Principal, set[str]]] = {}
        for grant, absent in self.lent(principal, record_key, action):
            lent.setdefault(id(absent), (absent, set()))[1].add(grant.scope)
        for absent, scopes in lent.values():
            limits = [expr for _name, expr in self.limits(model, absent, action)]
            found += [and_(way, *limits) for way in self._scopes(model, absent, scopes)]
        shared = self.shared_with(model, principal, action)
        return found if shared is None else [*found, shared]

    def limits(self, model: type[Record], principal: Principal, action: str) -> list[tuple[Any, ColumnElement[bool]]]:
        """What binds every way, with its name: rules of plugins, and conditions of administrators on all rights."""
        record_key = model.__record__["key"]
        asked = action if action in STANDARD_ACTIONS else "read"
        found: list[tuple[Any, ColumnElement[bool]]] = [
            (r.name, r.where(model, principal))
            for r in self.rules.get(record_key, ())
            if (action in r.actions or asked in r.actions) and (r.roles is None or principal.has_role(*r.roles))
        ]
        for built in principal.overlay.limits(record_key) if principal.overlay else ():
            binds = not built.roles or principal.has_role(*built.roles)
            if binds and (not built.actions or asked in built.actions or action in built.actions):
                from core.permissions.building import compiled

                found.append((built.name, compiled(built, principal)))
        if principal.walled and (opened := open_to(model, principal)) is not None:
            found.append((WALL, opened))
        return found

    def _scopes(self, model: type[Record], principal: Principal, names: set[str]) -> list[ColumnElement[bool]]:
        """The scopes, those that only look at the row itself first: databases stop at the first yes."""
        found = [self.scope_of(model, name, principal) for name in sorted(names)]
        return sorted(found, key=lambda scope: any(isinstance(part, SelectBase) for part in iterate(scope)))

    def treatments(self, model: type[Record], principal: Principal) -> dict[str, FieldRule]:
        """Per field name the rule that binds this person: the loosest of their roles, the strictest of each role.

        A role without a rule on the field frees it. Whoever has no role at all is bound by every rule.
        """
        if principal.is_system:
            return {}
        key = ("fields", model)
        if key not in principal.cache:
            principal.cache[key] = self._treatments(model.__record__["key"], principal)
        return principal.cache[key]

    def _treatments(self, record_key: str, principal: Principal) -> dict[str, FieldRule]:
        closed = principal.overlay.closed.get(record_key, {}) if principal.overlay else {}
        rules: dict[str, list[FieldRule]] = defaultdict(list)
        for rule in self.field_rules.get(record_key, ()):
            rules[rule.field].append(rule)
        found = {}
        for name in {*rules, *(named for _role, named in closed)}:
            bound = binding(record_key, name, rules.get(name, ()), principal, closed)
            if bound is None and principal.glass:
                bound = through_glass(rules.get(name, ()))
            if bound is not None:
                found[name] = bound
        for rule in field_rules(record_key, principal):
            named = found.get(rule.field)
            found[rule.field] = rule if named is None else stricter(rule, named)
        return found


_access = Access()


def access() -> Access:
    """The grants and rules of this process's deployment."""
    return _access


def reset_access() -> Access:
    """Start an empty set; called once by `create_app`."""
    global _access
    _access = Access()
    return _access
