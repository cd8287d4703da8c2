"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    DayFeed,
    Demo,
    Endpoints,
    FieldRule,
    Grant,
    ImportSource,
    ImportSupport,
    Menu,
    Panel,
    Record,
    Scopes,
    View,
    _,
    hookimpl,
)
from plugins.todos import board, demo, pages, rules, services, views
from plugins.todos.records import RECORDS, Todo


@hookimpl
def register_day_feeds() -> list[DayFeed]:
    """The person's open to-dos."""
    return [DayFeed("todos.mine", _("To-do"), "todos.todo", "due", (("assignee", "me"), ("state", "open")))]


@hookimpl
def register_records() -> list[type[Record]]:
    """To-dos."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose they are."""
    return rules.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rules.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Who learns what they are about."""
    return rules.field_rules()


@hookimpl
def register_actions() -> list[Action]:
    """Done, hand on, take up again."""
    return services.actions()


@hookimpl
def register_views() -> list[View]:
    """List, page and form."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The boards, and adding and ticking in place."""
    return [pages.todos]


@hookimpl
def register_import_sources() -> list[ImportSource]:
    """Lists of to-dos can be imported."""
    return [ImportSource("todos.todo", ImportSupport())]


@hookimpl
def slot_home() -> list[Panel]:
    """Mine, on the home page."""
    return board.home()


@hookimpl
def slot_detail(record: Any) -> list[Panel]:
    """Those about a record, on its page."""
    return board.about(record)


@hookimpl
def register_demo() -> list[Demo]:
    """To-dos of the invented agency."""
    return [Demo(70, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Somebody does it."""
    if model is Todo:
        services.complete(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """The department follows."""
    if model is Todo:
        services.change(changes)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Who gets one hears of it."""
    if model is Todo:
        services.tell(records)
