"""Turns each rule into one function from inputs to dates: base, nominal, due and safe. All mechanisms are here.

`nominal` is the end of the period as counted, `due` the same moved by the rule's calendar, `safe` the earliest day
that any serious reading of the law allows.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from .calendars import Calendar, Calendars
from .dates import add_days, day_input, number_input, parse_day
from .packs import Pack, Rule
from .periods import Base, Inputs, adder, base_resolver
from .problems import InputError, MissingInput

_fast = tuple.__new__  # a named tuple without the cost of its own constructor: millions are made
SAFE_ROLL = {"patent": "tm", "wipo": "weekend"}


class Limb(NamedTuple):
    """One period of a rule, computed: base, end as counted, and its end on the cautious reading."""

    base: Base
    nominal: date
    safe: date


class Outcome(NamedTuple):
    """The dates of one deadline."""

    base: date
    nominal: date
    due: date
    safe: date


class Evaluator:
    """The rules of one pack over one set of calendars, compiled once: `evaluator(code)(inputs)` gives an Outcome."""

    def __init__(self, pack: Pack, calendars: Calendars) -> None:
        self.pack = pack
        self.calendars = calendars
        self._built: dict[str, Callable[[Inputs], Outcome]] = {}

    def __call__(self, code: str) -> Callable[[Inputs], Outcome]:
        """The function of one rule; KeyError for an unknown code."""
        if code not in self._built:
            self._built[code] = _build(self, self.pack.rules[code])
        return self._built[code]

    def limbs(self, rule: Rule, inputs: Inputs) -> list[Limb]:
        """The periods of a rule as computed one by one, for the trace."""
        how = rule.how
        kind = inputs.get("right_kind")
        parts = how.get("by_kind", {}).get(kind) if isinstance(kind, str) else None
        specs = parts if parts is not None else _limb_specs(self, rule)
        return [limb for limb in (_try(_limb(self, rule, spec), inputs) for spec in specs) if limb is not None]


def _try(limb: Callable[[Inputs], Limb], inputs: Inputs) -> Limb | None:
    try:
        return limb(inputs)
    except MissingInput:
        return None


def _limb(engine: Evaluator, rule: Rule, spec: Mapping[str, Any]) -> Callable[[Inputs], Limb]:
    """One period of a rule as a function; `spec` has base, add (or n and unit), notice, unmoved."""
    base_of = base_resolver(engine, spec.get("base", rule.base))
    calendar = engine.calendars[rule.roll]
    adders = [adder(step, calendar) for step in spec.get("add", [spec] if "n" in spec else [])]
    safe_roll = engine.calendars["none" if spec.get("unmoved") else SAFE_ROLL.get(rule.roll, rule.roll)]
    notice = NOTICE_KEYS.get(spec.get("notice", ""))

    def limb(inputs: Inputs) -> Limb:
        if notice is not None:
            inputs = _notice_inputs(inputs, notice)
        base = base_of(inputs)
        nominal, safe = base.day, base.safe
        for add in adders:
            nominal = add(nominal, inputs)
        if safe == base.day:
            return _fast(Limb, (base, nominal, safe_roll[nominal]))
        for add in adders:
            safe = add(safe, inputs)
        return Limb(base, nominal, safe_roll[safe])

    return limb


NOTICE_KEYS = {"PAT_ACCEPTANCE_ISSUED": "acceptance_notice"}


def _notice_inputs(inputs: Inputs, key: str) -> Inputs:
    notice = inputs.get(key)
    if notice is None:
        raise MissingInput((key,))
    if not isinstance(notice, Mapping):
        raise InputError("invalid_input", f"{key} must be an object with dispatch_date and delivery")
    return notice


def _limb_specs(engine: Evaluator, rule: Rule) -> list[Mapping[str, Any]]:
    how = rule.how
    if "limbs" in how:
        return how["limbs"]
    if rule.combine is not None:
        return [{**item, "add": [{"n": item["n"], "unit": item["unit"]}]} for item in rule.combine["items"]]
    n, unit = rule.period
    if how.get("cycles"):
        return [{"base": rule.base, "add": [{"n": n, "unit": unit}]}]
    step = {"n": -n if rule.direction == "before" else n, "unit": unit} if n is not None else None
    return [{"base": rule.base, "add": [step] if step else []}]


def _build(engine: Evaluator, rule: Rule) -> Callable[[Inputs], Outcome]:
    """The whole rule as one function; plain rules get a short one, the others their options around it."""
    how = rule.how
    specs = _limb_specs(engine, rule)
    limbs = [_limb(engine, rule, spec) for spec in specs]
    roll = engine.calendars[rule.roll]
    core = _plain(limbs[0], roll) if len(limbs) == 1 else _combined(limbs, roll, rule)
    if "by_kind" in how:
        core = _kinds(engine, rule, core if limbs else None)
    if _changeable(engine, rule):
        core = _changed(engine, rule, core)
    if "given" in how:
        core = _given(tuple(how["given"]), core)
    if "safe" in how or "safe_limbs" in how or how.get("safe_from_dispatch"):
        core = _with_safe(engine, rule, core)
    return _checked(rule, core) if "checks" in how or "successor" in how or "predecessor" in how else core


def _picker(rule: Rule) -> Callable[..., date]:
    return min if rule.combine is not None and rule.combine["op"] == "earlier_of" else max


def _plain(limb: Callable[[Inputs], Limb], roll: Calendar) -> Callable[[Inputs], Outcome]:
    def compute(inputs: Inputs) -> Outcome:
        base, nominal, safe = limb(inputs)
        return _fast(Outcome, (base.day, nominal, roll[nominal], safe))

    return compute


def _combined(limbs: list[Callable[[Inputs], Limb]], roll: Calendar, rule: Rule) -> Callable[[Inputs], Outcome]:
    """Two or more periods in one; the earliest end is the safe date, unless the rule names its first limb for it."""
    pick = _picker(rule)
    first_is_safe = rule.how.get("safe") == "first_limb"

    def compute(inputs: Inputs) -> Outcome:
        found: list[Limb] = []
        missing: list[str] = []
        for limb in limbs:
            try:
                found.append(limb(inputs))
            except MissingInput as problem:
                missing.extend(problem.keys)
        if not found:
            raise MissingInput(tuple(missing))
        nominal = pick(item.nominal for item in found)
        base = next(item.base.day for item in found if item.nominal == nominal)
        safe = found[0].safe if first_is_safe else min(item.safe for item in found)
        return Outcome(base, nominal, roll[nominal], safe)

    return compute


def _kinds(engine: Evaluator, rule: Rule, otherwise: Callable[[Inputs], Outcome] | None) -> Callable[[Inputs], Outcome]:
    """A rule whose length depends on the kind of right (and for designs on the filing day)."""
    roll = engine.calendars[rule.roll]
    by_kind = {
        kind: [(item, _plain(_limb(engine, rule, item), roll)) for item in items]
        for kind, items in rule.how["by_kind"].items()
    }
    extra = rule.how.get("extra_days")

    def compute(inputs: Inputs) -> Outcome:
        kind = inputs.get("right_kind")
        options = by_kind.get("invention" if kind == "pct" else kind) if isinstance(kind, str) else None
        if options is None:
            if otherwise is not None:
                return otherwise(inputs)
            raise MissingInput(("right_kind",))
        filed = day_input(inputs, ("filing_date",))
        found = next(part for item, part in options if _filed_within(item, filed))(inputs)
        days = number_input(inputs, extra, (0, 3660)) if extra and inputs.get(extra) is not None else 0
        return found if not days else Outcome(found.base, *(add_days(day, days) for day in found[1:]))

    return compute


def _filed_within(item: Mapping[str, Any], filed: date | None) -> bool:
    if filed is None:
        return True
    return parse_day(item.get("filed_from", "0001-01-01")) <= filed <= parse_day(item.get("filed_to", "9999-12-31"))


def _changeable(engine: Evaluator, rule: Rule) -> bool:
    how = rule.how
    return (
        rule.code in engine.pack.printed
        or rule.extendable
        or "variants" in how
        or "months_input" in how
        or "cycles" in how
    )


def _changed(engine: Evaluator, rule: Rule, usual: Callable[[Inputs], Outcome]) -> Callable[[Inputs], Outcome]:
    """Lets a printed period, a granted extension, a variant or a later cycle take the place of the usual length."""
    built: dict[Any, Callable[[Inputs], Outcome]] = {}
    roll = engine.calendars[rule.roll]

    def compute(inputs: Inputs) -> Outcome:
        steps = _changed_steps(engine, rule, inputs)
        if steps is None:
            return usual(inputs)
        if steps not in built:
            spec = {"base": _only_base(engine, rule), "add": [{"n": n, "unit": unit} for n, unit in steps]}
            built[steps] = _plain(_limb(engine, rule, spec), roll)
        return built[steps](inputs)

    return compute


def _only_base(engine: Evaluator, rule: Rule) -> str:
    return _limb_specs(engine, rule)[0].get("base", rule.base)


def _changed_steps(engine: Evaluator, rule: Rule, inputs: Inputs) -> tuple[tuple[int, str], ...] | None:
    n, unit = rule.period
    found = _stated_period(engine, rule, inputs)
    if rule.extendable and inputs.get("extension_months") is not None:
        months = number_input(inputs, "extension_months", (1, 2))
        n, unit = found or (n, unit)
        if n is None or unit is None:
            raise MissingInput(("printed_period",))
        return ((n + months, "month"),) if unit == "month" else ((n, unit), (months, "month"))
    if found is None and n is None and rule.code in engine.pack.printed:
        raise MissingInput(("period_months", "period_days"))
    return (found,) if found else None


def _stated_period(engine: Evaluator, rule: Rule, inputs: Inputs) -> tuple[int, str] | None:
    how = rule.how
    if rule.code in engine.pack.printed and inputs.get("printed_period") is not None:
        return inputs["printed_period"]
    for flag, period in how.get("variants", {}).items():
        if inputs.get(flag) is True:
            return period["n"], period["unit"]
    if how.get("months_input") and inputs.get(how["months_input"]) is not None:
        return number_input(inputs, how["months_input"], (1, 60)), "month"
    if how.get("cycles") and inputs.get("cycle") is not None:
        step = _limb_specs(engine, rule)[0]["add"][0]
        return step["n"] * number_input(inputs, "cycle", (1, 100)), step["unit"]
    return None


def _given(keys: tuple[str, ...], otherwise: Callable[[Inputs], Outcome]) -> Callable[[Inputs], Outcome]:
    """The end itself may be stated (a register extract says it) instead of being counted."""

    def compute(inputs: Inputs) -> Outcome:
        day = day_input(inputs, keys)
        return otherwise(inputs) if day is None else Outcome(day, day, day, day)

    return compute


def _with_safe(engine: Evaluator, rule: Rule, core: Callable[[Inputs], Outcome]) -> Callable[[Inputs], Outcome]:
    """Adds further readings of the law; the earliest of all is the safe date."""
    reading = rule.how.get("safe")
    roll = engine.calendars[rule.roll]
    limbs = [(_limb(engine, rule, spec), spec) for spec in rule.how.get("safe_limbs", ())]
    from_dispatch = rule.how.get("safe_from_dispatch")
    if from_dispatch:
        step = {"n": rule.period[0], "unit": rule.period[1]}
        limbs.append((_limb(engine, rule, {"base": "dispatch_date", "add": [step]}), {}))

    def compute(inputs: Inputs) -> Outcome:
        found = core(inputs)
        safe = found.safe
        if reading == "unmoved":
            safe = min(found.nominal, safe)
        elif reading == "before_rest":
            safe = roll.on_or_before(found.nominal)
        for limb, spec in limbs:
            other = _reading(limb, spec, inputs, found)
            safe = safe if other is None else min(safe, other)
        return found._replace(safe=safe)

    return compute


def _reading(limb: Callable[[Inputs], Limb], spec: Mapping[str, Any], inputs: Inputs, found: Outcome) -> date | None:
    if "when_nominal_from" in spec and found.nominal < parse_day(spec["when_nominal_from"]):
        return None
    other = _try(limb, inputs)
    if other is None:
        return None
    return max(other.safe, parse_day(spec["not_before"])) if "not_before" in spec else other.safe


def _checked(rule: Rule, core: Callable[[Inputs], Outcome]) -> Callable[[Inputs], Outcome]:
    """Refuses figures out of bounds, and days that belong to the rule's predecessor or successor."""
    checks = {key: tuple(bounds) for key, bounds in rule.how.get("checks", {}).items()}
    keys = tuple(rule.how.get("in_force_by", ()))
    versions = "successor" in rule.how or "predecessor" in rule.how

    def compute(inputs: Inputs) -> Outcome:
        for key, bounds in checks.items():
            number_input(inputs, key, bounds)
        found = core(inputs)
        if versions:
            day = day_input(inputs, keys) if keys else found.base
            if not rule.in_force(day or found.base):
                other = rule.how.get("successor") or rule.how.get("predecessor")
                raise InputError("not_in_force", f"{rule.code} does not apply to {day or found.base}; see {other}")
        return found

    return compute
