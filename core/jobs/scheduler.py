"""The scheduler process: fires schedules, finds work that lost its message or its worker, and shows that it lives."""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import FrameType
from typing import Any

from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.exc import OperationalError

from core.audit.chain import seal_due
from core.clock import now
from core.db import db
from core.events import delivery
from core.jobs import runs, schedules
from core.jobs.claims import holder
from core.jobs.kick import LOOK, send
from core.jobs.model import Heartbeat
from core.search import rebuilding as search

log = logging.getLogger("zhian.jobs")

TICK = 5.0  # seconds
INLINE_TICK = 1.0


def beat(name: str, detail: dict[str, Any] | None = None) -> None:
    """Note a sign of life."""
    table = Heartbeat.__table__
    values = {"holder": holder(), "at": now(), "detail": detail}
    with db.engine.begin() as connection:
        if not connection.execute(update(table).where(table.c.name == name).values(values)).rowcount:
            connection.execute(insert(table).values(values | {"name": name}))


def tick(inline: bool = False) -> None:
    """One round. With `inline`, when there is no Redis at all, the work is done here."""
    beat("scheduler", {"inline": inline})
    runs.recover()
    delivery.recover()
    schedules.fire_due()
    if inline:
        delivery.deliver_pending(30)
        for run_id, _name in runs.due(20):
            runs.run_job(run_id)
    else:
        runs.kick_due()
        if delivery.any_due():
            send([LOOK])
    seal_due()
    search.look()


def serve(app: Flask) -> None:
    """Tick until SIGTERM or SIGINT; a fault in one round is logged and the next one comes."""
    inline = os.environ.get("ZHIAN_INLINE_JOBS") == "1"
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    log.info("scheduler starts%s", " and runs the jobs itself" if inline else "")
    while not stop.is_set():
        try:
            with app.app_context():
                tick(inline)
        except OperationalError as busy:
            log.warning("the database is busy or away, the next round comes: %s", str(busy).splitlines()[0])
        except Exception:
            log.exception("a round of the scheduler failed")
        stop.wait(INLINE_TICK if inline else TICK)
