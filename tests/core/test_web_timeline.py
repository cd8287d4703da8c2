"""Timelines of records: who caused what was derived, and which change belongs to which event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.records.audit import AuditEntry
from core.web.timeline import with_their_events

AT = datetime(2031, 5, 6, 9, 0, tzinfo=UTC)


def row(action, *, reason=None, actor=7, request="r1", after=0.0):
    return AuditEntry(
        action=action, reason=reason, actor_id=actor, request_id=request, via="web", at=AT + timedelta(seconds=after)
    )


def told(*rows):
    """Newest first, each with one change of its own when it is an update."""
    return [(r, {"changes": [(r.action, "old", "new")] if r.action == "update" else []}) for r in rows]


def shown(*rows):
    return [(r.action, len(entry["changes"])) for r, entry in with_their_events(told(*rows))]


def test_a_derived_change_stands_with_its_event_whichever_was_written_first():
    derived = row("update", reason="the status follows events")
    assert shown(row("action:record_event"), derived) == [("action:record_event", 1)]
    assert shown(derived, row("receipt")) == [("receipt", 1)]


@pytest.mark.parametrize(
    "event",
    [
        row("action:record_event", actor=8),
        row("action:record_event", request="r2"),
        row("action:record_event", after=60),
        row("create"),
    ],
    ids=["of another person", "of another request", "of another time", "a plain write"],
)
def test_what_only_stands_beside_it_is_no_event_of_a_change(event):
    assert shown(event, row("update", reason="derived")) == [(event.action, 0), ("update", 1)]


def test_what_a_person_wrote_keeps_its_own_entry():
    assert shown(row("action:issue"), row("update")) == [("action:issue", 0), ("update", 1)]
