"""What RQ messages name: they carry an id at most, everything else stands in the database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis
from flask import Flask

from core.jobs.connection import connection
from core.jobs.kick import LOOK, LOOK_KEY, send
from core.records.custom.known import refresh

_app: Flask | None = None


def serve(app: Flask) -> None:
    """Make `app` the deployment whose work this process does."""
    global _app
    _app = app


def current() -> Flask | None:
    """The deployment whose work this process does."""
    return _app


@contextlib.contextmanager
def _context() -> Iterator[None]:
    if _app is None:
        raise RuntimeError("this process is no worker of a deployment: start it by `zhian worker`")
    with _app.app_context():
        refresh()
        yield


def look() -> None:
    """Deliver what is due."""
    from core.events import delivery

    with _context():
        if client := connection():
            with contextlib.suppress(redis.RedisError):
                client.delete(LOOK_KEY)
        delivery.deliver_pending()
        if delivery.any_due():
            send([LOOK])


def run(job_id: int) -> None:
    """Run one job, if nobody else has taken it."""
    from core.jobs.runs import run_job

    with _context():
        run_job(job_id)
