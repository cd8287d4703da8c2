"""Which changes of cases and events ask for deriving deadlines anew; the deriving itself is in `docket`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from core import Change, db, elevated, record_class
from plugins.deadlines import docket
from plugins.deadlines.reading import RELEVANT

CASE, EVENT = "cases.case", "cases.event"


def created(key: str, records: list[Any]) -> None:
    """New cases have no events yet; new events concern their cases."""
    if key == CASE:
        docket.follow(records, fresh=True)
    elif key == EVENT:
        follow_ids({event.case_id for event in records})


def updated(key: str, changes: list[Change]) -> None:
    """Only changes of fields that deadlines are made of."""
    if key == CASE:
        concerned = [change.record for change in changes if not RELEVANT.isdisjoint(change.new)]
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
