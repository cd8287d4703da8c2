"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    Demo,
    Endpoints,
    Grant,
    Job,
    Menu,
    Panel,
    Record,
    Schedule,
    Scopes,
    Subscriber,
    View,
    hookimpl,
    keep_secrets_home,
)
from plugins.finance_bridge import actions, demo, endpoints, jobs, mending, rights, setting_up, views
from plugins.finance_bridge.records import RECORDS, Book, Connection, Document


@hookimpl
def register_records() -> list[type[Record]]:
    """Connections, books, mappings, documents, exchanges, sheets, reconciliations."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Of one's own branch, or all."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Finance, its head, system administrators and auditors."""
    return rights.grants()


@hookimpl
def register_actions() -> list[Action]:
    """Activate, poll, reconcile, sheets, dead letters, differences."""
    return actions.actions()


@hookimpl
def register_jobs() -> list[Job]:
    """Sending, polling, collecting, reconciling."""
    return jobs.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they run by themselves."""
    return jobs.schedules()


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Bills issued and voided."""
    return jobs.subscribers()


@hookimpl
def validate_records(model: type[Record], records: list[Any]) -> None:
    """Addresses that may be called."""
    if model is Connection:
        setting_up.check_connections(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What documents carry stays; what was sent is not edited."""
    if model is Connection:
        for change in changes:
            keep_secrets_home(change, "address", ("app_secret", "client_secret"))
    if model in (Connection, Book):
        setting_up.keep_what_documents_carry(changes)
    elif model is Document:
        mending.keep_sent(changes)


@hookimpl
def register_views() -> list[View]:
    """Lists, pages, forms."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Overview, mapping, receipts."""
    return [endpoints.finance]


@hookimpl
def register_demo() -> list[Demo]:
    """Books of the invented agency."""
    return [Demo(80, demo.load)]


@hookimpl
def slot_aside(record: Any) -> list[Panel] | None:
    """Beside a bill: where it stands in the ledger."""
    return views.bill_panel(record) if record.__record__["key"] == "billing.bill" else None
