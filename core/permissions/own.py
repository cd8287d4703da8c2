"""The records of set rights, shares and deputies as contributions of the core: who may see and change them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_

from core.clock import local
from core.db import db
from core.hooks.specs import hookimpl
from core.permissions import changing, exchange, leaving, walling
from core.permissions.declared import Grant, Scopes
from core.permissions.model import RIGHTS_RECORDS, CustomRole, FieldRight, Right
from core.permissions.org import Department, User
from core.permissions.overlay import restamp
from core.permissions.principal import Principal, current_principal
from core.permissions.separation import SEPARATION_RECORDS, Wall, WallPart
from core.permissions.shares import given_to
from core.shaping.configuration import Configuration
from core.views import Panel

SET_RIGHTS = ("core.role", "core.right", "core.condition", "core.field_right")


@hookimpl
def register_records() -> list[type[Any]]:
    """Roles, rights, conditions, rights on fields, shares, deputies."""
    return [*RIGHTS_RECORDS, *SEPARATION_RECORDS]


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
        *_of_separation(),
    ]


def _of_separation() -> list[Grant]:
    """Partners and the security administrator build walls and decide large exports; the auditor reads both."""
    deciding, change = ("partner", "security_admin"), ("read", "create", "update")
    return [
        *(Grant(role, "core.wall", change) for role in deciding),
        *(Grant(role, "core.wall_part", (*change, "delete")) for role in deciding),
        *(Grant(role, "core.export_request", ("read", "approve_large")) for role in deciding),
        *(Grant(role, "core.glass", ("read",)) for role in (*deciding, "audit_admin")),
        *(Grant("audit_admin", key, ("read",)) for key in ("core.wall", "core.wall_part", "core.export_request")),
        *(Grant("*", key, ("read",), "own") for key in ("core.glass", "core.export_request")),
    ]


@hookimpl
def register_configuration() -> list[Configuration]:
    """The part of the configuration file that holds set rights."""
    return [exchange.part()]


@hookimpl
def slot_banner() -> list[Panel]:
    """Who reads client data through broken glass sees on every page until when."""
    from core.permissions.glass import open_until

    until = open_until(current_principal())
    return [] if until is None else [Panel("web/rights/_glass.html", {"until": f"{local(until):%H:%M}"}, order=1)]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """One's own share is one that was given or taken; one's own deputy stands in for one, or is one."""
    theirs = Scopes(own=_theirs)
    own = {"core.share": Scopes(own=_share_of), "core.deputy": Scopes(own=_deputy_of)}
    return own | {"core.glass": theirs, "core.export_request": theirs}


def _theirs(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.user_id == principal.user_id


def _share_of(model: Any, principal: Principal) -> ColumnElement[bool]:
    return or_(model.created_by_id == principal.user_id, given_to(principal))


def _deputy_of(model: Any, principal: Principal) -> ColumnElement[bool]:
    return or_(model.user_id == principal.user_id, model.deputy_id == principal.user_id)


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """What is set must fit what is there, and nobody sets rights of their own."""
    if model in (CustomRole, Right, FieldRight):
        changing.check_rows(model, records)
    elif model is Wall:
        walling.check_walls(records)
    elif model is WallPart:
        walling.check_parts(records)
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
    elif model is WallPart:
        for row in records:
            walling.check_builder(row.wall_id)


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
