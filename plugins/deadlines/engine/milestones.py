"""Days inside a deadline's course that people act on: late-fee months, windows, ends of earlier periods."""

from collections.abc import Callable, Mapping
from typing import Any

from .dates import ONE_DAY, add_months, number_input
from .evaluate import Evaluator, Outcome
from .fees import annuity, late_steps, plain
from .packs import Rule

Steps = list[dict[str, Any]]


def milestones(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome) -> Steps | None:
    """The internal steps of a rule that has them, as JSON-ready rows with ISO days; None for other rules."""
    make = _MAKERS.get(rule.how.get("steps", ""))
    return make(engine, inputs, found) if make else None


def _renewal(engine: Evaluator, _inputs: Mapping[str, Any], found: Outcome) -> Steps:
    grace = engine("CN.TM.RENEWAL_GRACE")({"validity_end": found.nominal})
    new_term = found.nominal + ONE_DAY
    rows = (
        ("window opens (safe reading)", add_months(new_term, -12)),
        ("last day without late fee", found.nominal),
        ("last day with late fee", grace.due),
        ("new term", new_term),
    )
    return [{"step": step, "date": day.isoformat()} for step, day in rows]


def _late_fee_months(engine: Evaluator, inputs: Mapping[str, Any], found: Outcome) -> Steps:
    kind, year = inputs.get("right_kind"), inputs.get("annuity_year")
    full = annuity(engine.pack, kind, year) if isinstance(kind, str) and isinstance(year, int) else None
    return [
        {
            "from": step.start.isoformat(),
            "to": step.end.isoformat(),
            "late_fee_pct": step.pct,
            "late_fee_cny": None if step.amount is None else plain(step.amount),
        }
        for step in late_steps(engine.pack, found.base, full)
    ]


def _extension(engine: Evaluator, inputs: Mapping[str, Any], found: Outcome) -> Steps:
    months = number_input(inputs, "extension_months", (1, 2))
    end = add_months(found.base, number_input(inputs, "original_period_months", (1, 12)))
    per_month = engine.pack.fees["PAT_EXTENSION"]["cny"]["first_per_month"]
    last = engine.calendars["patent"][end]
    return [
        {"step": "last day to ask and pay for the extension", "date": last.isoformat(), "fee_cny": per_month * months}
    ]


def _end(step: str) -> Callable[[Evaluator, Mapping[str, Any], Outcome], Steps]:
    return lambda _engine, _inputs, found: [{"step": step, "date": found.base.isoformat()}]


_MAKERS: dict[str, Callable[[Evaluator, Mapping[str, Any], Outcome], Steps]] = {
    "renewal": _renewal,
    "late_fee_months": _late_fee_months,
    "extension": _extension,
    "priority_end": _end("12 months end"),
    "reexam_end": _end("re-examination period ends"),
}
