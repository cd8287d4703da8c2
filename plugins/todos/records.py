"""The record of a to-do, and the words of its choices."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, fields

PRIORITIES = (
    Choice("urgent", L("紧急", "Urgent"), "danger"),
    Choice("high", L("高", "High"), "warn"),
    Choice("normal", L("普通", "Normal")),
    Choice("low", L("低", "Low")),
)
STATES = (
    Choice("open", L("待办", "To do"), "accent"),
    Choice("done", L("已办", "Done"), "done"),
)
REPEATS = (
    Choice("daily", L("每天", "Every day")),
    Choice("weekly", L("每周", "Every week")),
    Choice("monthly", L("每月", "Every month")),
    Choice("yearly", L("每年", "Every year")),
)


class Todo(Record):
    """A small thing that one person is to do. What it is about is named by `record_key` and `record_id`."""

    __record__ = {
        "key": "todos.todo",
        "label": _("To-do"),
        "plural": _("To-dos"),
        "title": "title",
        "icon": "checklist",
        "order": "due",
        "archive": True,
    }
    __table_args__ = (
        Index("ix_todos_todo_mine", "assignee_id", "state", "due"),
        Index("ix_todos_todo_place", "department_id", "state"),
        Index("ix_todos_todo_about", "record_key", "record_id", "state"),
    )

    title: Mapped[str] = fields.text(_("What is to be done"), required=True, search=True, max_length=200)
    assignee_id: Mapped[int | None] = fields.link(
        "core.user", _("Who does it"), on_delete="set_null", index=False, help=_("Left empty: yourself.")
    )
    department_id: Mapped[int | None] = fields.link(
        "core.department", _("Department"), readonly=True, on_delete="set_null", index=False
    )
    due: Mapped[date | None] = fields.date(_("Due"), index=True)
    priority: Mapped[str] = fields.choice(_("Priority"), PRIORITIES, required=True, default="normal")
    state: Mapped[str] = fields.choice(_("State"), STATES, required=True, readonly=True, default="open")
    note: Mapped[str | None] = fields.long_text(_("Remarks"), max_length=4000)
    checklist: Mapped[list | None] = fields.json(
        _("Checklist"), help=_("Points, each with a text and whether it is done.")
    )
    record_key: Mapped[str | None] = fields.text(_("Record type"), max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"))
    repeat: Mapped[str | None] = fields.choice(
        _("Repeat"), REPEATS, help=_("The next one is made when this one is done.")
    )
    repeat_from: Mapped[date | None] = fields.date(_("Repeats since"), readonly=True, hidden=True, track=False)
    next_id: Mapped[int | None] = fields.link("todos.todo", _("Next one"), readonly=True, on_delete="set_null")
    done_at: Mapped[datetime | None] = fields.datetime(_("Done at"), readonly=True)
    done_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Done by"), readonly=True, on_delete="set_null", index=False
    )
    done_note: Mapped[str | None] = fields.long_text(_("How it went"), readonly=True, max_length=4000)
    handed_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Handed on by"), readonly=True, on_delete="set_null", index=False
    )
    source: Mapped[str | None] = fields.text(_("Made by"), readonly=True, max_length=120)
    source_key: Mapped[str | None] = fields.text(_("Key of its source"), hidden=True, unique=True, max_length=200)


RECORDS = (Todo,)
