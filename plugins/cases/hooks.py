"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    Configuration,
    DocumentKind,
    Endpoints,
    FieldRule,
    Grant,
    ImportSource,
    Menu,
    NumberRule,
    Offer,
    Panel,
    Record,
    Rule,
    Scopes,
    View,
    current_principal,
    hookimpl,
)
from plugins.cases import (
    actions,
    documents,
    endpoints,
    events,
    grants,
    home,
    joining,
    normalise,
    page,
    parts,
    rules,
    services,
    shaping,
    statuses,
    views,
)
from plugins.cases.case import Case
from plugins.cases.importing import CaseImport
from plugins.cases.records import RECORDS, Applicant, Event, Goods
from plugins.clients import Client, also_assigned

also_assigned(rules.clients_worked_for)
shaping.install()


@hookimpl
def register_records() -> list[type[Record]]:
    """Cases and what hangs on them."""
    return list(RECORDS)


@hookimpl
def register_offers() -> list[Offer]:
    """Case types of other plugins."""
    return [Offer("register_case_types", joining.take)]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose case it is; its parts follow it."""
    parts_of_cases = {model.__record__["key"]: rules.PART_SCOPES for model in RECORDS if model is not Case}
    return {"cases.case": rules.CASE_SCOPES, **parts_of_cases}


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return grants.grants()


@hookimpl
def register_rules() -> list[Rule]:
    """Whose files stay closed."""
    return list(rules.RULES)


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Unpublished titles, assessments, costs."""
    return grants.field_rules()


@hookimpl
def register_numbering() -> list[NumberRule]:
    """The case number."""
    return [services.NUMBER_RULE]


@hookimpl
def register_views() -> list[View]:
    """Lists, pages, forms, board, calendar."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Events, corrections, verification, reassignment, closing."""
    return list(actions.ACTIONS)


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The dialog of a move, and the editor of statuses."""
    return [endpoints.cases, statuses.statuses]


@hookimpl
def register_configuration() -> list[Configuration]:
    """What the agency changed of the status models."""
    return shaping.configuration()


@hookimpl
def register_import_sources() -> list[ImportSource]:
    """Sheets of registers, exports and agencies."""
    return [ImportSource("cases.case", CaseImport())]


@hookimpl
def register_documents() -> list[DocumentKind]:
    """Letters about cases, official papers and what a client holds."""
    return documents.kinds()


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Numbers, kinds, terms and places of new cases."""
    if model is Case:
        normalise.complete_new(records)
    elif model is Event:
        events.complete_plain(records)
    elif model is Goods:
        parts.make_room(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """The same for changed ones."""
    if model is Case:
        normalise.complete_changed(changes)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Applicants and classes get their rows, or their case its lists."""
    if model is Case:
        parts.make_parts(records)
    elif model in (Applicant, Goods):
        parts.follow_rows(model, records)
    elif model.__record__["key"] == "core.attachment":
        parts.take_images(records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """The two sides stay in step."""
    if model is Case:
        parts.follow_case(changes)
    elif model in (Applicant, Goods):
        parts.follow_rows(model, [change.record for change in changes])
    elif model is Client:
        normalise.renumber_clients([change for change in changes if change.changed("number")])


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """A removed row leaves the list too."""
    if model in (Applicant, Goods):
        parts.follow_rows(model, records)


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """The status cell's words and progress."""
    if record_key == "cases.case" and rows and "case_type" in rows[0]:
        page.add_states(rows)
    if record_key == "cases.event":
        page.add_event_words(rows)


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """The cases of a client on its page."""
    return view.with_tab(views.client_tab()) if view.record == "clients.client" else None


@hookimpl
def slot_home() -> list[Panel]:
    """Who is waited for, which papers came, what stands too long."""
    return home.panels()


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """How a client's cases stand."""
    if not isinstance(record, Client) or not current_principal().can("cases.case", "read"):
        return None
    return [Panel("cases/client_cases.html", page.cases_of_client(record), order=5, key="cases.of_client")]


@hookimpl
def provide_badge(record_key: str, row: dict[str, Any]) -> str | None:
    """The image of a mark in lists and heads."""
    image = row.get("mark_image") if record_key == "cases.case" else None
    ident = image.get("id") if isinstance(image, dict) else image
    return f"/files/{ident}" if ident else None
