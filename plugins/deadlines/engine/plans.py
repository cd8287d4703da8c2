"""Which rules can apply to a kind of case, compiled once per kind, route and jurisdiction; no facts of a case here."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .evaluate import Evaluator, Outcome
from .packs import Pack, Rule

# Bases that belong to the case itself; the day of an event never takes their place when the case states them.
_ROUTE_PREFIXES = (
    ("CN.PCT.", "pct"),
    ("PCT.", "pct"),
    ("MADRID.", "madrid"),
    ("CN.HAGUE.", "hague"),
    ("HAGUE.", "hague"),
)
_NATIONAL_TRIGGERS = ("PAT_FILED", "FIRST_FILING", "TM_FILED", "TM_REGISTERED")
_UNDOCKETED = ("calculation",)


class Planned(NamedTuple):
    """A rule as `derive` uses it: its function, its conditions, the rule that follows when it is missed."""

    rule: Rule
    compute: Callable[[Mapping[str, Any]], Outcome]
    keys: frozenset[str]
    when: frozenset[str]
    settled_fields: frozenset[str]
    settled_events: tuple[str, ...]
    series: str | None
    optional: bool
    planned_by: frozenset[str]
    once: bool
    window: bool
    severity: str
    base_key: str | None
    notices: tuple[tuple[str, str], ...]
    then: "Planned | None"


class Plan(NamedTuple):
    """The rules of one kind of case: by its fields, and by the code of an event."""

    by_case: tuple[Planned, ...]
    by_event: Mapping[str, tuple[Planned, ...]]


def make_plan(engine: Evaluator, right_kind: str, route: str, jurisdiction: str, side: str | None) -> Plan:
    """The plan of one kind of case; for a foreign jurisdiction only its stated end of term."""
    pack = engine.pack
    followers = set(pack.after_missed.values())
    by_case: list[Planned] = []
    by_event: dict[str, list[Planned]] = {}
    for rule in pack.rules.values():
        if rule.code in followers or side in rule.applies.get("not_sides", ()):
            continue
        if not _applicable(rule, right_kind, route, jurisdiction):
            continue
        if rule.trigger in pack.case_triggers:
            by_case.append(_planned(engine, rule, side))
        else:
            for code in (rule.trigger, *rule.applies.get("also_on", ())):
                by_event.setdefault(code, []).append(_planned(engine, rule, side))
    return Plan(tuple(by_case), {code: tuple(items) for code, items in by_event.items()})


def _applicable(rule: Rule, right_kind: str, route: str, jurisdiction: str) -> bool:
    local = rule.code.startswith("LOCAL.")
    if jurisdiction not in ("CN", "WO"):
        return local
    if local or rule.kind in _UNDOCKETED or (jurisdiction == "WO" and rule.code.startswith("CN.")):
        return False
    return _of_kind(rule, right_kind, route) and route in _routes(rule)


def _of_kind(rule: Rule, right_kind: str, route: str) -> bool:
    """An international application stands for the kind of right that it leads to, `pct` alone for an invention."""
    kinds = {"invention" if right_kind == "pct" else "trademark" if right_kind == "madrid" else right_kind}
    specific = rule.right_kinds - {"pct", "madrid"}
    return not kinds.isdisjoint(specific) or (not specific and route in rule.right_kinds)


def _routes(rule: Rule) -> tuple[str, ...]:
    if "routes" in rule.applies:
        return tuple(rule.applies["routes"])
    for prefix, route in _ROUTE_PREFIXES:
        if rule.code.startswith(prefix):
            return (route,)
    return ("national",) if rule.trigger in _NATIONAL_TRIGGERS else ("national", "pct", "madrid", "hague")


def _planned(engine: Evaluator, rule: Rule, side: str | None) -> Planned:
    pack, applies = engine.pack, rule.applies
    settled = tuple(applies.get("settled_by", ()))
    then = pack.after_missed.get(rule.code)
    watched = "sides" in applies and side not in applies["sides"]
    optional = watched or "planned_by" in applies or applies.get("optional", False)
    return Planned(
        rule=rule,
        compute=engine(rule.code),
        keys=frozenset(pack.case_triggers.get(rule.trigger, ())),
        when=frozenset(applies.get("when", ())),
        settled_fields=frozenset(name for name in settled if name.islower()),
        settled_events=tuple(name for name in settled if name.isupper()) + rule.cleared_by,
        series=applies.get("series"),
        optional=optional,
        planned_by=frozenset(applies.get("planned_by", ())),
        once=applies.get("once", False),
        window=applies.get("window", False),
        severity="info" if optional else rule.severity,
        base_key=_base_key(pack, rule),
        notices=_notices(rule),
        then=_planned(engine, pack.rules[then], side) if then else None,
    )


def _base_key(pack: Pack, rule: Rule) -> str | None:
    """The input that the day of an event gives: the dispatch day of a paper, else the rule's own base."""
    spec = pack.bases.get((rule.how.get("limbs") or [{}])[0].get("base", rule.base), {"keys": [rule.base]})
    if "service" in spec:
        return "dispatch_date"
    keys = spec.get("keys") or spec.get("earliest")
    return keys[0] if keys else None


def _notices(rule: Rule) -> tuple[tuple[str, str], ...]:
    from .evaluate import NOTICE_KEYS

    items = rule.combine["items"] if rule.combine else ()
    return tuple((item["notice"], NOTICE_KEYS[item["notice"]]) for item in items if "notice" in item)
