"""What this plugin puts into the configuration file: changes of rules, years of the calendar, reminder plans."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from core import Configuration, FieldError, Invalid, _, create, db, elevated, today, update
from plugins.deadlines import calendaring, ruling
from plugins.deadlines.overlay import AGENCY
from plugins.deadlines.records import CalendarDay, ReminderPlan

PLAN = ("position", "rules", "severities", "anchor", "steps", "to_head", "strong")


def parts() -> list[Configuration]:
    """The parts of the file."""
    return [
        Configuration("deadline_calendars", _("Holiday calendars"), export_years, apply_years, order=60),
        Configuration("deadline_rules", _("Changes of deadline rules"), export_rules, apply_rules, order=70),
        Configuration("reminder_plans", _("Reminder plans"), export_plans, apply_plans, order=80),
    ]


def export_rules() -> Mapping[str, Any]:
    """The version of each rule that is in effect, and drafts where there is none."""
    with elevated("rules are the same for everybody"):
        rows = {code: row for code, row in ruling.in_force().items() if row.changes}
        return {code: {"changes": row.changes, "reason": row.reason} for code, row in rows.items()}


def apply_rules(given: Mapping[str, Any]) -> None:
    """Each becomes a draft here: a second person of this deployment tries and publishes it."""
    for code, told in given.items():
        if not isinstance(told, Mapping) or not isinstance(told.get("changes"), Mapping):
            raise Invalid([FieldError(code, "invalid", _("This is no change of a rule."))])
        ruling.write(code, told["changes"], today(), str(told.get("reason") or ""))


def export_years() -> Mapping[str, Any]:
    """The agency's own published days by year."""
    query = select(CalendarDay).where(CalendarDay.source == AGENCY, CalendarDay.published).order_by(CalendarDay.day)
    found: dict[str, list[list[str]]] = {}
    with elevated("days off are the same for everybody"):
        for row in db.session.scalars(query):
            found.setdefault(str(row.year), []).append([row.day.isoformat(), row.kind, row.name or ""])
    return found


def apply_years(given: Mapping[str, Any]) -> None:
    """Entered here as days that wait for a second person, like those that somebody types."""
    for year, rows in given.items():
        try:
            days = [(date.fromisoformat(day), kind, name) for day, kind, name in rows]
            number = int(year)
        except (TypeError, ValueError):
            raise Invalid([FieldError(year, "invalid", _("This is no year of the calendar."))]) from None
        calendaring.enter(number, days)


def export_plans() -> Mapping[str, Any]:
    """The reminder plans by name."""
    with elevated("reminder plans are the same for everybody"):
        rows = db.session.scalars(select(ReminderPlan).where(ReminderPlan.archived_at.is_(None)))
        return {row.name: {name: getattr(row, name) for name in PLAN} for row in rows}


def apply_plans(given: Mapping[str, Any]) -> None:
    """Plans of the same name are changed, others made."""
    known = {row.name: row for row in db.session.scalars(select(ReminderPlan))}
    for name, values in given.items():
        if not isinstance(values, Mapping):
            raise Invalid([FieldError(name, "invalid", _("This is no reminder plan."))])
        told = {key: values[key] for key in PLAN if key in values}
        if name in known:
            update(known[name], told)
        else:
            create(ReminderPlan, told | {"name": name})
