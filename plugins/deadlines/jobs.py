"""Background work: deriving anew, deciding reminders; and when each runs by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from core import Job, Schedule, record_class, report_progress, system
from plugins.deadlines import docket, reminders, simulating
from plugins.deadlines.reading import ENDED

CHUNK = 500


def recompute(case_ids: list[int] | None = None, computation: int | None = None) -> dict[str, int]:
    """Derive the deadlines of all live cases anew (or of some), each chunk in a transaction of its own.

    Run daily: time alone opens grace periods; and after a rule or a calendar was published, when the row `computation`
    tells how far it is.
    """
    counts = {"cases": 0, "changed": 0}
    last, total = 0, _count(case_ids)
    simulating.note(computation, total=total, status="running")
    while ids := _chunk(last, case_ids):
        last = ids[-1]
        with system("compute deadlines anew") as session:
            model = record_class("cases.case")
            cases = list(session.scalars(select(model).where(model.id.in_(ids))))
            counts["changed"] += docket.follow(cases)
        counts["cases"] += len(ids)
        report_progress(counts["cases"], total)
        simulating.note(computation, done=counts["cases"])
    simulating.note(computation, status="done", result={"counts": counts})
    return counts


def _count(only: list[int] | None) -> int:
    with system("count the cases") as session:
        return session.scalar(select(func.count()).select_from(_live(only).subquery())) or 0


def _chunk(after: int, only: list[int] | None) -> list[int]:
    model = record_class("cases.case")
    with system("look for cases") as session:
        return list(session.scalars(_live(only).where(model.id > after).order_by(model.id).limit(CHUNK)))


def _live(only: list[int] | None) -> Any:
    model = record_class("cases.case")
    query = select(model.id).where(model.archived_at.is_(None))
    if only is not None:
        return query.where(model.id.in_(only))
    return query.where(model.status_group.is_(None) | model.status_group.not_in(ENDED))


def remind() -> dict[str, int]:
    """Decide today's reminders, and hand their mails to the sender."""
    return reminders.remind()


def remind_case(case_id: int) -> dict[str, int]:
    """The same for a case that got a deadline a moment ago: nobody waits half an hour for a short one."""
    return reminders.remind(case_id=case_id)


def jobs() -> list[Job]:
    """The jobs by name."""
    return [
        Job("deadlines.recompute", recompute, timeout=3600, bulk=True),
        Job(simulating.SIMULATE, simulating.simulate, timeout=3600, bulk=True),
        Job("deadlines.remind", remind, timeout=1800),
        Job(docket.REMIND, remind_case),
    ]


def schedules() -> list[Schedule]:
    """Reminders are looked for every half hour, so that an outage delays but never loses one."""
    return [
        Schedule("deadlines.recompute", "deadlines.recompute", daily="00:10"),
        Schedule("deadlines.remind", "deadlines.remind", every=timedelta(minutes=30)),
    ]
