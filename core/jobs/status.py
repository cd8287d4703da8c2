"""How queue and scheduler fare, for `/healthz`, the banner and `doctor`."""

from __future__ import annotations

import time
from datetime import UTC
from typing import Any

import redis
from rq import Worker
from sqlalchemy import func, select

from core.clock import now
from core.db import reading
from core.events import delivery
from core.i18n import _
from core.jobs.connection import connection, current_settings, redis_url
from core.jobs.model import Heartbeat, JobRun
from core.jobs.worker import WORKER_TTL

SCHEDULER_SILENCE = 60  # seconds without a sign of life after which it counts as down
WARN_EVERY = 10.0  # seconds


def queue_state() -> dict[str, Any]:
    """{ok, mode, workers, pending, oldest_seconds, dead}: mode is redis, inline or away.

    `ok` is about taking work: without a queue work is taken and kept, so only work that waits too long makes it false.
    """
    pending, oldest, dead = delivery.pending()
    mode, workers = _transport()
    return {
        "ok": mode != "away" and oldest < 300,
        "mode": mode,
        "workers": workers,
        "pending": pending,
        "oldest_seconds": round(oldest, 1),
        "dead": dead,
        "failed_jobs": _failed_jobs(),
    }


def _transport() -> tuple[str, int]:
    url = redis_url(current_settings())
    if url is None or _scheduler_is_inline():
        return "inline", 0
    client = connection()
    if client is None:
        return "away", 0
    try:
        client.ping()
        return "redis", sum(_lives(worker) for worker in Worker.all(connection=client))
    except (redis.RedisError, OSError):
        return "away", 0


def _lives(worker: Worker) -> bool:
    """A killed worker stays on RQ's list for a while."""
    seen = worker.last_heartbeat
    if seen is None:
        return False
    return (now() - seen.replace(tzinfo=seen.tzinfo or UTC)).total_seconds() < WORKER_TTL + 20


_warned: tuple[float, list[str]] = (0.0, [])


def warnings() -> list[str]:
    """What administrators should see on every page, asked anew every few seconds."""
    global _warned
    if _warned[0] < time.monotonic():
        _warned = (time.monotonic() + WARN_EVERY, _find_warnings())
    return [str(text) for text in _warned[1]]


def _find_warnings() -> list[Any]:
    found: list[Any] = []
    if is_inline():
        found.append(_("There is no queue: background work runs one by one and slowly. See zhian doctor."))
    if not scheduler_state()["ok"]:
        found.append(_("The scheduler is silent: no reminders go out. Start it: zhian scheduler."))
    if dead := delivery.pending()[2]:
        found.append(_("%(n)s events could not be delivered.", n=dead))
    return found


def is_inline() -> bool:
    """Whether there is no Redis at all, so that the red banner must show."""
    return _transport()[0] == "inline"


def scheduler_state() -> dict[str, Any]:
    """{ok, last_seen, silent_seconds} of the scheduler."""
    beat = _beat()
    if beat is None:
        return {"ok": False, "last_seen": None, "silent_seconds": None}
    silent = (now() - beat.at).total_seconds()
    return {"ok": silent < SCHEDULER_SILENCE, "last_seen": beat.at.isoformat(), "silent_seconds": round(silent, 1)}


def _beat() -> Any:
    table = Heartbeat.__table__
    with reading() as connection_:
        return connection_.execute(select(table).where(table.c.name == "scheduler")).first()


def _scheduler_is_inline() -> bool:
    beat = _beat()
    recent = beat is not None and (now() - beat.at).total_seconds() < SCHEDULER_SILENCE
    return recent and bool((beat.detail or {}).get("inline"))


def _failed_jobs() -> int:
    table = JobRun.__table__
    with reading() as connection_:
        return connection_.scalar(select(func.count()).where(table.c.state == "failed")) or 0
