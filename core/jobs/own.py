"""The core's own jobs, schedules and page of background work, registered through the hooks that plugins use."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, select

from core.clock import now
from core.db import db
from core.endpoints import Endpoints
from core.events.model import Delivery, OutboxEvent
from core.hooks.specs import hookimpl
from core.jobs import pages
from core.jobs.model import JobRun
from core.registry import Job, Schedule
from core.views import Menu, Panel

KEEP = timedelta(days=30)
"""How long delivered events and finished runs stay; dead letters stay until somebody deals with them."""


LOOKED_AT = 1000
"""Rows of each index that SQLite reads for its figures; more of them change no plan."""


def tidy() -> dict[str, Any]:
    """Delete old delivered events and finished runs; how many of each."""
    before = now() - KEEP
    outbox, delivery, run = OutboxEvent.__table__, Delivery.__table__, JobRun.__table__
    open_ones = exists(select(delivery.c.id).where(delivery.c.outbox_id == outbox.c.id, delivery.c.state != "done"))
    with db.engine.begin() as connection:
        old = select(outbox.c.id).where(outbox.c.created_at < before, ~open_ones)
        connection.execute(delete(delivery).where(delivery.c.outbox_id.in_(old)))
        events = connection.execute(delete(outbox).where(outbox.c.created_at < before, ~open_ones)).rowcount
        ended = run.c.state.in_(("done", "cancelled"))
        runs = connection.execute(delete(run).where(run.c.finished_at < before, ended)).rowcount
    _refresh_statistics()
    return {"events": events, "runs": runs}


def _refresh_statistics() -> None:
    """SQLite's planner knows how full each table is only when asked to look; PostgreSQL looks by itself.

    `PRAGMA optimize` would look only at tables that its own connection had read, and this one is fresh.
    """
    if db.engine.dialect.name == "sqlite":
        with contextlib.closing(db.engine.raw_connection()) as connection:  # in no transaction
            connection.cursor().execute(f"PRAGMA analysis_limit = {LOOKED_AT}")
            connection.cursor().execute("ANALYZE")


@hookimpl
def register_jobs() -> list[Job]:
    """Tidying."""
    return [Job("core.tidy", tidy)]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The page of background work."""
    return [pages.endpoints]


@hookimpl
def register_menus() -> list[Menu]:
    """Its entry in the settings."""
    return [pages.MENU]


@hookimpl
def slot_banner() -> list[Panel]:
    """Warnings for administrators."""
    return pages.banner()


@hookimpl
def register_schedules() -> list[Schedule]:
    """Tidying, at night."""
    return [Schedule("core.tidy", "core.tidy", daily="03:30")]
