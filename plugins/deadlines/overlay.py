"""The rules and calendars in force: the shipped ones with the agency's published rules and days laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from core import db, elevated, today
from plugins.cases import event_types
from plugins.deadlines.engine import Calendars, InputError, Pack, compute_line, load_holidays, pack_data, pack_from
from plugins.deadlines.engine import own as changing
from plugins.deadlines.engine.derive import Deriver
from plugins.deadlines.engine.evaluate import Evaluator
from plugins.deadlines.records import CalendarDay, RuleChange, RuleRecord

AGENCY = "agency"
_known: dict[tuple[Any, ...], Deriver] = {}


def deriver() -> Deriver:
    """The deriver over what is in force now; the same object until a rule or a calendar day is published."""
    with elevated("read the rules and calendars in force"):
        asked = (_published(RuleRecord), _published(CalendarDay), _effective())
        stamp = tuple(value for query in asked for value in db.session.execute(query).one())
        stamp += (pack_data()["version"],)
        if stamp not in _known:
            _known.clear()
            _known[stamp] = Deriver(_pack(stamp), _calendars(stamp))
        return _known[stamp]


def engine() -> Evaluator:
    """The evaluator of the same rules and calendars, for traces and try-outs."""
    return deriver().engine


def _published(model: Any) -> Any:
    own = model.origin == "own" if model is RuleRecord else model.source == AGENCY
    live = model.status == "published" if model is RuleRecord else model.published
    return select(func.count(model.id), func.max(model.updated_at), func.max(model.id)).where(own, live)


def _effective() -> Any:
    """The changes of rules that are in effect today."""
    chosen = select(func.count(RuleChange.id), func.max(RuleChange.updated_at), func.max(RuleChange.id))
    return chosen.where(RuleChange.status == "published", RuleChange.effect_from <= today())


def changes_in_effect(day: date) -> list[dict[str, Any]]:
    """The newest published change of each rule that is in effect on a day, as the engine wants them."""
    query = select(RuleChange).where(RuleChange.status == "published", RuleChange.effect_from <= day)
    newest = {row.code: row for row in db.session.scalars(query.order_by(RuleChange.code, RuleChange.number))}
    return [as_change(row) for row in newest.values()]


def as_change(row: RuleChange) -> dict[str, Any]:
    """One version as the engine wants it."""
    since = row.effect_from.isoformat()
    return {"code": row.code, "number": row.number, "since": since, "reason": row.reason, "changes": row.changes or {}}


def data_in_force(changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The data of the shipped pack with rules written as data and the given changes laid over it.

    A change that no longer fits, because its rule is shipped otherwise now, is left out.
    """
    chosen = select(RuleRecord.id, RuleRecord.definition)
    query = chosen.where(RuleRecord.origin == "own", RuleRecord.status == "published").order_by(RuleRecord.id)
    rows = [row for row in db.session.execute(query) if row.definition]
    data = pack_data()
    if rows:
        version = f"{data['version']}+{len(rows)}.{rows[-1].id}"
        data = laid_over(data, [row.definition for row in rows], version)
    events = event_types()
    return changing.laid_over(data, [c for c in changes if not changing.problems(data, c, events)])


def _pack(stamp: tuple[Any, ...]) -> Pack:
    plain = not stamp[0] and not stamp[6]
    return pack_from(pack_data() if plain else data_in_force(changes_in_effect(today())))


def laid_over(shipped: Mapping[str, Any], definitions: list[Mapping[str, Any]], version: str) -> dict[str, Any]:
    """The data of a pack with further rules: each definition has `rule`, and may have `how` and `applies`."""
    own = {row["rule"]["code"]: row for row in definitions}
    mechanisms = dict(shipped["mechanisms"])
    mechanisms["rules"] = mechanisms["rules"] | {code: row.get("how", {}) for code, row in own.items()}
    mechanisms["applies"] = mechanisms["applies"] | {code: row.get("applies", {}) for code, row in own.items()}
    kept = [row for row in shipped["rules"] if row["code"] not in own]
    return {
        **shipped,
        "version": version,
        "rules": kept + [row["rule"] for row in own.values()],
        "mechanisms": mechanisms,
    }


def _calendars(stamp: tuple[Any, ...]) -> Calendars:
    holidays = load_holidays()
    if stamp[3]:
        query = select(CalendarDay.day, CalendarDay.kind).where(CalendarDay.source == AGENCY, CalendarDay.published)
        rows = [(row.day, row.kind) for row in db.session.execute(query)]
        days = {kind: [day for day, of in rows if of == kind] for kind in ("off", "worked")}
        years = {day.year for day in days["off"]}
        holidays = holidays.with_days(f"{holidays.version}+{stamp[3]}.{stamp[5]}", days["off"], days["worked"], years)
    return Calendars(holidays)


def try_definition(definition: Any, examples: Any) -> list[str]:
    """What is wrong with a rule of the agency's own: its shape, or worked examples that come out otherwise."""
    if not isinstance(definition, Mapping) or not isinstance(definition.get("rule"), Mapping):
        return ["definition: an object with `rule` in the shape of the shipped rules is needed"]
    try:
        pack = pack_from(laid_over(pack_data(), [definition], "trial"))
        trial = Evaluator(pack, deriver().engine.calendars)
        trial(definition["rule"]["code"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        return [f"definition: {type(problem).__name__}: {problem}"]
    if not isinstance(examples, list) or not examples:
        return ["examples: at least one worked example is needed"]
    return [found for example in examples if (found := _difference(example, definition["rule"]["code"], trial))]


def _difference(example: Any, code: str, trial: Evaluator) -> str | None:
    if not isinstance(example, Mapping) or not isinstance(example.get("expected"), Mapping):
        return "examples: each has `inputs` and `expected`"
    try:
        found = compute_line({"id": None, "rule_code": code, "inputs": example.get("inputs")}, trial)
    except (InputError, KeyError, TypeError) as problem:
        return f"examples: {problem}"
    if "error" in found:
        return f"examples: {found['error']['message']}"
    wrong = {name: found.get(name) for name, want in example["expected"].items() if found.get(name) != want}
    return f"examples: expected {dict(example['expected'])}, came out {wrong}" if wrong else None


def official_through(calendars: Calendars) -> date:
    """The last day of the last year with a published calendar."""
    return date(max(calendars.holidays.years), 12, 31)
