"""The records of set rights, shares and deputies as contributions of the core: who may see and change them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

from core.db import db
from core.hooks.specs import hookimpl
from core.permissions import changing, exchange, leaving
from core.permissions.declared import Grant, Scopes
from core.permissions.model import RIGHTS_RECORDS, CustomRole, FieldRight, Right
from core.permissions.org import Department, User
from core.permissions.overlay import restamp
from core.permissions.principal import Principal
from core.permissions.shares import given_to
from core.shaping.configuration import Configuration

SET_RIGHTS = ("core.role", "core.right", "core.condition", "core.field_right")


@hookimpl
def register_records() -> list[type[Any]]:
    """Roles, rights, conditions, rights on fields, shares, deputies."""
    return list(RIGHTS_RECORDS)


@hookimpl
def register_grants() -> list[Grant]:
    """The security administrator sets rights; the auditor reads them; everybody sees what concerns themself."""
    every = ("read", "create", "update", "delete", "export")
    return [
        *(Grant("security_admin", key, every) for key in SET_RIGHTS),
        *(Grant("audit_admin", key, ("read",)) for key in (*SET_RIGHTS, "core.share", "core.deputy")),
        Grant("security_admin", "core.user", ("view_as", "hand_over")),
        Grant("hr", "core.user", ("hand_over",)),
        Grant("security_admin", "core.share", ("read", "delete")),
        *(Grant(role, "core.deputy", ("read", "create", "update", "delete")) for role in ("security_admin", "hr")),
        Grant("*", "core.share", ("read",), "own"),
        Grant("*", "core.deputy", ("read",), "own"),
    ]


@hookimpl
def register_configuration() -> list[Configuration]:
    """The part of the configuration file that holds set rights."""
    return [exchange.part()]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """One's own share is one that was given or taken; one's own deputy stands in for one, or is one."""
    return {"core.share": Scopes(own=_share_of), "core.deputy": Scopes(own=_deputy_of)}


def _share_of(model: Any, principal: Principal) -> ColumnElement[bool]:
    return or_(model.created_by_id == principal.user_id, given_to(principal))


def _deputy_of(model: Any, principal: Principal) -> ColumnElement[bool]:
    return or_(model.user_id == principal.user_id, model.deputy_id == principal.user_id)


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """What is set must fit what is there, and nobody sets rights of their own."""
    if model in (CustomRole, Right, FieldRight):
        changing.check_rows(model, records)
    elif model is Department:
        leaving.check_tree(records)
    elif model in RIGHTS_RECORDS:
        changing.check_others(model, records)


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """Taking away a difference is a change of rights as well."""
    if model in (CustomRole, Right, FieldRight):
        for row in records:
            changing.check_role(row.code if model is CustomRole else row.role)


@hookimpl
def after_create(model: type[Any], records: list[Any]) -> None:
    """All processes are told."""
    restamp(db.session(), {model})


@hookimpl
def after_update(model: type[Any], changes: list[Any]) -> None:
    """All processes are told; whoever cannot sign in any more loses at once what they had."""
    restamp(db.session(), {model})
    if model is User:
        left = [c.record for c in changes if c.changed("active", "archived_at") and not _lives(c.record)]
        if left:
            leaving.gone(left)


def _lives(user: Any) -> bool:
    return user.active and user.archived_at is None


@hookimpl
def after_delete(model: type[Any], records: list[Any]) -> None:
    """All processes are told."""
    restamp(db.session(), {model})
