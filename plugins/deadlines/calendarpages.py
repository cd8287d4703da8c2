"""The statutory calendar in the browser: its years, the table of a new one, what it would move, publishing it."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request
from sqlalchemy import select

from core import Endpoints, Invalid, NotFound, current_principal, db, gettext, run_action, say
from plugins.deadlines import calendaring, simulating
from plugins.deadlines.records import CalendarDay
from plugins.deadlines.rulepages import shown

RECORD = "deadlines.calendar_day"
READ, WRITE, PUBLISH = (RECORD, "read"), (RECORD, "create"), (RECORD, "publish_year")
FIRST, LAST = 2000, 2100
calendar = Endpoints("deadlines_calendar", "/deadlines/calendar")


@calendar.route("", permission=READ)
def overview() -> Any:
    """`/deadlines/calendar`: the years, and which of them are official."""
    title = gettext("Holiday calendars")
    crumbs = [*_crumbs(), (title, None)]
    return render_template("deadlines/calendars.html", title=title, crumbs=crumbs, years=calendaring.years())


def _crumbs() -> list[tuple[str, str | None]]:
    return [(gettext("Settings"), "/settings")]


@calendar.route("/<int:year>", permission=READ)
def one(year: int) -> Any:
    """`/deadlines/calendar/2027`: the months, and the table of what is entered and waits."""
    return _page(_known(year))


@calendar.route("/<int:year>", permission=WRITE, methods=("POST",))
def enter(year: int) -> Any:
    """Take in the table of a year; what was entered before and is not in force gives way."""
    _known(year)
    sent = request.files.get("file")
    text = (
        sent.read().decode("utf-8", "replace") if sent is not None and sent.filename else request.form.get("table", "")
    )
    try:
        count = calendaring.enter(year, calendaring.parse(text, year))
    except Invalid as error:
        return _page(year, text, [str(e.message) for e in error.errors]), 422
    simulating.start(simulating.year_subject(year))
    say(gettext("%(n)s days are entered. They count nothing until somebody else publishes the year.", n=count))
    return redirect(f"/deadlines/calendar/{year}", 303)


@calendar.route("/<int:year>/try", permission=WRITE, methods=("POST",))
def try_year(year: int) -> Any:
    """Find out which deadlines the entered days would move."""
    simulating.start(simulating.year_subject(_known(year)))
    return redirect(f"/deadlines/calendar/{year}", 303)


@calendar.route("/<int:year>/publish", permission=PUBLISH, methods=("POST",))
def publish(year: int) -> Any:
    """Put the entered days in force: the second person's step."""
    run_action(None, RECORD, "publish_year", {"year": _known(year)})
    say(gettext("The calendar of %(year)s is official now. Open deadlines are computed anew.", year=year))
    return redirect(f"/deadlines/calendar/{year}", 303)


def _known(year: int) -> int:
    if not FIRST <= year <= LAST:
        raise NotFound()
    return year


def _page(year: int, table: str | None = None, errors: Any = ()) -> str:
    days = list(db.session.scalars(select(CalendarDay).where(CalendarDay.year == year).order_by(CalendarDay.day)))
    waiting = [day for day in days if not day.published]
    line = next((y for y in calendaring.years() if y["year"] == year), None)
    found = simulating.latest(simulating.year_subject(year)) or None
    if not waiting:
        found = simulating.latest(f"recompute:year:{year}")
    title = gettext("Calendar of %(year)s", year=year)
    authors = {day.created_by_id for day in waiting}
    return render_template(
        "deadlines/calendar_year.html",
        title=title,
        crumbs=[
            (gettext("Settings"), "/settings"),
            (gettext("Holiday calendars"), "/deadlines/calendar"),
            (title, None),
        ],
        year=year,
        official=bool(line and line["official"]),
        months=calendaring.months_of(year, days),
        waiting=waiting,
        table=table if table is not None else "\n".join(f"{d.day},{d.kind},{d.name or ''}" for d in waiting),
        errors=errors,
        may_write=current_principal().can(*WRITE),
        may_publish=current_principal().can(*PUBLISH),
        own=current_principal().user_id in authors,
        stale=bool(found and waiting and found.of_version != simulating.version_of(simulating.year_subject(year))),
        computation=shown(found) if found else None,
    )
