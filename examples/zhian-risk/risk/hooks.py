"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Card,
    Change,
    FieldRule,
    Grant,
    Panel,
    Record,
    Scopes,
    Setting,
    View,
    hookimpl,
)
from plugins.clients import Client
from risk import rules, services, views
from risk.records import Assessment


@hookimpl
def register_records() -> list[type[Record]]:
    """Assessments."""
    return [Assessment]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """They are whose their client is."""
    return rules.SCOPES


@hookimpl
def register_grants() -> list[Grant]:
    """Who assesses, who reads."""
    return rules.GRANTS


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """To whom the rating is hidden."""
    return rules.FIELD_RULES


@hookimpl
def register_views() -> list[View]:
    """Lists and pages of assessments."""
    return views.views()


@hookimpl
def register_actions() -> list[Action]:
    """Assess."""
    return views.actions()


@hookimpl
def register_cards() -> list[Card]:
    """What waits."""
    return views.cards()


@hookimpl
def register_settings() -> list[Setting]:
    """How long a rating holds."""
    return views.settings()


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """An assessment stays as it was made."""
    if model is Assessment:
        services.keep_as_made(changes)


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """A section and a tab on the page of a client."""
    return view.with_section(views.FACTS).with_tab(views.TAB) if view.record == "clients.client" else None


@hookimpl
def filter_form_view(view: View) -> View | None:
    """The amount at stake, behind the credit limit."""
    return view.with_field("exposure", after="credit_limit") if view.record == "clients.client" else None


@hookimpl
def filter_list_view(view: View) -> View | None:
    """A column in the list of cases."""
    return view.with_column(views.COLUMN) if view.record == "cases.case" else None


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """The ratings of one page of cases, in one query."""
    if record_key == "cases.case":
        clients = {row["id"]: (row.get("client") or {}).get("id") for row in rows}
        found = services.ratings(ident for ident in clients.values() if ident)
        for row in rows:
            rating = found.get(clients[row["id"]])
            row["client_risk"] = views.mark(rating) if rating else None


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """A warning on the page of a client of high risk."""
    return views.warning(record) if isinstance(record, Client) else None
