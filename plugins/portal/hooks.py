"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    Claim,
    Demo,
    Endpoints,
    FieldRule,
    Grant,
    Job,
    Menu,
    Realm,
    Record,
    Role,
    Scopes,
    View,
    hookimpl,
)
from plugins.portal import accounts, actions, choices, demo, desk, pages, rules, services, settings_page, views
from plugins.portal.records import RECORDS, Affiliate, Message, Order, PortalUser

__all__ = ["pages"]


@hookimpl
def register_records() -> list[type[Record]]:
    """Portal users, links, log, messages, evidence, orders, look."""
    return list(RECORDS)


@hookimpl
def register_realms() -> list[Realm]:
    """The clients' own side of the site."""
    return [
        Realm(
            "portal",
            "/portal",
            login="/portal/login",
            cookie="zhian_portal",
            error="portal/error.html",
            outside="portal/signing.html",
        )
    ]


@hookimpl
def register_claims() -> list[Claim]:
    """Portal users are bound to their client and to affiliates that staff opened to them."""
    return [
        Claim("portal", "portal.user", person="user", target="client", live=rules.live_user),
        Claim("portal", "portal.affiliate", person="user", target="client", live=rules.live_affiliate),
    ]


@hookimpl
def register_roles() -> list[Role]:
    """What people of a client may be; the role pack gives the same ones."""
    return [Role(f"portal_{choice.code}", choice.label, "portal") for choice in choices.ROLES]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Everything follows the client."""
    return rules.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rules.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """What people of a client see."""
    return rules.field_rules()


@hookimpl
def register_views() -> list[View]:
    """Staff's lists and pages."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Invite, close, answer, accept."""
    return actions.actions()


@hookimpl
def register_jobs() -> list[Job]:
    """Mails with a link for a new password."""
    return [Job("portal.reset", accounts.send_reset)]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The portal's pages, and staff's page for its look."""
    return [desk.portal, settings_page.settings]


@hookimpl
def register_demo() -> list[Demo]:
    """Two clients with their people."""
    return [Demo(75, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Addresses, sides, times."""
    if model is PortalUser:
        accounts.complete_new(records)
        accounts.check_contacts(records)
    elif model is Affiliate:
        accounts.complete_affiliates(records)
    elif model is Message:
        services.complete_messages(records)
    elif model is Order:
        services.complete_orders(records)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Invitations leave, people are told."""
    if model is PortalUser:
        accounts.invite(records)
    elif model is Message:
        services.tell_of_messages(records)
    elif model is Order:
        services.tell_of_orders(records)
    elif model.__record__["key"] == "core.attachment":
        services.tell_of_papers(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What stays as it is."""
    if model is PortalUser:
        accounts.guard(changes)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """The account follows its portal user."""
    if model is PortalUser:
        accounts.follow(changes)
    elif model.__record__["key"] == "core.attachment":
        services.tell_of_papers([change.record for change in changes if change.changed("client_visible")])


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """Nobody stays signed in without a portal user."""
    if model is PortalUser:
        accounts.gone(records)


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """Tabs on clients and cases."""
    if view.record == "clients.client":
        return views.client_tabs(view)
    return views.case_tabs(view) if view.record == "cases.case" else None
