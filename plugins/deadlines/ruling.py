"""Changes of deadline rules: written as drafts in versions, tried on the stock, published by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from core import FieldError, Invalid, Refused, _, create, current_principal, db, elevated, now, today, update
from plugins.cases import event_types
from plugins.deadlines import overlay, simulating
from plugins.deadlines.engine import own, pack_data
from plugins.deadlines.plans import check_steps
from plugins.deadlines.records import ReminderPlan, RuleChange

READONLY = ("code", "number", "name", "status", "effect_from", "reason", "changes")
WRITTEN = ("draft",)
WHY = {
    "combined": _("This rule counts several periods; its length cannot be another one."),
    "period": _("Give a length: a whole number of days, working days, months or years."),
    "choice": _("Choose one of the given values."),
    "margin": _("Between 0 and 365 days."),
    "unknown": _("There is no such rule."),
    "code": _("A code such as OWN.TM.REPORT: OWN, dots, capitals and digits."),
    "words": _("Name the deadline in both languages."),
    "reason": _("Say why; the reason stands in the explanation of every date."),
    "past": _("A change takes effect today or later."),
    "steps": _("Steps such as 15d, 7d, 12m."),
}


def check(code: str, changes: Mapping[str, Any], effect_from: date, reason: str) -> None:
    """Raises `Invalid` naming what is wrong with a draft."""
    change = {"code": code, "number": 0, "since": effect_from.isoformat(), "reason": reason, "changes": changes}
    found = own.problems(pack_data(), change, event_types())
    if not reason.strip():
        found.append(("reason", "reason"))
    if effect_from < today():
        found.append(("effect_from", "past"))
    try:
        check_steps(list((changes.get("reminders") or {}).get("steps", ())))
    except ValueError:
        found.append(("steps", "steps"))
    if found:
        raise Invalid([FieldError(name, why, WHY[why]) for name, why in found])


def name_of(code: str, changes: Mapping[str, Any]) -> str:
    """What the changed rule is called."""
    shipped = next((row for row in pack_data()["rules"] if row["code"] == code), None)
    return shipped["deadline"]["zh"] if shipped else (changes.get("new") or {}).get("zh") or code


def draft_of(code: str) -> RuleChange | None:
    """The draft on a rule; there is at most one."""
    query = select(RuleChange).where(RuleChange.code == code, RuleChange.status == "draft")
    return db.session.scalars(query).first()


def versions_of(code: str) -> list[RuleChange]:
    """All versions of a rule's changes, the newest first."""
    return list(
        db.session.scalars(select(RuleChange).where(RuleChange.code == code).order_by(RuleChange.number.desc()))
    )


def write(code: str, changes: Mapping[str, Any], effect_from: date, reason: str) -> RuleChange:
    """Keep the draft on a rule, the next version of its changes. Raises `Invalid`."""
    check(code, changes, effect_from, reason)
    given = {"changes": dict(changes), "effect_from": effect_from, "reason": reason, "name": name_of(code, changes)}
    found = draft_of(code)
    if found is not None:
        return update(found, given, allow=READONLY)
    last = db.session.scalar(select(func.max(RuleChange.number)).where(RuleChange.code == code)) or 0
    return create(RuleChange, given | {"code": code, "number": last + 1, "status": "draft"}, allow=READONLY)


def withdraw(change: RuleChange) -> None:
    """Give a draft up; it stays to read."""
    if change.status != "draft":
        raise Refused(_("Only a draft is withdrawn. Publish another version instead."), code="published")
    update(change, {"status": "retired"}, allow=READONLY)


def can_publish(change: RuleChange) -> Any:
    """True, or the reason why this version cannot be published."""
    if change.status != "draft":
        return _("This version is no draft any more.")
    if current_principal().user_id in (change.created_by_id, change.updated_by_id):
        return _("You wrote it yourself; somebody else has to publish it.")
    return True


def publish(change: RuleChange) -> int:
    """Put a tried draft in force from its day on, and compute the stock anew; the id of that computation."""
    me = current_principal().user_id
    if me is not None and me in (change.created_by_id, change.updated_by_id):
        raise Refused(_("You wrote it yourself; somebody else has to publish it."), code="separation_of_duties")
    simulating.require_trial(simulating.rule_subject(change))
    change.effect_from = max(change.effect_from, today())
    change.status, change.published_by_id, change.published_at = "published", me, now()
    db.session.flush()
    _plan(change)
    return simulating.start(f"recompute:rule:{change.id}", simulating.RECOMPUTE)


def _plan(change: RuleChange) -> None:
    """The reminders of a rule become a plan of its own, which goes before the shipped ones."""
    told = (change.changes or {}).get("reminders")
    if not told:
        return
    with elevated("the reminders of a published rule"):
        found = next((p for p in db.session.scalars(select(ReminderPlan)) if p.rules == [change.code]), None)
        values = {"steps": check_steps(list(told.get("steps") or ())), "strong": bool(told.get("strong"))}
        if found is None:
            create(ReminderPlan, values | {"name": change.name[:120], "position": 1, "rules": [change.code]})
        else:
            update(found, values)


def in_force() -> dict[str, RuleChange]:
    """The version of each changed rule that is in effect today."""
    query = select(RuleChange).where(RuleChange.status == "published", RuleChange.effect_from <= today())
    return {row.code: row for row in db.session.scalars(query.order_by(RuleChange.number))}


def rule_row(code: str) -> Mapping[str, Any] | None:
    """The data of a rule as it is in force, without the draft; None for an unknown code."""
    data = overlay.data_in_force(overlay.changes_in_effect(today()))
    return next((row for row in data["rules"] if row["code"] == code), None)
