"""Which changes of cases and events ask for deriving deadlines anew; the deriving itself is in `docket`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core import Change, Refused, _, current_locale, db, elevated, record_class
from plugins.deadlines import docket
from plugins.deadlines.choices import LIVE
from plugins.deadlines.reading import relevant
from plugins.deadlines.records import Deadline

CASE, EVENT = "cases.case", "cases.event"


def refuse_to_close(changes: list[Change]) -> None:
    """A case is not closed while a deadline is open that ends the right; raises `Refused` that names it."""
    closing = [c.record for c in changes if c.new.get("closed_on") and not c.old.get("closed_on")]
    if not closing:
        return
    chosen = (Deadline.case_id.in_([case.id for case in closing]), Deadline.severity == "fatal")
    live = (Deadline.status.in_(LIVE), Deadline.kind == "deadline", Deadline.optional.is_(False))
    with elevated("look for open fatal deadlines before a case is closed"):
        query = select(Deadline.name, Deadline.name_en, Deadline.due).where(*chosen, *live)
        found = db.session.execute(query.order_by(Deadline.due).limit(1)).first()
    if found is not None:
        name = found.name if current_locale() == "zh" else found.name_en or found.name
        message = _("“%(name)s” of %(due)s is still open; close or waive it first.", name=name, due=found.due)
        raise Refused(message, code="open_deadline")


def created(key: str, records: list[Any]) -> None:
    """New cases have no events yet; new events concern their cases."""
    if key == CASE:
        docket.follow(records, fresh=True)
    elif key == EVENT:
        follow_ids({event.case_id for event in records})


def updated(key: str, changes: list[Change]) -> None:
    """Only changes of fields that deadlines are made of."""
    if key == CASE:
        concerned = [change.record for change in changes if relevant(change.new)]
        if concerned:
            docket.follow(concerned)
    elif key == EVENT:
        moved = {change.old["case"] for change in changes if change.old.get("case")}
        follow_ids({change.record.case_id for change in changes} | moved)


def deleted(key: str, records: list[Any]) -> None:
    """Events that are gone; a deleted case takes its deadlines along by the database."""
    if key == EVENT:
        follow_ids({event.case_id for event in records})


def follow_ids(case_ids: Iterable[int]) -> None:
    """Derive the deadlines of cases anew, given by id."""
    model = record_class(CASE)
    with elevated("deadlines follow the facts of their case"):
        cases = list(db.session.scalars(select(model).where(model.id.in_(sorted(case_ids)))))
        docket.follow(cases)
