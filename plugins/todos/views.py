"""List, page, form and menu of to-dos; the boards are in `board`."""

from __future__ import annotations

from typing import Any

from core import Column, DetailView, FormView, ListView, Menu, Preset, Section, View, _, current_principal
from plugins.todos import board, services

KEY = "todos.todo"
COLUMNS = ("title", "due", "priority", "assignee", "state", "department")


def views() -> list[View]:
    """The views of a to-do."""
    return [
        ListView(
            KEY,
            columns=tuple(map(Column, COLUMNS)),
            filters=("state", "assignee", "due", "priority", "department", "repeat"),
            group_by=("assignee", "priority", "state", "department"),
            presets=(
                Preset("mine", _("Mine"), {"state": "open", "assignee": "me"}, sort="due", default=True),
                Preset("given", _("Given by me"), {"state": "open", "created_by": "me"}, sort="due"),
                Preset("late", _("Overdue"), {"state": "open", "due__lt": "today"}, sort="due"),
                Preset("all", _("All"), {}),
            ),
            sort="due",
            empty=_("No to-dos yet. Add one here, or on the page of the record that it is about."),
        ),
        FormView(
            KEY,
            sections=(
                Section("what", _("To-do"), ("title", "assignee", "due", "priority", "repeat", "note")),
                Section("about", _("About a record"), ("record_key", "record_id"), when=_names_one, folded=True),
            ),
            begin=lambda: {"assignee": current_principal().user_id},
        ),
        DetailView(
            KEY,
            badge="state",
            subtitle=("due", "assignee"),
            tags=("priority",),
            head_template="todos/head.html",
            head_context=_head,
            facts=(
                Section("what", "", ("assignee", "department", "due", "priority", "repeat", "note", "source")),
                Section("done", _("How it went"), ("done_by", "done_at", "done_note", "next"), when=_is_done),
            ),
        ),
    ]


def _names_one(todo: Any) -> bool:
    return getattr(todo, "id", None) is None and bool(getattr(todo, "record_key", None))


def _is_done(todo: Any) -> bool:
    return todo.state == "done"


def _head(todo: Any) -> dict[str, Any]:
    record = services.about(todo)
    return {
        "todo": todo,
        "points": todo.checklist or [],
        "about": record,
        "about_href": f"/r/{todo.record_key}/{todo.record_id}" if record is not None else None,
        "unseen": record is None and todo.record_id is not None,
    }


def menus() -> list[Menu]:
    """My board among one's own work."""
    return [
        Menu("todos", _("To-dos"), "checklist", "work", 30, url="/todos", count=board.count, permission=(KEY, "read"))
    ]
