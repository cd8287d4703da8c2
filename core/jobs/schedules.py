"""Schedules: when each job runs by itself. One UPDATE claims a run, so that two schedulers never double it."""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.clock import LOCAL, local, now
from core.db import db, reading
from core.jobs import runs
from core.jobs.kick import send
from core.jobs.model import ScheduleState
from core.registry import Schedule, registry

log = logging.getLogger("zhian.jobs")

LATE = timedelta(minutes=10)
"""A run without make-up is left out when the scheduler comes later than this."""

_table = ScheduleState.__table__


def spec(schedule: Schedule) -> str:
    """Its timing as text; when it changes, the next run is computed anew."""
    return f"every {schedule.every.total_seconds():.0f} s" if schedule.every else f"daily {schedule.daily}"


def following(schedule: Schedule, after: datetime) -> datetime:
    """The first planned instant later than `after`."""
    if schedule.every:
        return after + schedule.every
    hour, minute = map(int, (schedule.daily or "00:00").split(":"))
    day = local(after).date()
    candidate = datetime.combine(day, time(hour, minute), LOCAL)
    return candidate if candidate > after else datetime.combine(day + timedelta(days=1), time(hour, minute), LOCAL)


def fire_due(at: datetime | None = None) -> list[int]:
    """Enqueue what is due at `at`, once per schedule however many runs were missed; ids of the runs."""
    at = (at or now()).replace(microsecond=0)
    with reading() as connection:
        known = {row.name: row for row in connection.execute(select(_table))}
    _agree(known, at)
    fired = []
    for name, schedule in registry().schedules.items():
        row = known.get(name)
        if row and row.spec == spec(schedule) and (run_id := _fire(schedule, row, at)):
            fired.append(run_id)
    return fired


def _agree(known: dict[str, Any], at: datetime) -> None:
    """Bring the table in line with what the plugins declare."""
    declared = registry().schedules
    changed = [s for n, s in declared.items() if n not in known or known[n].spec != spec(s)]
    gone = [name for name in known if name not in declared]
    if not changed and not gone:
        return
    with db.engine.begin() as connection:
        for schedule in changed:
            first = at if schedule.every else following(schedule, at)
            values = {"spec": spec(schedule), "next_at": first}
            if schedule.name in known:
                connection.execute(update(_table).where(_table.c.name == schedule.name).values(values))
            else:
                _insert_new(connection, {"name": schedule.name, "made_up": 0} | values)
        if gone:
            connection.execute(delete(_table).where(_table.c.name.in_(gone)))


def _insert_new(connection: Any, row: dict[str, Any]) -> None:
    """Two schedulers may find the same new schedule; the second one changes nothing."""
    there = select(_table.c.name).where(_table.c.name == row["name"])
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_or_leave

        connection.execute(insert_or_leave(_table).values(row).on_conflict_do_nothing())
    elif not connection.execute(there).first():
        connection.execute(insert(_table).values(row))


def _fire(schedule: Schedule, row: Any, at: datetime) -> int | None:
    planned = following(schedule, at)
    if row.next_at > at:
        if row.next_at > planned:  # the clock was set back: wait no longer than one period
            _move(row, planned)
        return None
    missed = schedule.every is not None and at - row.next_at >= schedule.every
    late = at - row.next_at > LATE
    with db.engine.begin() as connection:
        claim = update(_table).where(_table.c.name == schedule.name, _table.c.next_at == row.next_at)
        claim = claim.values(next_at=planned, last_at=row.next_at, made_up=_table.c.made_up + int(missed or late))
        if connection.execute(claim).rowcount != 1 or (late and not schedule.make_up):
            return None
        run_id = runs.insert_run(connection, schedule.job, {}, f"schedule {schedule.name}", None)
        connection.execute(update(_table).where(_table.c.name == schedule.name).values(last_job_id=run_id))
    log.info("schedule %s fires for %s", schedule.name, row.next_at)
    send([runs.message(schedule.job, run_id)])
    return run_id


def _move(row: Any, planned: datetime) -> None:
    with db.engine.begin() as connection:
        same = update(_table).where(_table.c.name == row.name, _table.c.next_at == row.next_at)
        connection.execute(same.values(next_at=planned))
