"""`/settings`: the one list of what can be set, in groups. Each room adds a line; the pages themselves are theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template

from core.errors import Forbidden
from core.i18n import _, gettext
from core.permissions.exports import APPROVE, KEY
from core.permissions.glass import may_break
from core.permissions.principal import Principal, current_principal
from core.permissions.rules import access
from core.views import Menu
from core.web import shell
from core.web.imports import importable

GROUPS = (
    ("own", _("My own")),
    ("people", _("People and rights")),
    ("shaping", _("Fields, forms and rules")),
    ("data", _("Data and connections")),
    ("system", _("System")),
)


@dataclass(frozen=True)
class SettingsItem:
    """One entry of the settings page: `label` is translatable, `group` one of `GROUPS`, `shown` says to whom."""

    label: Any
    href: str
    icon: str
    group: str
    shown: Callable[[Principal], bool]


def everybody(principal: Principal) -> bool:
    """For entries that each signed-in person has."""
    return principal.user_id is not None


def administers(principal: Principal) -> bool:
    """Whether the person runs the deployment: changes people, or holds one of the administrators' roles."""
    roles = (access().roles.get(code) for code in principal.roles)
    return principal.can("core.user", "update") or any(role and role.realm == "admin" for role in roles)


def gives_rights(principal: Principal) -> bool:
    """Whether the person decides who may do what."""
    return principal.can("core.user_role", "create")


def allowed_to(record: str, action: str) -> Callable[[Principal], bool]:
    """For entries that one right opens."""
    return lambda principal: principal.can(record, action)


def glass_concerns(principal: Principal) -> bool:
    """Whether the person may open client data in an emergency, or watches over it."""
    return may_break(principal) or principal.can("core.wall", "read")


def exports_concern(principal: Principal) -> bool:
    """Whether the person exports what is guarded, or decides about it."""
    guarded = (key for key, kind in shell.registry().types.items() if kind.guarded)
    return principal.can(KEY, APPROVE) or any(principal.can(key, "export") for key in guarded)


ITEMS: list[SettingsItem] = [
    SettingsItem(_("My account"), "/settings/me", "user", "own", everybody),
    SettingsItem(_("Calendar subscriptions"), "/settings/me/calendar", "calendar", "own", everybody),
    SettingsItem(_("Sign-in security"), "/security", "shield-check", "own", everybody),
    SettingsItem(_("API keys"), "/settings/keys", "key", "own", everybody),
    SettingsItem(_("Sign-in and passwords"), "/settings/sign-in", "lock", "people", administers),
    SettingsItem(_("Deputies"), "/settings/deputies", "transfer", "own", everybody),
    SettingsItem(_("Organisation"), "/settings/organisation", "sitemap", "people", administers),
    SettingsItem(_("Roles and rights"), "/settings/roles", "shield", "people", administers),
    SettingsItem(_("Conditions"), "/settings/conditions", "filter", "people", administers),
    SettingsItem(_("Separation of duties"), "/settings/separation", "scale", "people", administers),
    SettingsItem(_("Information walls"), "/settings/walls", "shield-check", "people", allowed_to("core.wall", "read")),
    SettingsItem(_("Open client data"), "/settings/client-data", "lock-open", "people", glass_concerns),
    SettingsItem(_("Large exports"), "/exports", "download", "own", exports_concern),
    SettingsItem(_("Audit log"), "/settings/audit", "shield", "people", allowed_to("core.audit", "read")),
    SettingsItem(_("Webhooks"), "/r/core.webhook", "plug", "data", allowed_to("core.webhook", "read")),
    SettingsItem(_("Import"), "/import", "upload", "data", lambda principal: bool(importable())),
    SettingsItem(
        _("Forms, lists and numbers"), "/settings/shaping", "forms", "shaping", allowed_to("core.shape", "update")
    ),
    SettingsItem(
        _("Configuration as a file"),
        "/settings/configuration",
        "transfer",
        "system",
        allowed_to("core.shape", "update"),
    ),
    SettingsItem(_("Custom fields"), "/settings/fields", "forms", "shaping", allowed_to("core.custom_field", "update")),
    SettingsItem(_("Extensions"), "/settings/extensions", "puzzle", "system", administers),
    SettingsItem(_("Parts of the interface"), "/styleguide", "palette", "system", everybody),
]


def require_administrator() -> None:
    """Raises `Forbidden` for whoever does not run the deployment."""
    if not administers(current_principal()):
        raise Forbidden(detail={"action": "administer"})


def require(record: str, action: str) -> None:
    """Raises `Forbidden` for whoever does not have this right."""
    if not current_principal().can(record, action):
        raise Forbidden(detail={"record": record, "action": action})


def settings() -> Any:
    """`/settings`: what this person can set, as cards of links."""
    principal = current_principal()
    from core.web.plugin_settings import items

    found = [item for item in [*_of_menus(principal), *ITEMS, *items(principal)] if item.shown(principal)]
    groups = [
        {"label": str(label), "entries": chosen}
        for code, label in GROUPS
        if (chosen := [item for item in found if item.group == code])
    ]
    title = gettext("Settings")
    return render_template("web/settings.html", title=title, crumbs=[(title, None)], groups=groups)


def _of_menus(principal: Principal) -> list[SettingsItem]:
    """Entries that plugins put into the settings group of their menus."""
    menus = (m for m in shell.registry().menus if m.group.startswith("settings") and shell.allowed(m, principal))
    return [SettingsItem(m.label, shell.url_of(m), m.icon, _group_of(m), everybody) for m in menus]


def _group_of(menu: Menu) -> str:
    return menu.group.partition(".")[2] or "shaping"


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings", "settings", settings)
