"""The organisation: branches, departments in a tree, teams, people and their roles, keys and sign-ins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.i18n import L, _
from core.records import fields
from core.records.base import Record
from core.records.fields import Choice

LOCALES = (Choice("zh", L("中文", "Chinese")), Choice("en", L("英文", "English")))
REALMS = (Choice("staff", L("员工", "Staff")), Choice("portal", L("客户门户", "Client portal")))


class Branch(Record):
    """A site or legal entity of the agency."""

    __record__ = {
        "key": "core.branch",
        "label": _("Branch"),
        "plural": _("Branches"),
        "title": "name",
        "title_en": "name_en",
        "icon": "building",
        "order": "name",
    }
    name: Mapped[str] = fields.text(_("Name"), required=True, unique=True, search=True)
    name_en: Mapped[str | None] = fields.text(_("English name"))
    code: Mapped[str | None] = fields.text(_("Code"), max_length=20, unique=True)
    city: Mapped[str | None] = fields.text(_("City"), max_length=60)


class Department(Record):
    """A department; its parent makes the tree, its head answers for its deadlines."""

    __record__ = {
        "key": "core.department",
        "label": _("Department"),
        "plural": _("Departments"),
        "title": "name",
        "title_en": "name_en",
        "icon": "sitemap",
        "order": "name",
    }
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True)
    name_en: Mapped[str | None] = fields.text(_("English name"))
    code: Mapped[str | None] = fields.text(_("Code"), max_length=20)
    parent_id: Mapped[int | None] = fields.link("core.department", _("Parent department"))
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))
    head_id: Mapped[int | None] = fields.link("core.user", _("Head"), constraint=False)


class Team(Record):
    """A mentor group or client team."""

    __record__ = {
        "key": "core.team",
        "label": _("Team"),
        "plural": _("Teams"),
        "title": "name",
        "icon": "users-group",
        "order": "name",
    }
    name: Mapped[str] = fields.text(_("Name"), required=True, unique=True, search=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))


class User(Record):
    """A person who may sign in."""

    __record__ = {
        "key": "core.user",
        "label": _("Person"),
        "plural": _("People"),
        "title": "name",
        "title_en": "name_en",
        "icon": "user",
        "order": "name",
    }
    login: Mapped[str] = fields.text(_("Login"), required=True, unique=True, max_length=80, search=True)
    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=80, search=True)
    name_en: Mapped[str | None] = fields.text(_("English name"), max_length=80)
    email: Mapped[str | None] = fields.text(_("E-mail"), max_length=200)
    mobile: Mapped[str | None] = fields.text(_("Mobile"), max_length=40)
    title_text: Mapped[str | None] = fields.text(_("Job title"), max_length=80)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"))
    team_id: Mapped[int | None] = fields.link("core.team", _("Team"))
    manager_id: Mapped[int | None] = fields.link("core.user", _("Manager"))
    locale: Mapped[str] = fields.choice(_("Language"), LOCALES, default="zh", required=True)
    realm: Mapped[str] = fields.choice(_("Realm"), REALMS, default="staff", required=True, readonly=True)
    active: Mapped[bool] = fields.boolean(_("Active"), default=True)
    password_hash: Mapped[str | None] = fields.text(_("Password"), max_length=200, hidden=True, track=False)


class UserRole(Record):
    """A role that a person holds."""

    __record__ = {
        "key": "core.user_role",
        "label": _("Role of a person"),
        "plural": _("Roles of people"),
        "title": "role",
        "icon": "shield",
    }
    __table_args__ = (UniqueConstraint("user_id", "role"),)
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, on_delete="cascade")
    role: Mapped[str] = fields.text(_("Role"), required=True, max_length=40)


class ApiKey(Record):
    """A bearer key of a person; only the hash of its secret is kept."""

    __record__ = {"key": "core.api_key", "label": _("API key"), "plural": _("API keys"), "title": "name", "icon": "key"}
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, readonly=True, on_delete="cascade")
    name: Mapped[str] = fields.text(_("Name"), required=True, default="")
    prefix: Mapped[str] = fields.text(_("Prefix"), required=True, unique=True, max_length=16, readonly=True)
    secret_hash: Mapped[str] = fields.text(_("Secret"), required=True, max_length=64, hidden=True, track=False)
    scopes: Mapped[list | None] = fields.tags(_("Scopes"))
    expires_at: Mapped[datetime | None] = fields.datetime(_("Expires"))
    last_used_at: Mapped[datetime | None] = fields.datetime(_("Last used"), readonly=True, track=False)
    revoked_at: Mapped[datetime | None] = fields.datetime(_("Revoked"), readonly=True)


class LoginSession(Record):
    """A signed-in browser; only the hash of its token is kept.

    `pending` names the step that is still to be taken before it counts. `proved_at`: when the person last proved who
    they are; `renew`: its token is replaced at the next page, because the person's rights changed.
    """

    __record__ = {
        "key": "core.session",
        "label": _("Sign-in"),
        "plural": _("Sign-ins"),
        "title": "user_agent",
        "icon": "device-desktop",
    }
    __table_args__ = (Index("ix_core_session_user_live", "user_id", "ended_at"),)
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, readonly=True, on_delete="cascade")
    token_hash: Mapped[str] = fields.text(
        _("Token"), required=True, unique=True, max_length=64, hidden=True, track=False
    )
    ip: Mapped[str | None] = fields.text(_("Address"), max_length=60, readonly=True, track=False)
    user_agent: Mapped[str | None] = fields.text(_("Browser"), max_length=300, readonly=True, track=False)
    seen_at: Mapped[datetime] = fields.datetime(_("Last seen"), required=True, readonly=True, track=False)
    expires_at: Mapped[datetime] = fields.datetime(_("Expires"), required=True, readonly=True, track=False)
    ended_at: Mapped[datetime | None] = fields.datetime(_("Ended"), readonly=True, track=False)
    way: Mapped[str | None] = fields.text(_("Signed in by"), readonly=True, track=False, max_length=60)
    pending: Mapped[str | None] = fields.text(_("Next step"), readonly=True, hidden=True, track=False, max_length=12)
    proved_at: Mapped[datetime | None] = fields.datetime(_("Proved"), readonly=True, hidden=True, track=False)
    renew: Mapped[bool] = fields.boolean(_("To be renewed"), hidden=True, track=False)


ORG_RECORDS = (Branch, Department, Team, User, UserRole, ApiKey, LoginSession)
