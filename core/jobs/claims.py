"""Who holds a piece of work, and how others see that the holder is gone."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import update

from core.clock import now
from core.db import db
from core.supervise.traces import started

LEASE = timedelta(seconds=90)
"""How long a claim holds when its holder cannot be asked, being on another machine. Renewed three times as often."""


def holder() -> str:
    """This process: machine, process id, and start time, which tells it from a later one of the same id."""
    return _holder(os.getpid())


@lru_cache(maxsize=4)
def _holder(pid: int) -> str:
    return f"{socket.gethostname()}|{pid}|{started(pid) or 0}"


def lost(who: str | None, lease_until: datetime | None) -> bool:
    """Whether the holder is gone: seen in the process table on this machine, by its lease elsewhere."""
    host, pid, since = (who or "||").split("|")
    if host == socket.gethostname() and since not in ("", "0"):
        return started(int(pid)) != int(since)
    return lease_until is None or lease_until < now()


@contextlib.contextmanager
def renewing(table: Any, row_id: int) -> Iterator[None]:
    """Renew the lease of a row while the block runs. SQLite has one machine, whose process table says it all."""
    if db.engine.dialect.name == "sqlite":
        yield
        return
    app = current_app._get_current_object()
    stop = threading.Event()

    def renew() -> None:
        with app.app_context():
            while not stop.wait(LEASE.total_seconds() / 3):
                mine = update(table).where(table.c.id == row_id, table.c.holder == holder())
                with contextlib.suppress(Exception), db.engine.begin() as connection:
                    connection.execute(mine.values(lease_until=now() + LEASE))

    thread = threading.Thread(target=renew, daemon=True, name=f"lease-{row_id}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
