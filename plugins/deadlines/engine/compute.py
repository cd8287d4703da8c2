"""One rule on one set of inputs, as JSON lines: the `deadlines compute` interface. No database, no clock."""

import json
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, BinaryIO, NoReturn

from .calendars import PROVISIONAL, Calendars, load_holidays
from .dates import ONE_DAY, day_input, number_input
from .evaluate import Evaluator, Outcome
from .fees import annuity, late_fee, plain, reduced, reduction_in_year
from .milestones import milestones
from .packs import Rule, load_pack
from .problems import InputError, MissingInput
from .trace import Step, explain

MAX_LINE = 1_000_000
_PERIOD_PREFIXES = ("printed_period", "notice_period", "designated_period", "period")
_UNITS = {"days": "day", "months": "month", "years": "year"}


@lru_cache(maxsize=1)
def shipped_engine() -> Evaluator:
    """The shipped rules over the shipped calendars."""
    return Evaluator(load_pack(), Calendars(load_holidays()))


def compute_line(line: Mapping[str, Any], engine: Evaluator | None = None) -> dict[str, Any]:
    """The result row of one request (`id`, `rule_code`, `inputs`): dates, calendar, trace; or `id` and `error`."""
    identity = line.get("id") if isinstance(line, Mapping) else None
    try:
        return {"id": identity, **_compute(line, engine or shipped_engine())}
    except InputError as problem:
        return _refusal(identity, problem.code, problem.message)
    except (OverflowError, ValueError):
        return _refusal(identity, "out_of_range", "the dates leave the years 1 to 9999")


def _refusal(identity: Any, code: str, message: str) -> dict[str, Any]:
    return {"id": identity, "error": {"code": code, "message": message}}


def _compute(line: Any, engine: Evaluator) -> dict[str, Any]:
    if not isinstance(line, Mapping):
        raise InputError("not_an_object", "a line must be a JSON object with id, rule_code and inputs")
    code, inputs = line.get("rule_code"), line.get("inputs")
    if not isinstance(code, str) or code not in engine.pack.rules:
        raise InputError("unknown_rule", "no rule of this code in the rule pack")
    if not isinstance(inputs, Mapping):
        raise InputError("invalid_input", "inputs must be an object")
    rule = engine.pack.rules[code]
    inputs = with_printed_period(inputs)
    try:
        found = engine(code)(inputs)
    except MissingInput:
        if not rule.how.get("undated"):
            raise
        return _undated(rule)
    return {
        **_dates(engine, rule, found),
        **_extras(engine, rule, inputs, found),
        "trace": _trace(engine, rule, inputs, found),
    }


def with_printed_period(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs with the length printed in a notice brought to `printed_period: (n, unit)`, however it was written."""
    found = _printed(inputs)
    return inputs if found is None and "printed_period" not in inputs else {**inputs, "printed_period": found}


def _printed(inputs: Mapping[str, Any]) -> tuple[int, str] | None:
    for prefix in _PERIOD_PREFIXES:
        for suffix, unit in _UNITS.items():
            if inputs.get(f"{prefix}_{suffix}") is not None:
                return number_input(inputs, f"{prefix}_{suffix}", (1, 3660)), unit
        value = inputs.get(prefix)
        if isinstance(value, Mapping):
            unit = value.get("unit")
            if unit not in _UNITS.values():
                raise InputError("invalid_input", f"{prefix}.unit must be day, month or year")
            return number_input(value, "n", (1, 3660)), unit
        if prefix == "printed_period" and isinstance(value, tuple):
            return value
    return None


def base_shown(rule: Rule) -> bool:
    """True when a rule has one base day to show; combined periods have none."""
    return rule.how.get("show_base", rule.combine is None and "limbs" not in rule.how)


def _dates(engine: Evaluator, rule: Rule, found: Outcome) -> dict[str, Any]:
    coverage = engine.calendars.coverage(found.due.year)
    return {
        "base": found.base.isoformat() if base_shown(rule) else None,
        "nominal": found.nominal.isoformat(),
        "due": found.due.isoformat(),
        "safe_due": found.safe.isoformat(),
        "calendar": coverage,
        "provisional": coverage == PROVISIONAL,
    }


def _undated(rule: Rule) -> dict[str, Any]:
    steps = [Step("undated", {}, None, "; ".join(rule.legal_basis))]
    dates = dict.fromkeys(("base", "nominal", "due", "safe_due", "calendar"))
    return {**dates, "provisional": False, "trace": [_row(step) for step in steps]}


def _extras(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if rule.how.get("annuity") == "amount":
        full = _full_annuity(engine, inputs, required="right_kind" in inputs)
        if full is not None:
            extras["amount_cny"] = plain(reduced(full, reduction_in_year(engine.pack, inputs, inputs["annuity_year"])))
    if rule.how.get("fee") == "late_fee":
        extras["fee"] = _late_fee(engine, inputs, found)
    steps = milestones(engine, rule, inputs, found)
    if steps is not None:
        extras["internal_steps"] = steps
    if rule.how.get("last_day_in_force"):
        extras["last_day_in_force"] = (found.nominal - ONE_DAY).isoformat()
    return extras


def _full_annuity(engine: Evaluator, inputs: Mapping[str, Any], *, required: bool) -> Any:
    kind = inputs.get("right_kind")
    year = number_input(inputs, "annuity_year", (1, 30))
    full = annuity(engine.pack, kind, year) if isinstance(kind, str) else None
    if full is None and required:
        raise InputError("invalid_input", "right_kind and annuity_year name no annuity of the fee table")
    return full


def _late_fee(engine: Evaluator, inputs: Mapping[str, Any], found: Outcome) -> dict[str, Any]:
    paid_on = day_input(inputs, ("payment_date",))
    if paid_on is None:
        raise MissingInput(("payment_date",))
    if "right_kind" not in inputs:
        raise MissingInput(("right_kind",))
    full = _full_annuity(engine, inputs, required=True)
    grace = engine("CN.PAT.ANNUITY_GRACE")({"annuity_nominal_day": found.base})
    pct = reduction_in_year(engine.pack, inputs, inputs["annuity_year"])
    return late_fee(engine.pack, found.base, grace.due, full, pct, paid_on)


def _trace(engine: Evaluator, rule: Rule, inputs: Mapping[str, Any], found: Outcome) -> list[dict[str, Any]]:
    return [_row(step) for step in explain(engine, rule, inputs, found)]


def _row(step: Step) -> dict[str, Any]:
    return {"step": step.text(), "date": step.date.isoformat() if step.date else None, "source": step.source}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def answer(raw: bytes) -> bytes:
    """The output line of one raw input line, without the line break."""
    try:
        line = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _encode(_refusal(None, "invalid_json", "the line is not JSON in UTF-8"))
    try:
        return _encode(compute_line(line))
    except RecursionError:
        return _encode(_refusal(None, "invalid_input", "the line is nested too deeply"))


def _encode(row: dict[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row).encode("ascii")


def stream(source: BinaryIO, target: BinaryIO) -> None:
    """Answer each line of `source` with one line on `target`, in order; a bad line never stops the run."""
    while raw := source.readline(MAX_LINE):
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            while (rest := source.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            target.write(_encode(_refusal(None, "line_too_long", f"a line may have {MAX_LINE} bytes")) + b"\n")
            continue
        target.write(answer(raw) + b"\n")
    target.flush()


def main() -> int:
    """`deadlines compute`: JSON lines from stdin to stdout; always 0, problems stand in their lines."""
    stream(sys.stdin.buffer, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
