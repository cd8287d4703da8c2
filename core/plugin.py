"""The core's own contributions, through the same hooks as everybody's: people, roles of administration, rights."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from core.contributions import Setting
from core.hooks.specs import hookimpl
from core.i18n import L, _
from core.permissions import granting
from core.permissions.org import ORG_RECORDS, UserRole
from core.permissions.principal import Principal
from core.permissions.rules import Grant, Role, Rule, Scopes, access
from core.records.notes import NOTE_RECORDS, Attachment, Note, check_places
from core.registry import registry
from core.views import Column, DetailView, FormView, ListView, Menu, Related, Section, Tab

ROLES = (
    Role(
        "administrator",
        L("管理员（全部权限）", "Administrator (all rights)"),
        "admin",
        L("安装与初始设置用", "for setting up; appoint the three administrators then"),
    ),
    Role("system_admin", L("系统管理员", "System administrator"), "admin"),
    Role("security_admin", L("安全管理员", "Security administrator"), "admin"),
    Role("audit_admin", L("审计管理员", "Audit administrator"), "admin"),
    Role("config_admin", L("业务配置员", "Business configurator"), "admin"),
)
ORGANISATION = ("core.branch", "core.department", "core.team", "core.user")


@hookimpl
def register_records() -> list[type[Any]]:
    """Organisation, sign-ins, notes, files and messages."""
    return [*ORG_RECORDS, *NOTE_RECORDS]


@hookimpl
def register_roles() -> list[Role]:
    """The roles of administration."""
    return list(ROLES)


@hookimpl
def register_grants() -> list[Grant]:
    """What administrators, security and everybody may do."""
    grants = [Grant("administrator", "*", ("*",))]
    grants += [Grant("*", key, ("read",)) for key in ORGANISATION]
    grants += [
        Grant("*", "core.note", ("read", "create", "update", "delete"), "own"),
        Grant("*", "core.attachment", ("create",), "own"),
        Grant("*", "core.attachment", ("read",), "record"),
    ]
    grants += [Grant("*", "core.notification", ("read", "update"), "own")]
    grants += [Grant("*", key, ("read", "update"), "own") for key in ("core.api_key", "core.session")]
    grants += [
        Grant("security_admin", key, ("read", "create", "update", "delete", "export"))
        for key in (*ORGANISATION, "core.user_role", "core.api_key", "core.session")
    ]
    grants += [Grant("hr", key, ("read", "create", "update")) for key in ORGANISATION]
    return grants


def mine(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Rows that belong to the person."""
    return model.user_id == principal.user_id


def made_by_me(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Rows that the person made."""
    return model.created_by_id == principal.user_id


def of_seen_records(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Files whose record the person may read."""
    kinds = [k for key, k in registry().types.items() if not key.startswith("core.") and principal.can(key, "read")]
    seen = [
        and_(
            model.record_key == kind.key,
            model.record_id.in_(select(kind.model.__table__.c.id).where(access().where(kind.model, principal, "read"))),
        )
        for kind in kinds
    ]
    return or_(false(), *seen)


def released(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Files that the agency shows to the client, of records that the person may read."""
    return and_(model.client_visible, model.archived_at.is_(None), of_seen_records(model, principal))


@hookimpl
def register_settings() -> list[Setting]:
    """What belongs to no plugin."""
    rows = Setting(
        "large_export",
        _("Rows from which an export needs a second person"),
        "integer",
        default=1000,
        help=_("Exports of clients, contacts and prices with more rows wait for approval. One day's are added up."),
        validate=_not_negative,
    )
    return [rows]


def _not_negative(value: int) -> int:
    if value < 0:
        raise ValueError(_("Not below zero."))
    return value


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """What own means for the core's records."""
    own = Scopes(own=mine)
    return {
        "core.notification": own,
        "core.api_key": own,
        "core.session": own,
        "core.note": Scopes(own=made_by_me),
        "core.attachment": Scopes(own=made_by_me, extra={"record": of_seen_records, "released": released}),
        "core.user": Scopes(own=lambda model, principal: model.id == principal.user_id),
    }


@hookimpl
def register_rules() -> list[Rule]:
    """Messages are for their receiver alone."""
    return [
        Rule("core.notification", "only mine", mine),
        Rule("core.user", "people of one's own realm", lambda model, principal: model.realm == principal.realm),
    ]


@hookimpl
def before_create(model: type[Any], records: list[Any]) -> None:
    """Nobody gives themself a role, or holds two that are to be held apart."""
    if model is UserRole:
        granting.check_new(records)


@hookimpl
def before_update(model: type[Any], changes: list[Any]) -> None:
    """Nor turns one into another."""
    if model is UserRole:
        granting.check_changed(changes)


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """Nor takes it from another by a way round."""
    if model is UserRole:
        granting.check_given(records)


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """Notes and files belong to records that their writer sees."""
    if model in (Note, Attachment):
        check_places(records)


@hookimpl
def register_views() -> list[Any]:
    """People, departments, branches."""
    person = Section(
        "person", _("Person"), ("login", "name", "name_en", "title_text", "email", "mobile", "locale", "active")
    )
    place = Section("place", _("Place in the agency"), ("branch", "department", "team", "manager"))
    return [
        ListView(
            "core.user",
            columns=tuple(map(Column, ("name", "login", "title_text", "department", "branch", "email", "active"))),
            filters=("department", "branch", "active"),
            group_by=("department", "branch"),
        ),
        FormView("core.user", sections=(person, place)),
        DetailView(
            "core.user",
            subtitle=("login", "title_text"),
            facts=(person, place),
            tabs=(Tab("roles", _("Roles"), related=Related("core.user_role", "user", ("role",))),),
        ),
        ListView(
            "core.department",
            columns=tuple(map(Column, ("name", "code", "parent", "branch", "head"))),
            filters=("branch",),
        ),
        FormView(
            "core.department",
            sections=(Section("main", _("Department"), ("name", "name_en", "code", "parent", "branch", "head")),),
        ),
        ListView("core.team", columns=tuple(map(Column, ("name", "branch")))),
        FormView("core.team", sections=(Section("main", _("Team"), ("name", "branch")),)),
        ListView("core.branch", columns=tuple(map(Column, ("name", "name_en", "code", "city")))),
        FormView("core.branch", sections=(Section("main", _("Branch"), ("name", "name_en", "code", "city")),)),
    ]


@hookimpl
def register_menus() -> list[Menu]:
    """The settings group."""
    return [
        Menu(
            "people",
            _("People"),
            "users",
            "settings.people",
            10,
            record="core.user",
            permission=("core.user", "update"),
        ),
        Menu(
            "departments",
            _("Departments"),
            "sitemap",
            "settings.people",
            20,
            record="core.department",
            permission=("core.department", "update"),
        ),
        Menu(
            "teams",
            _("Teams"),
            "users-group",
            "settings.people",
            25,
            record="core.team",
            permission=("core.team", "update"),
        ),
        Menu(
            "branches",
            _("Branches"),
            "building",
            "settings.people",
            30,
            record="core.branch",
            permission=("core.branch", "update"),
        ),
    ]
