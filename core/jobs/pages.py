"""The page of background work for administrators: queue, scheduler, dead letters with retry, failed jobs, schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template
from sqlalchemy import select

from core.clock import local
from core.db import reading, transaction
from core.endpoints import Endpoints, signed_in
from core.errors import Forbidden, NotFound
from core.events import delivery
from core.i18n import _, gettext
from core.jobs import status
from core.jobs.model import JobRun, ScheduleState
from core.permissions.principal import current_principal
from core.views import Menu, Panel

RIGHT = ("core.user", "update")
"""Who runs the deployment."""
MENU = Menu("work_queue", _("Background work"), "activity", "settings.system", 80, url="/background", permission=RIGHT)
SHOWN = 50

endpoints = Endpoints("jobs", "/background")
_administrators = signed_in("only people who may change users see and repair background work; the page asks for that")


def _require() -> None:
    if not current_principal().can(*RIGHT):
        raise Forbidden(detail={"record": RIGHT[0], "action": RIGHT[1]})


@endpoints.route("", permission=_administrators)
def overview() -> Any:
    """How background work fares, and what needs a hand."""
    _require()
    return render_template(
        "jobs/work.html",
        title=gettext("Background work"),
        crumbs=[(gettext("Settings"), "/settings"), (gettext("Background work"), None)],
        queue=status.queue_state(),
        scheduler=status.scheduler_state(),
        dead=[_letter(row) for row in delivery.undelivered("dead", SHOWN)],
        failed=_failed(),
        schedules=_schedules(),
    )


def _letter(row: dict[str, Any]) -> dict[str, Any]:
    times = {"at": _instant(row["created_at"])}
    return {name: row[name] for name in ("id", "event", "subscriber", "attempts", "last_error")} | times


def _failed() -> list[list[Any]]:
    table = JobRun.__table__
    query = select(table.c.finished_at, table.c.name, table.c.attempts, table.c.error).where(table.c.state == "failed")
    with reading() as connection:
        rows = connection.execute(query.order_by(table.c.id.desc()).limit(SHOWN)).all()
    return [[_instant(row.finished_at), row.name, row.attempts, row.error or ""] for row in rows]


def _schedules() -> list[list[Any]]:
    table = ScheduleState.__table__
    with reading() as connection:
        rows = connection.execute(select(table).order_by(table.c.next_at)).all()
    return [[row.name, _timing(row.spec), _instant(row.last_at), _instant(row.next_at)] for row in rows]


def _timing(spec: str) -> str:
    kind, value, *_unit = spec.split()
    if kind == "daily":
        return gettext("daily at %(time)s", time=value)
    return gettext("every %(n)s minutes", n=f"{int(value) / 60:g}")


def _instant(at: datetime | None) -> str:
    return f"{local(at):%Y-%m-%d %H:%M:%S}" if at else ""


@endpoints.route("/retry/<int:delivery_id>", permission=_administrators, methods=("POST",))
def retry(delivery_id: int) -> Any:
    """Give one dead letter a new life."""
    _require()
    with transaction():
        if not delivery.retry(delivery_id):
            raise NotFound()
    return redirect("/background", 303)


def banner() -> list[Panel]:
    """What administrators must know on every page: no queue at all, a silent scheduler, dead letters."""
    if not current_principal().can(*RIGHT):
        return []
    said = status.warnings()
    return [Panel("jobs/banner.html", {"said": said}, order=10)] if said else []
