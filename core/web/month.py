"""A month of a list by one of its date fields: a plain table that also works on paper and without scripts."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

from flask import render_template

from core.clock import today
from core.errors import NotFound
from core.i18n import current_locale
from core.records.query import Filter, list_records
from core.views import CalendarView
from core.web import format as fmt
from core.web.lifecycle import wants_fragment
from core.web.listing import days_offered, frame
from core.web.liststate import ListState, readable
from core.web.shell import registry

MOST = 600
PER_DAY = 4


def view_of(state: ListState) -> CalendarView:
    """The calendar of a list: the declared one, or one by the date asked for; `NotFound` without any date."""
    kind, offered = state.kind, days_offered(state.kind)
    if not offered or (state.by and state.by not in offered):
        raise NotFound()
    declared, name = registry().view("calendar", kind.key), state.by or offered[0]
    if declared is not None and declared.date == name:
        return declared
    return CalendarView(kind.key, date=name, title=(declared.title if declared else kind.title) or "id")


def month(state: ListState) -> Any:
    """The calendar of a list state."""
    kind, view = state.kind, view_of(state)
    first = _first_of(state.month)
    weeks = calendar.Calendar(0).monthdatescalendar(first.year, first.month)
    span = (
        Filter(view.date, "gte", weeks[0][0].isoformat()),
        Filter(view.date, "lte", weeks[-1][-1].isoformat()),
    )
    title = view.title if view.title in kind.fields else kind.title
    names = tuple(dict.fromkeys(n for n in (title, kind.title, view.date, view.tone, *view.needs) if readable(kind, n)))
    found = list_records(
        kind.model, state.query(fields=names, filters=(*state.filters, *span), sort=(view.date,), page=1, limit=MOST)
    )
    by_day: dict[date, list[dict[str, Any]]] = {}
    for row in found.rows:
        day = row[view.date] if not hasattr(row[view.date], "hour") else fmt.local_day(row[view.date])
        label = (view.label(row) if view.label else row.get(title)) or row["id"]
        by_day.setdefault(day, []).append({"id": row["id"], "label": label, "level": fmt.urgency(day)})
    context = frame(state) | {
        "heading": heading(first),
        "weeks": [[_cell(day, first, by_day.get(day, []), state, view.date) for day in week] for week in weeks],
        "before": state.url(month=f"{first - timedelta(days=1):%Y-%m}"),
        "after": state.url(month=f"{first + timedelta(days=31):%Y-%m}"),
        "now": state.url(month=""),
        "total": sum(len(held) for day, held in by_day.items() if (day.month, day.year) == (first.month, first.year)),
    }
    return render_template("web/_calendar.html" if wants_fragment() else "web/calendar.html", **context)


def heading(first: date) -> str:
    """`2026 年 11 月` or `November 2026`."""
    return (
        f"{first.year} 年 {first.month} 月"
        if current_locale() == "zh"
        else f"{calendar.month_name[first.month]} {first.year}"
    )


def _first_of(raw: str) -> date:
    try:
        return date.fromisoformat(f"{raw}-01")
    except ValueError:
        return today().replace(day=1)


def _cell(day: date, first: date, items: list[dict[str, Any]], state: ListState, name: str) -> dict[str, Any]:
    now = today()
    classes = [
        ("out", day.month != first.month),
        ("rest", day.weekday() > 4),
        ("now", day == now),
        ("has", bool(items)),
    ]
    more = (
        state.url(shown_as="list", by="", month="", pairs=(*state.pairs, (f"{name}__eq", day.isoformat())))
        if len(items) > PER_DAY
        else None
    )
    return {
        "day": day,
        "classes": " ".join(c for c, holds in classes if holds),
        "entries": items[:PER_DAY],
        "rest": len(items) - PER_DAY,
        "more": more,
        "long": fmt.day_short(day),
    }
