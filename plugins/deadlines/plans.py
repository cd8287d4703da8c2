"""Reminder plans: which one fits a deadline, and on which days its steps fall. Pure; no database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from plugins.deadlines.engine.dates import add_months

_STEP = re.compile(r"(-?\d{1,4})([dm])")


class Step(NamedTuple):
    """One step of a plan for one deadline: its code and the day it is due to go out."""

    code: str
    day: date


def plan_for(deadline: Any, plans: Iterable[Any]) -> Any | None:
    """The first plan, by position, that fits the rule and the severity of a deadline."""
    for plan in plans:
        codes, severities = plan.rules or (), plan.severities or ()
        if codes and not any(fnmatchcase(deadline.rule_code, code) for code in codes):
            continue
        if not severities or deadline.severity in severities:
            return plan
    return None


def steps_of(deadline: Any, plan: Any) -> list[Step]:
    """The steps of a plan as days, earliest first; what cannot be read is left out."""
    anchor = getattr(deadline, plan.anchor)
    found = []
    for code in plan.steps or ():
        match = _STEP.fullmatch(code.strip())
        if match:
            number, unit = int(match[1]), match[2]
            day = anchor - timedelta(number) if unit == "d" else add_months(anchor, -number)
            found.append(Step(code.strip(), day))
    return sorted(found, key=lambda step: (step.day, step.code))


def check_steps(steps: list[str]) -> list[str]:
    """Steps as people write them, tidied; raises ValueError naming the first that cannot be read."""
    for step in steps or ():
        if not _STEP.fullmatch(step.strip().lower()):
            raise ValueError(step)
    return [step.strip().lower() for step in steps or ()]
