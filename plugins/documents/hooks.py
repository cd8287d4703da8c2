"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from core import (
    Action,
    Configuration,
    Demo,
    Endpoints,
    FieldRule,
    Grant,
    Job,
    Menu,
    NumberRule,
    Record,
    Schedule,
    Scopes,
    View,
    hookimpl,
)
from plugins.documents import actions, configuring, demo, jobs, pages, rights, services, templates, views
from plugins.documents.records import RECORDS


@hookimpl
def register_records() -> list[type[Record]]:
    """Letterheads, templates, documents."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """A document is whose its record is."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rights.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """What clients see."""
    return rights.field_rules()


@hookimpl
def register_numbering() -> list[NumberRule]:
    """The document number."""
    return [services.NUMBER_RULE]


@hookimpl
def register_actions() -> list[Action]:
    """Make, release, send."""
    return actions.actions()


@hookimpl
def register_jobs() -> list[Job]:
    """Printing."""
    return jobs.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """Documents that lost their worker."""
    return jobs.schedules()


@hookimpl
def register_views() -> list[View]:
    """Lists and pages."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Viewing, batches, templates, the check of a code."""
    return [pages.documents, templates.pages]


@hookimpl
def register_demo() -> list[Demo]:
    """Letterhead and letters of the invented agency."""
    return [Demo(65, demo.load)]


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """A tab with documents where some can be made."""
    return view.with_tab(views.tab()) if view.record in views.of_types() else None


@hookimpl
def register_configuration() -> list[Configuration]:
    """The edited templates."""
    return configuring.parts()
