"""Runs of jobs: enqueue in the caller's transaction, claim, run, retry, recover, and what pages show of them."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import acting_as, db, reading, system, transaction
from core.errors import NotFound, ZhianError
from core.hooks.limits import memory, seconds
from core.i18n import use_locale
from core.jobs import progress
from core.jobs.claims import LEASE, holder, lost, renewing
from core.jobs.kick import Kick, kick_after_commit, send
from core.jobs.model import JobRun
from core.permissions.people import load_principal
from core.permissions.principal import current_principal
from core.records.audit import Origin, origin
from core.registry import Job, registry

log = logging.getLogger("zhian.jobs")

PAUSES = (30, 300)
"""Seconds before a second and a third try of a run that broke."""

_table = JobRun.__table__


def enqueue(job_name: str, *, key: str | None = None, as_me: bool = False, **arguments: Any) -> int:
    """Have a job run after this transaction commits; returns the run's id.

    `as_me` runs it with the rights of the current person instead of the system's. While a run with the same `key` still
    waits, that one is returned and no second is made. Raises `KeyError` for an unknown job.
    """
    registry().jobs[job_name]
    session = db.session()
    run_id = insert_run(session.connection(), job_name, arguments, key, current_principal().user_id if as_me else None)
    kick_after_commit(session, message(job_name, run_id))
    return run_id


def insert_run(connection: Any, name: str, arguments: dict, key: str | None, user_id: int | None) -> int:
    """Write a queued run with this connection; the waiting one of the same `key` when there is one. Its id."""
    row = {"name": name, "args": arguments, "key": key, "user_id": user_id, "created_at": now(), "run_at": now()}
    row |= {"state": "queued", "attempts": 0, "rows_done": 0}
    if key is None:
        return connection.execute(insert(_table).values(row)).inserted_primary_key[0]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_table).values(row).on_conflict_do_nothing().returning(_table.c.id)
    made = connection.execute(statement).scalar()
    waiting = select(_table.c.id).where(_table.c.key == key, _table.c.state == "queued")
    return made if made is not None else connection.execute(waiting).scalar_one()


def message(job_name: str, run_id: int) -> Kick:
    """What tells a worker to run it."""
    job = registry().jobs.get(job_name)
    return Kick("bulk" if job and job.bulk else "default", run_id, job.timeout if job else 60)


def run_job(run_id: int) -> None:
    """Claim and run; does nothing when another process has it, or it is cancelled or done."""
    claim = update(_table).where(_table.c.id == run_id, _table.c.state == "queued", _table.c.run_at <= now())
    claim = claim.values(
        state="running", attempts=_table.c.attempts + 1, holder=holder(), lease_until=now() + LEASE, started_at=now()
    )
    with db.engine.begin() as connection:
        row = connection.execute(claim.returning(_table)).first()
    if row is not None:
        with progress.telling(run_id) as told, renewing(_table, run_id):
            _finish(row, told, *_outcome(row))


def _outcome(row: Any) -> tuple[str, Any, str | None]:
    """State, result and error of one try."""
    try:
        return "done", _call(row), None
    except progress.Cancelled as refusal:
        return "cancelled", None, str(refusal)
    except ZhianError as refusal:
        return "failed", None, str(refusal)
    except Exception as fault:
        log.exception("job %s (%s) failed", row.name, row.id)
        tries_left = row.attempts <= len(PAUSES) and row.user_id is None
        return "queued" if tries_left else "failed", None, "".join(traceback.format_exception_only(fault)).strip()


def _call(row: Any) -> Any:
    job = registry().jobs.get(row.name)
    if job is None:
        raise NotFound(f"{row.name}: no such job; its plugin is disabled or has renamed it")
    token = origin.set(Origin(via="job", request_id=f"job-{row.id}"))
    try:
        limit = settings().process_memory_mb if job.memory_mb is None else job.memory_mb
        with seconds(job.timeout), memory(limit):
            return _work(row, job)
    finally:
        origin.reset(token)


def _work(row: Any, job: Job) -> Any:
    """As the system, or as the person who asked."""
    if row.user_id is None:
        with system(f"job {row.name}"):
            return job.fn(**row.args)
    principal = load_principal(row.user_id)
    if principal is None:
        raise NotFound(f"the person who asked for {row.name} is gone or may no longer sign in")
    with acting_as(principal), use_locale(principal.locale), transaction():
        return job.fn(**row.args)


def settings() -> Any:
    """The settings of this deployment."""
    return current_app.config["ZHIAN"]


def _finish(row: Any, told: progress.Progress, state: str, result: Any, error: str | None) -> None:
    values = {"state": state, "error": error[:4000] if error else None, "holder": None, "lease_until": None}
    values |= {"rows_done": told.done, "rows_total": told.total, "message": told.message[:500]}
    if state == "queued":
        values["run_at"] = now() + timedelta(seconds=PAUSES[row.attempts - 1])
    else:
        values |= {
            "finished_at": now(),
            "result": result if isinstance(result, (dict, type(None))) else {"value": result},
        }
    mine = update(_table).where(_table.c.id == row.id, _table.c.state == "running", _table.c.holder == holder())
    with db.engine.begin() as connection:
        connection.execute(mine.values(_without_rival(connection, row, values)))


def _without_rival(connection: Any, row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """A run goes back into the queue only when no newer one of its key waits there."""
    if values["state"] == "queued" and row.key is not None:
        rival = select(_table.c.id).where(_table.c.key == row.key, _table.c.state == "queued", _table.c.id != row.id)
        if connection.execute(rival).first():
            return values | {"state": "failed", "finished_at": now(), "run_at": row.run_at}
    return values


def recover() -> int:
    """Put back into the queue what processes that are gone were running; three tries in all."""
    with reading() as connection:
        rows = connection.execute(select(_table).where(_table.c.state == "running")).all()
    freed = 0
    for row in rows:
        if not lost(row.holder, row.lease_until):
            continue
        state = "queued" if row.attempts <= len(PAUSES) else "failed"
        values = {"state": state, "run_at": now(), "holder": None, "error": "its process ended in the middle"}
        if state == "failed":
            values["finished_at"] = now()
        mark = update(_table).where(_table.c.id == row.id, _table.c.state == "running", _table.c.holder == row.holder)
        with db.engine.begin() as connection:
            freed += connection.execute(mark.values(_without_rival(connection, row, values))).rowcount
    return freed


def due(limit: int = 100) -> list[tuple[int, str]]:
    """Ids and names of runs that may start now, bulk work last, else oldest first."""
    behind = _table.c.name.in_([job.name for job in registry().jobs.values() if job.bulk])
    query = select(_table.c.id, _table.c.name).where(_table.c.state == "queued", _table.c.run_at <= now())
    with reading() as connection:
        rows = connection.execute(query.order_by(behind, _table.c.run_at, _table.c.id).limit(limit))
        return [(r.id, r.name) for r in rows]


def kick_due() -> None:
    """Tell the workers again of runs that wait; a second message for one run does nothing."""
    if waiting := due():
        send([message(name, run_id) for run_id, name in waiting], again=True)


def run_view(run_id: int) -> dict[str, Any]:
    """A run as pages show it, progress included. Only its own person, or the system, sees it: else `NotFound`."""
    query = select(_table).where(_table.c.id == run_id)
    row = db.session().connection().execute(query).first()
    who = current_principal()
    if row is None or not (who.is_system or row.user_id == who.user_id or who.has_role("admin")):
        raise NotFound()
    view = {"done": row.rows_done, "total": row.rows_total, "message": row.message or ""}
    if row.state == "running":
        view |= progress.seen(run_id)
    names = ("id", "name", "state", "error", "result", "created_at", "started_at", "finished_at")
    return view | {name: getattr(row, name) for name in names}


def cancel(run_id: int) -> None:
    """Take a waiting run back, or ask a running one to stop at its next report."""
    view = run_view(run_id)
    waiting = update(_table).where(_table.c.id == run_id, _table.c.state == "queued")
    db.session().connection().execute(waiting.values(state="cancelled", finished_at=now()))
    if view["state"] == "running":
        progress.ask_to_cancel(run_id)
