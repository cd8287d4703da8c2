"""How far a running job is: told by the job, kept in Redis so that an open transaction hides nothing, read by pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import redis

from core.errors import Refused
from core.i18n import _
from core.jobs.connection import connection

KEEP = 86_400  # seconds
TELL_EVERY = 0.3  # seconds


class Cancelled(Refused):
    """Somebody pressed cancel; the job rolls back."""

    code = "cancelled"
    message = _("Cancelled.")


@dataclass
class Progress:
    """Of one run: rows done, rows in all, a line of text."""

    job_id: int
    done: int = 0
    total: int | None = None
    message: str = ""
    told_at: float = field(default=0.0, repr=False)

    @property
    def key(self) -> str:
        """Where Redis keeps it."""
        return f"zhian:job:{self.job_id}"


_current: ContextVar[Progress | None] = ContextVar("zhian_progress", default=None)


def report_progress(done: int, total: int | None = None, message: object = "") -> None:
    """Say how far the current job is; free to call for every row, nothing outside of a job. Raises `Cancelled`."""
    progress = _current.get()
    if progress is None:
        return
    progress.done, progress.total = done, total if total is not None else progress.total
    progress.message = str(message) or progress.message
    if time.monotonic() - progress.told_at > TELL_EVERY or done == progress.total:
        progress.told_at = time.monotonic()
        _tell(progress)


def _tell(progress: Progress) -> None:
    client = connection()
    if client is None:
        return
    values = {"done": progress.done, "total": progress.total or 0, "message": progress.message}
    with contextlib.suppress(redis.RedisError):
        pipe = client.pipeline(transaction=False)
        pipe.hset(progress.key, mapping=values)
        pipe.expire(progress.key, KEEP)
        pipe.hget(progress.key, "cancel")
        if pipe.execute()[-1]:
            raise Cancelled()


def seen(job_id: int) -> dict[str, object]:
    """What the job last told: {done, total, message}; empty when nothing is known."""
    client = connection()
    if client is None:
        return {}
    with contextlib.suppress(redis.RedisError):
        told = {k.decode(): v.decode() for k, v in client.hgetall(Progress(job_id).key).items()}
        if "done" in told:
            return {"done": int(told["done"]), "total": int(told["total"]) or None, "message": told["message"]}
    return {}


def ask_to_cancel(job_id: int) -> None:
    """The job stops at its next report."""
    if client := connection():
        with contextlib.suppress(redis.RedisError):
            client.hset(Progress(job_id).key, "cancel", 1)
            client.expire(Progress(job_id).key, KEEP)


@contextlib.contextmanager
def telling(job_id: int) -> Iterator[Progress]:
    """Make the run current for `report_progress`."""
    told = Progress(job_id)
    token = _current.set(told)
    try:
        yield told
    finally:
        _current.reset(token)
