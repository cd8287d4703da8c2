"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import Action, Change, FieldRule, Grant, ImportSource, Menu, NumberRule, Panel, Record, Scopes, View, hookimpl
from plugins.clients import actions, grants, home, rules, services, views
from plugins.clients.importing import ClientImport
from plugins.clients.records import Client, Contact
from plugins.clients.regions import region_name


@hookimpl
def register_records() -> list[type[Record]]:
    """Clients and contacts."""
    return [Client, Contact]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose client it is."""
    return {"clients.client": rules.CLIENT_SCOPES, "clients.contact": rules.CONTACT_SCOPES}


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return grants.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Masked and hidden fields."""
    return grants.field_rules()


@hookimpl
def register_numbering() -> list[NumberRule]:
    """The client number."""
    return [services.NUMBER_RULE]


@hookimpl
def register_views() -> list[View]:
    """Lists, pages, forms."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_import_sources() -> list[ImportSource]:
    """Lists of clients, with a contact in the same row."""
    return [ImportSource("clients.client", ClientImport())]


@hookimpl
def register_actions() -> list[Action]:
    """Number, tier, owner."""
    return actions.actions()


@hookimpl
def slot_home() -> list[Panel]:
    """The person's own clients."""
    return home.panels()


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """Who decides, and the tier."""
    if not isinstance(record, Client):
        return None
    return [Panel("clients/picture.html", views.picture(record), order=10, key="clients.picture")]


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """Regions in words."""
    if record_key == "clients.client":
        for row in rows:
            row["region_words"] = region_name(row.get("region"))


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """A new client gets its place, and key tiers are checked."""
    if model is Client:
        services.defaults(records)
        services.check_new_tiers(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """The tier is guarded by its own right."""
    if model is Client:
        services.check_changed(changes)
