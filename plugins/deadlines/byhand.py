"""Deadlines entered by hand, and the guard around those that are computed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from core import Change, FieldError, Invalid, _, current_principal, db, record_class
from plugins.deadlines.overlay import engine
from plugins.deadlines.records import MANUAL, Deadline

COMPUTED = ("case", "name", "name_en", "severity", "due", "safe_date")
AHEAD = timedelta(days=7)
"""The internal date of a deadline entered by hand, before its safe date, unless another is given."""


def complete(rows: list[Deadline]) -> None:
    """Fill in what a deadline entered by hand leaves open; its date is taken as it is, never moved."""
    calendars = engine().calendars
    for row in rows:
        row.rule_code, row.fact, row.occurrence = MANUAL, "manual", "1"
        row.identity = f"{MANUAL}|{uuid4().hex}"
        row.nominal_date = row.due
        keep_order(row, {"client_date"})
        row.calendar = calendars.coverage(row.due.year)
        row.responsible_id = row.responsible_id or current_principal().user_id
        case = db.session.get(record_class("cases.case"), row.case_id)
        row.heading = f"{case.name if case is not None else ''} · {row.name}"[-300:]


def guard(changes: list[Change]) -> None:
    """What is computed changes by its facts or by an action, never by an ordinary edit; raises `Invalid`."""
    session = db.session()
    if session.principal.is_system or session.info.get("acting", ("", ""))[0] == "deadlines.deadline":
        return
    for change in changes:
        named = [name for name in COMPUTED if name in change.new]
        if named and change.record.rule_code != MANUAL:
            message = _("This is computed. Correct the case or its event, or set another date with a reason.")
            raise Invalid([FieldError(name, "computed", message) for name in named])
        if change.record.rule_code == MANUAL:
            change.record.nominal_date = change.record.due
        keep_order(change.record, set(change.new))


def keep_order(row: Any, given: set[str]) -> None:
    """Client's answer, then internal date, then official date: what was not `given` is pulled along, else refused."""
    row.safe_date = min(row.safe_date or row.due, row.due) if "safe_date" not in given else row.safe_date or row.due
    if row.safe_date > row.due:
        raise Invalid([FieldError("safe_date", "too_late", _("The safe date cannot lie after the official date."))])
    if row.internal_date is None:
        row.internal_date = engine().calendars["tm"].on_or_before(row.safe_date - AHEAD)
    if "internal_date" not in given:
        row.internal_date = min(row.internal_date, row.safe_date)
    if row.internal_date > row.due:
        message = _("The internal date cannot lie after the official date, %(due)s.", due=row.due)
        raise Invalid([FieldError("internal_date", "too_late", message)])
    if row.client_date and row.client_date > row.internal_date:
        if "client_date" in given:
            message = _("The client has to answer by the internal date, %(day)s, at the latest.", day=row.internal_date)
            raise Invalid([FieldError("client_date", "too_late", message)])
        row.client_date = row.internal_date
