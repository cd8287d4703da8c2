"""`/styleguide`: every part of the interface with its calling name, drawn by the same macros that pages use."""

from __future__ import annotations

from calendar import Calendar
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template

from core.clock import today
from core.i18n import gettext


def styleguide() -> Any:
    """The page; its examples stand in its template."""
    day = today()
    road = [
        {"label": gettext("Filed"), "note": "03-27", "state": "ok"},
        {"label": gettext("Accepted"), "note": "04-21", "state": "ok"},
        {"label": gettext("Examined"), "note": "04-28", "state": "ok"},
        {"label": gettext("Refused"), "note": "11-13", "state": "bad", "low": True},
        {"label": gettext("Review"), "note": "12-14", "state": "now", "low": True},
        {"label": gettext("Published"), "note": "2027-09", "state": "next"},
        {"label": gettext("Registered"), "note": "2027-12", "state": "next"},
    ]
    days = {name: day + timedelta(days=n) for name, n in (("over", -3), ("now", 0), ("soon", 4), ("far", 30))}
    return render_template(
        "web/styleguide.html",
        title=gettext("Parts of the interface"),
        crumbs=[(gettext("Parts of the interface"), None)],
        road=road,
        days=days,
        month=_month(day),
    )


def _month(day: date) -> list[list[dict[str, Any] | None]]:
    """The weeks of this month with today and the last day marked."""
    marks = {day.day: "now", (day + timedelta(days=4)).day: "last"}
    weeks = Calendar().monthdayscalendar(day.year, day.month)
    return [[{"day": n, "classes": marks.get(n, ""), "strong": n in marks} if n else None for n in w] for w in weeks]


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/styleguide", "styleguide", styleguide)
