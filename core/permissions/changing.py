"""What may be set in the overlay of rights, and by whom: whichever way it is written, these checks hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.db import db
from core.errors import FieldError, Forbidden, Invalid
from core.i18n import _
from core.permissions import building
from core.permissions.declared import CONDITION, CONFIGURING, STANDARD_ACTIONS
from core.permissions.granting import TOP_ROLES
from core.permissions.model import CUSTOM, Condition, CustomRole, Deputy, FieldRight, Right
from core.permissions.overlay import read_overlay
from core.permissions.rules import access
from core.records.audit import RIGHT as AUDIT

OF_AUDIT = ("read", "export", "verify")
PLACES = ("own", "assigned", "team", "department", "branch", "all")
"""Scopes that every record type may be granted in, the narrow first."""
EXTRA_ACTIONS = ("unmask",)
"""Rights of every record type besides the standard ones and its actions."""


def check_rows(model: type[Any], rows: Iterable[Any]) -> None:
    """Rows of roles, rights and rights on fields. Raises `Forbidden` or `Invalid`."""
    for row in rows:
        check_role(row.code if model is CustomRole else row.role)
        if model is CustomRole:
            _check_made(row)
        elif model is Right:
            _check_right(row)
        elif model is FieldRight:
            _check_field(row)


def check_role(code: str) -> None:
    """Whether the person who acts may change what this role may do. Raises `Forbidden`."""
    principal = db.session().principal
    if code in TOP_ROLES or code == "*":
        raise Forbidden(_("The rights of this role are fixed."))
    if principal.is_system:
        return
    if code in principal.granted:
        raise Forbidden(_("Nobody changes the rights of a role that they hold. Ask a second administrator."))
    role = _role(code)
    if role is not None and role.realm == "admin" and not principal.has_role(*TOP_ROLES):
        raise Forbidden(_("Only an administrator with all rights changes the roles of administrators."))


def _role(code: str) -> Any:
    return access().role(code, read_overlay(db.session().connection()))


def _check_made(row: CustomRole) -> None:
    like = access().roles.get(row.base)
    if not row.code.startswith(CUSTOM):
        raise _wrong("code", _("Codes of own roles begin with “%(start)s”.", start=CUSTOM))
    if like is None or like.realm not in ("staff", "portal") or like.realm != row.realm:
        raise _wrong("base", _("Choose a role of staff or of clients that this one is like."))


def _check_right(row: Right) -> None:
    from core.registry import registry

    if _role(row.role) is None:
        raise _wrong("role", _("There is no such role."))
    if row.record != AUDIT and row.record not in registry().types:
        raise _wrong("record", _("There is no such record type."))
    if row.action not in actions_for(row.record):
        raise _wrong("action", _("There is no such right on this record type."))
    if row.effect == "add" and row.scope not in scopes_for(row.record):
        raise _wrong("scope", _("This record type knows no such scope."))
    if row.effect == "add" and row.role in CONFIGURING and not row.record.startswith("core."):
        raise Forbidden(_("Who runs or configures the system gets no rights on the records of clients."))


def actions_for(record: str) -> tuple[str, ...]:
    """All rights that can be given on a record type; the audit log, which is none, has its own."""
    return OF_AUDIT if record == AUDIT else (*STANDARD_ACTIONS, *EXTRA_ACTIONS, *named_actions(record))


def named_actions(record: str) -> tuple[str, ...]:
    """Codes of rights on a record type besides the standard ones: its actions, and what shipped grants name."""
    from core.registry import registry

    granted = (a for (_r, key), given in access().grants.items() if key == record for g in given for a in g.actions)
    known = dict.fromkeys([*registry().actions.get(record, {}), *granted])
    return tuple(code for code in known if code not in (*STANDARD_ACTIONS, *EXTRA_ACTIONS, "*"))


def scopes_for(record: str) -> tuple[str, ...]:
    """Scopes that mean something for the record type: its own, those of conditions, and all."""
    declared = access().scopes.get(record)
    places = [n for n in PLACES[:-1] if declared is not None and getattr(declared, n) is not None]
    overlay = read_overlay(db.session().connection())
    built = [f"{CONDITION}{c.id}" for c in overlay.conditions.values() if c.use == "scope" and c.record == record]
    return (*places, *(declared.extra if declared is not None else ()), "all", *built)


def _check_field(row: FieldRight) -> None:
    from core.registry import registry

    kind = registry().types.get(row.record)
    spec = kind.fields.get(row.field) if kind is not None else None
    if _role(row.role) is None:
        raise _wrong("role", _("There is no such role."))
    if spec is None or spec.hidden or spec.kind == "secret":
        raise _wrong("field", _("There is no such field."))
    if row.treatment == "masked" and spec.kind not in ("text", "long_text"):
        raise _wrong("treatment", _("Only texts can be masked; hide this field instead."))


def check_others(model: type[Any], rows: Iterable[Any]) -> None:
    """Conditions and deputies. Raises `Forbidden` or `Invalid`."""
    for row in rows:
        if model is Condition:
            _check_condition(row)
        elif model is Deputy:
            _check_deputy(row)


def _check_condition(row: Condition) -> None:
    building.check(row.record, row.tree)
    if row.within not in scopes_for(row.record) or row.within.startswith(CONDITION):
        raise _wrong("within", _("This record type knows no such scope."))
    for code in row.roles or ():
        if _role(code) is None:
            raise _wrong("roles", _("There is no such role."))
    overlay = read_overlay(db.session().connection())
    used = {role for (role, _key), pairs in overlay.more.items() if any(s == f"{CONDITION}{row.id}" for _a, s in pairs)}
    for code in used:
        check_role(code)


def _check_deputy(row: Deputy) -> None:
    if row.user_id == row.deputy_id:
        raise _wrong("deputy", _("Choose somebody else."))
    if row.ends_on < row.starts_on:
        raise _wrong("ends_on", _("The last day lies before the first."))
    if (row.ends_on - row.starts_on).days > 366:
        raise _wrong("ends_on", _("At most a year; name a deputy anew then."))


def _wrong(name: str, message: Any) -> Invalid:
    return Invalid([FieldError(name, "rights", message)])
