"""Why a deadline falls on its day: structured steps with their source, made on demand and rendered by `words`."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from .calendars import OFFICIAL, Calendars, joined_calendars
from .dates import parse_day
from .evaluate import Evaluator, Limb, Outcome
from .packs import Pack, Rule
from .problems import InputError
from .words import render

ROLL_BASIS = {
    "patent": "专利法实施细则第5条",
    "tm": "商标法实施条例第12条",
    "court": "民事诉讼法第85条、行政诉讼法第101条",
    "wipo": "PCT Rule 80.5, Madrid Rule 4",
    "office_days": "民法典第203条",
}
OTHER_OFFICES = ("CN.CR.", "CN.CUSTOMS.", "CN.PAT.DRUG_")
"""Rules that move over the same days as trademark ones, but by the general rule, not by the trademark regulations."""


class Step(NamedTuple):
    """One step of a trace: a code of `words.WORDS`, its parameters, the day it ends on, its legal source."""

    code: str
    params: Mapping[str, Any]
    date: date | None
    source: str

    def text(self, lang: str = "en") -> str:
        """The step in words."""
        return render(self.code, self.params, lang)


def explain(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome) -> list[Step]:
    """The steps from the inputs to the due and the safe day of one deadline."""
    law = "; ".join(rule.legal_basis)
    own = rule.how.get("own")
    steps = [] if own is None else [Step("own", _told(own, "number", "since", "why"), None, "")]
    steps += _period_steps(engine, rule, inputs, found, law)
    steps.append(_roll_step(engine.calendars, rule, found))
    if own is not None and own.get("safe_margin"):
        steps.append(Step("own.safe", {"days": own["safe_margin"]}, found.safe, ""))
    elif found.safe != found.due:
        steps.append(_safe_step(engine, rule, inputs, found))
    coverage = engine.calendars.coverage(found.due.year)
    if coverage != OFFICIAL:
        steps.append(Step(coverage, {"year": found.due.year}, found.due, f"holidays {engine.calendars.version}"))
    elif engine.calendars.known(rule.roll, found.due.year) != OFFICIAL:
        steps.append(Step("wipo_unlisted", {"year": found.due.year}, found.due, ROLL_BASIS["wipo"]))
    if found.base < rule.effective_from:
        steps.append(Step("before_effect", {"since": rule.effective_from}, found.base, law))
    return steps


def _told(own: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: own["reason" if name == "why" else name] for name in names}


def _safe_step(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome) -> Step:
    """Which cautious reading of the law gives the safe date."""
    limbs = _limbs(engine, rule, inputs)
    reading = "safe.earlier"
    if rule.how.get("safe") in ("unmoved", "before_rest"):
        reading = f"safe.{rule.how['safe']}"
    elif len(limbs) == 1 and limbs[0].base.safe != limbs[0].base.day and limbs[0].safe == found.safe:
        reading = "safe.dispatch" if limbs[0].base.how == "deemed" else "safe.nominal_end"
    elif limbs and limbs[0].safe == found.safe and limbs[0].nominal == found.nominal:
        reading = "safe.lieu"
    return Step(reading, {}, found.safe, "")


def _period_steps(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome, law: str) -> list[Step]:
    if any(inputs.get(key) for key in rule.how.get("given", ())):
        return [Step("given.local" if rule.code.startswith("LOCAL.") else "given", {}, found.nominal, law)]
    limbs = _limbs(engine, rule, inputs)
    if len(limbs) < 2:
        base = _base_steps(engine.pack, rule, inputs, found, limbs[0] if limbs else None)
        return [*base, Step("period", {"period": _length(rule, inputs)}, found.nominal, law)]
    specs = rule.combine["items"] if rule.combine else rule.how["limbs"]
    steps = [
        Step("limb", {"base": spec.get("base", rule.base), "period": _limb_length(spec)}, limb.nominal, law)
        for limb, spec in zip(limbs, specs, strict=False)
    ]
    pick = "pick.earlier" if rule.combine and rule.combine["op"] == "earlier_of" else "pick.later"
    return [*steps, Step(pick, {}, found.nominal, law)]


def _limbs(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any]) -> list[Limb]:
    try:
        return engine.limbs(rule, inputs)
    except InputError:
        return []


def _base_steps(pack: Pack, rule: Rule, inputs: Mapping[str, Any], found: Outcome, limb: Limb | None) -> list[Step]:
    how = limb.base.how if limb is not None else "computed"
    name = (rule.how.get("limbs") or [{}])[0].get("base", rule.base)
    office = pack.bases.get(name, {}).get("service")
    if office is None:
        return [Step(f"base.{how}", {"base": name}, found.base, rule.trigger)]
    params = {"base": name, "delivery": inputs.get("delivery", "electronic")}
    law = "; ".join(pack.service_basis[office])
    steps = []
    if how in ("deemed", "proved") and inputs.get("dispatch_date") is not None:
        steps.append(Step("base.dispatch", params, parse_day(inputs["dispatch_date"]), rule.trigger))
    return [*steps, Step("base.stated_service" if how == "stated" else f"base.{how}", params, found.base, law)]


def _limb_length(spec: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [(step["n"], step["unit"]) for step in spec.get("add", [spec]) if isinstance(step.get("n"), int)]


def _length(rule: Rule, inputs: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The length that was added, as (n, unit) pairs, for the words of the trace."""
    if inputs.get("printed_period") is not None and isinstance(inputs["printed_period"], tuple):
        return [inputs["printed_period"]]
    kind = inputs.get("right_kind")
    by_kind = rule.how.get("by_kind", {}).get(kind) if isinstance(kind, str) else None
    specs = by_kind or rule.how.get("limbs")
    if specs:
        first = specs[0]
        return [_counted(step, inputs) for step in first.get("add", [first] if "n" in first else [])]
    n, unit = rule.period
    if n is None or unit is None:
        return []
    extension = inputs.get("extension_months") if rule.extendable else None
    cycle = inputs.get("cycle") if rule.how.get("cycles") else None
    sign = -n if rule.direction == "before" else n * (cycle or 1)
    return [(sign, unit), *([(extension, "month")] if isinstance(extension, int) else [])]


def _counted(step: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[int, str]:
    if "sum" in step:
        return sum(inputs[key] for key in step["sum"]), step["unit"]
    if "input" in step:
        return inputs[step["input"]] - step.get("minus", 0), step["unit"]
    return step["n"], step["unit"]


def _roll_step(calendars: Calendars, rule: Rule, found: Outcome) -> Step:
    if rule.roll == "none":
        return Step("roll.never", {}, found.due, "; ".join(rule.legal_basis))
    calendar = "office_days" if rule.roll == "tm" and rule.code.startswith(OTHER_OFFICES) else rule.roll
    params: dict[str, Any] = {"calendar": calendar}
    given = joined_calendars().get(calendar)
    basis = given.basis if given else ROLL_BASIS[calendar]
    if found.due == found.nominal:
        return Step("roll.kept", params, found.due, basis)
    params["reason"] = rest_reason(calendars, found.nominal)
    return Step("roll.moved", params, found.due, basis)


def rest_reason(calendars: Calendars, day: date) -> tuple[str, int]:
    """What rest day `day` is: the holiday's name (empty for a plain weekend) and the weekday from 0."""
    holidays = calendars.holidays
    if day in holidays.worked:
        return "worked", day.weekday()
    return holidays.names.get(day, ""), day.weekday()
