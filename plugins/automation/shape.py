"""What is wrong with a rule as it is written: its trigger, its condition, its steps. Only reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core import BadRequest, FieldError, Principal, _, registry
from plugins.automation import choices, conditions
from plugins.automation.steps import base

MOST_STEPS = 10
MOST_DAYS = 3660
CLOCK = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
WITHOUT_RECORD = ("schedule", "webhook")
"""Triggers of rules that need not be about records."""


def problems(rule: Any, person: Principal | None) -> list[FieldError]:
    """Everything that is wrong; fields are `record_key`, `when.…`, `condition`, `steps`, `steps.0.title`."""
    known = {c.code for c in choices.record_types()}
    if rule.record_key not in known and not (rule.record_key is None and rule.trigger in WITHOUT_RECORD):
        return [FieldError("record_key", "required", _("Choose what records the rule is about."))]
    found = list(_of_trigger(rule.trigger, rule.record_key, rule.when or {}))
    found += _of_condition(rule, person)
    return found + list(_of_steps(rule))


def _of_trigger(trigger: str, key: str | None, when: dict[str, Any]) -> Iterator[FieldError]:
    fields = registry().types[key].fields if key else {}
    checks: dict[str, Any] = {"changed": _of_changes, "entered": _of_entering, "date": _of_date}
    if trigger in checks:
        yield from checks[trigger](fields, when)
    elif trigger == "schedule":
        yield from _of_schedule(when)
    elif trigger == "webhook" and key and when.get("match"):
        yield from _of_match(fields, when["match"])


def _of_match(fields: dict[str, Any], match: dict[str, Any]) -> Iterator[FieldError]:
    if fields.get(str(match.get("field"))) is None or not match.get("path"):
        yield FieldError("when.match", "choice", _("Say which field of the record the message names, and where."))


def _of_changes(fields: dict[str, Any], when: dict[str, Any]) -> Iterator[FieldError]:
    lost = [n for n in when.get("fields") or () if n not in fields]
    if lost:
        yield FieldError("when.fields", "choice", _("There is no field “%(name)s” here.", name=lost[0]))


def _of_entering(fields: dict[str, Any], when: dict[str, Any]) -> Iterator[FieldError]:
    spec = fields.get(when.get("field") or "")
    if spec is None or spec.kind != "choice" or spec.custom:
        yield FieldError("when.field", "choice", _("Choose a field that has choices, such as the status."))
    elif not when.get("values") or any(spec.choice(v) is None for v in when["values"]):
        yield FieldError("when.values", "choice", _("Choose at least one value."))


def _of_date(fields: dict[str, Any], when: dict[str, Any]) -> Iterator[FieldError]:
    spec = fields.get(when.get("field") or "")
    if spec is None or spec.kind not in ("date", "datetime") or spec.custom:
        yield FieldError("when.field", "choice", _("Choose a date of the record."))
    if not isinstance(when.get("days"), int) or abs(when["days"]) > MOST_DAYS:
        yield FieldError("when.days", "days", _("Give a number of days."))


def _of_schedule(when: dict[str, Any]) -> Iterator[FieldError]:
    if when.get("every") not in {c.code for c in choices.RHYTHMS}:
        yield FieldError("when.every", "choice", _("Choose how often."))
    if not CLOCK.match(str(when.get("at") or "08:00")):
        yield FieldError("when.at", "time", _("Write the time as 08:00."))
    if not str(when.get("day") or 1).isdigit() or not 1 <= int(when.get("day") or 1) <= 31:
        yield FieldError("when.day", "day", _("Days of a month are 1 to 31."))


def _of_condition(rule: Any, person: Principal | None) -> list[FieldError]:
    if not rule.condition:
        return []
    if rule.record_key is None or person is None:
        return [FieldError("condition", "record", _("Conditions need a type of records."))]
    try:
        conditions.check(rule.record_key, rule.condition, person)
    except BadRequest as error:
        return [FieldError("condition", "condition", error.message)]
    return []


def _of_steps(rule: Any) -> Iterator[FieldError]:
    steps = rule.steps or []
    if not isinstance(steps, list) or not steps or len(steps) > MOST_STEPS:
        yield FieldError("steps", "count", _("Give one step, and at most %(n)s.", n=MOST_STEPS))
        return
    for at, step in enumerate(steps):
        kind = base.kind_of(str(step.get("do"))) if isinstance(step, dict) else None
        if kind is None or not kind.available(rule.record_key):
            yield FieldError(f"steps.{at}.do", "choice", _("This step is not there: its plugin is not enabled."))
            continue
        for problem in kind.problems(rule.record_key, step):
            yield FieldError(f"steps.{at}.{problem.field}", problem.code, problem.message)


def outward(rule: Any) -> bool:
    """Whether a step writes to people outside of the agency."""
    found = ((base.kind_of(str(step.get("do"))), step) for step in rule.steps or ())
    return any(kind is not None and kind.outward(step) for kind, step in found)
