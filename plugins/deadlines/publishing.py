"""Putting the agency's own rules and calendar days in force; who wrote them does not publish them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import FieldError, Invalid, Refused, _, current_principal, db, elevated, enqueue, now
from plugins.deadlines import simulating
from plugins.deadlines.overlay import AGENCY, try_definition
from plugins.deadlines.records import CalendarDay, RuleRecord


def publish_rule(rule: RuleRecord) -> None:
    """Publish an own rule whose worked examples come out; the author may not, and older versions of the code retire."""
    _require_other(rule.created_by_id, rule.updated_by_id)
    if problems := try_definition(rule.definition, rule.examples):
        raise Invalid([FieldError("examples", "failed", problem) for problem in problems])
    rule.code = rule.definition["rule"]["code"]
    rule.status, rule.published_by_id, rule.published_at = "published", current_principal().user_id, now()
    db.session.flush()
    enqueue("deadlines.recompute", key="deadlines.recompute")


def can_publish(rule: Any) -> Any:
    """True, or the reason why this rule cannot be published."""
    if rule.origin != "own":
        return _("Shipped rules are in force already.")
    return True if rule.status != "published" else _("This rule is published.")


def publish_year(year: int) -> int:
    """Put all entered days of a year in force: it counts as official from then on. Returns how many days."""
    with elevated("publish the statutory calendar of a year"):
        days = list(db.session.scalars(select(CalendarDay).where(CalendarDay.year == year, ~CalendarDay.published)))
        if not any(day.kind == "off" for day in days):
            raise Refused(_("No days off are entered for %(year)s.", year=year), code="no_days")
        for day in days:
            _require_other(day.created_by_id)
        for day in days:
            day.published, day.source = True, AGENCY
        db.session.flush()
    simulating.start(f"recompute:year:{year}", simulating.RECOMPUTE)
    return len(days)


def defaults(days: list[CalendarDay]) -> None:
    """Entered days are the agency's until an update ships them; shipped ones are seeded as published."""
    for day in days:
        day.source = day.source or AGENCY


def _require_other(*authors: int | None) -> None:
    me = current_principal().user_id
    if me is not None and me in authors:
        raise Refused(_("You wrote it yourself; somebody else has to publish it."), code="separation_of_duties")
