"""The desk through the hooks that everybody uses: purging by schedule, comments with people in them, its panels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.desk import bin as recycle
from core.desk import comments, drafts, marks
from core.hooks.specs import hookimpl
from core.records import undoing
from core.records.changes import Change
from core.records.notes import Note
from core.registry import Job, Schedule
from core.views import Panel

TIDY = "core.tidy_desk"


def tidy() -> dict[str, int]:
    """Empty the bin of what is too old, and forget old drafts and steps back."""
    return recycle.purge() | {"drafts": drafts.forget_old(), "steps": undoing.forget_old()}


@hookimpl
def register_jobs() -> list[Job]:
    """Tidying."""
    return [Job(TIDY, tidy)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Several times a day: what has lain in the bin for thirty days goes on that day."""
    return [Schedule(TIDY, TIDY, every=timedelta(hours=6))]


@hookimpl
def before_create(model: type[Any], records: list[Any]) -> None:
    """Who is mentioned must be able to see the record."""
    if model is Note:
        for note in records:
            comments.check_mentions(note)


@hookimpl
def after_create(model: type[Any], records: list[Any]) -> None:
    """Who is mentioned is told."""
    if model is Note:
        for note in records:
            comments.tell(note, note.mentions or [])


@hookimpl
def before_update(model: type[Any], changes: list[Change]) -> None:
    """Comments change for a while only."""
    if model is Note:
        for change in changes:
            comments.check_time(change.record)
            if "mentions" in change.new or "body" in change.new:
                comments.check_mentions(change.record)


@hookimpl
def after_update(model: type[Any], changes: list[Change]) -> None:
    """Who is mentioned only now is told now."""
    if model is Note:
        for change in changes:
            known = set(change.old.get("mentions") or []) if "mentions" in change.new else set(change.new)
            comments.tell(change.record, [i for i in change.new.get("mentions") or [] if i not in known])


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """And go for a while only."""
    if model is Note:
        for note in records:
            comments.check_time(note)


@hookimpl
def slot_home() -> list[Panel]:
    """Favourites and what was opened last."""
    starred, opened = marks.marked(marks.favourites, 6), marks.marked(marks.recents, 8)
    if not starred and not opened:
        return []
    return [Panel("web/desk/_home.html", {"starred": starred, "opened": opened}, order=90, key="desk")]
