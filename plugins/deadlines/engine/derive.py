"""All deadlines of a case out of its facts: a pure function, order-independent and idempotent."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from .calendars import Calendars
from .dates import add_months
from .evaluate import Evaluator, Outcome
from .facts import OPEN, PRESUMED, SETTLED, Derivation, Derived, Event, Facts, Gap
from .fees import annuity_year_on
from .packs import Pack
from .plans import Plan, Planned, make_plan
from .problems import InputError

EXTENSION = "PAT_EXTENSION_GRANTED"
_CASE, STATED = "case", "stated"
_DUE = itemgetter(Derived._fields.index("due"))
_fast = tuple.__new__  # a named tuple without the cost of its own constructor: millions are made
_LAST_YEAR = {"invention": 20, "pct": 20, "utility_model": 10, "design": 15}
SHORT = 130
"""Days up to which a period has margins of its own; the last margin of the pack is for all longer ones."""
_DESIGN_15 = date(2021, 6, 1)


class Deriver:
    """The rules of a pack over calendars, ready for many cases; `deriver(facts, as_of)` gives a Derivation."""

    def __init__(self, pack: Pack, calendars: Calendars) -> None:
        self.engine = Evaluator(pack, calendars)
        self.pack = pack
        self._plans: dict[tuple[str, str, str, str | None], Plan] = {}
        self._margins = tuple(
            (row["up_to_days"], timedelta(row["internal"]), timedelta(row["client"]))
            for row in pack.planning["margins"]
        )
        self._before_rest = calendars["tm"].on_or_before
        self._days_before: dict[date, tuple[date, date]] = {}
        self._coverage = {year: calendars.coverage(year) for year in range(1, 10000)}
        self._wipo_coverage = {year: calendars.known("wipo", year) for year in range(1, 10000)}

    def __call__(self, facts: Facts, as_of: date) -> Derivation:
        """The deadlines of one case as of a day; a date already past is made, and is overdue."""
        if facts.ended:
            return Derivation([], [])
        plan = self._plan(facts)
        fields = _with_event_days(self.pack, facts)
        events = _by_code(facts.events)
        found: list[Derived] = []
        gaps: list[Gap] = []
        present = fields.keys()
        for planned in plan.by_case:
            if not planned.keys.isdisjoint(present) and planned.when <= present:
                self._collect(planned, _CASE, fields, events, as_of, found, gaps)
        if facts.events:
            for fact, planned, inputs in _by_events(plan, fields, _extended(plan, facts.events)):
                self._collect(planned, fact, inputs, events, as_of, found, gaps)
        found.sort(key=_DUE)  # stable: rules come in the order of the pack, events by day and id
        return Derivation(found, gaps)

    def _plan(self, facts: Facts) -> Plan:
        key = (facts.right_kind, facts.route, facts.jurisdiction, facts.side)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = make_plan(self.engine, *key)
        return plan

    def _collect(
        self,
        planned: Planned,
        fact: str,
        inputs: Mapping[str, Any],
        events: Mapping[str, list[Event]],
        as_of: date,
        found: list[Derived],
        gaps: list[Gap],
    ) -> None:
        if planned.notices:
            inputs = _with_notices(planned, inputs, events)
        try:
            if planned.series is None:
                made = self._one(planned, fact, "1", inputs, planned.compute(inputs), events, as_of)
                found.append(made)
                self._follow(planned, made, events, as_of, found)
            else:
                self._series(planned, fact, inputs, events, as_of, found)
        except InputError as problem:
            if problem.code != "not_in_force":
                gaps.append(Gap(planned.rule, fact, problem.code, problem.message))
        except (OverflowError, ValueError):
            gaps.append(Gap(planned.rule, fact, "out_of_range", "a date is beyond the calendar"))

    def _series(
        self,
        planned: Planned,
        fact: str,
        inputs: Mapping[str, Any],
        events: Mapping[str, list[Event]],
        as_of: date,
        found: list[Derived],
    ) -> None:
        """One deadline a year or cycle; where payments are not known, past ones before the last are presumed met."""
        row: list[Derived] = []
        known = inputs.get("paid_to_year") is not None
        for occurrence, given in _occurrences(planned, inputs, as_of):
            made = self._one(planned, fact, occurrence, given, planned.compute(given), events, as_of)
            if occurrence == STATED:
                made = made._replace(occurrence=_cycle_of(made.nominal, inputs))
            if row and made.overdue and row[-1].state == OPEN and not known:
                row[-1] = row[-1]._replace(state=PRESUMED)
            row.append(made)
            if planned.series == "cycle" and made.due >= as_of:
                break
        for made in row:
            found.append(made)
            self._follow(planned, made, events, as_of, found)

    def _follow(
        self, planned: Planned, made: Derived, events: Mapping[str, list[Event]], as_of: date, found: list[Derived]
    ) -> None:
        then = planned.then
        if then is None or not made.overdue or made.state == SETTLED:
            return
        end = made.nominal
        inputs = {**made.inputs, "validity_end": end, "annuity_nominal_day": end, "ir_expiry_date": end}
        outcome = then.compute(inputs)
        if then.rule.applies.get("strict") and outcome.base < then.rule.effective_from:
            return
        follower = self._one(then, made.fact, made.occurrence, inputs, outcome, events, as_of)
        presumed = made.state == PRESUMED and follower.state == OPEN
        found.append(follower._replace(state=PRESUMED) if presumed else follower)

    def _one(
        self,
        planned: Planned,
        fact: str,
        occurrence: str,
        inputs: Mapping[str, Any],
        outcome: Outcome,
        events: Mapping[str, list[Event]],
        as_of: date,
    ) -> Derived:
        base, nominal, due, safe = outcome
        rule = planned.rule
        own = rule.how.get("own")
        if own is not None and own.get("safe_margin"):
            first = safe - max(nominal - base, timedelta(0))
            safe = max(self._before_rest(safe - timedelta(own["safe_margin"])), first)
        cleared = _clearing(planned, events, _since(inputs, base), nominal, occurrence) if events else None
        state = OPEN
        if cleared is not None or not planned.settled_fields.isdisjoint(inputs):
            state = SETTLED
        elif nominal < rule.effective_from:
            state = PRESUMED
        internal, client = self._work_days(base, nominal, safe) if state == OPEN else (safe, safe)
        if own is not None and state == OPEN:
            internal, client = self._own_days(own, safe - max(nominal - base, timedelta(0)), safe, internal, client)
        overdue = due < as_of
        optional, severity = planned.optional, planned.severity
        if optional and not planned.planned_by.isdisjoint(inputs):
            optional, severity = False, rule.severity
        window = optional or planned.window
        calendar = (self._wipo_coverage if rule.roll == "wipo" else self._coverage)[due.year]
        first = (rule, fact, occurrence, base, nominal, due, safe, internal, client)
        return _fast(Derived, (*first, severity, optional, window, state, cleared, overdue, calendar, inputs))

    def _own_days(
        self, own: Mapping[str, Any], first: date, safe: date, internal: date, client: date
    ) -> tuple[date, date]:
        """The same by the margins that the agency set for this rule, never before the period began."""
        if own.get("internal") is not None:
            internal = max(self._before_rest(safe - timedelta(own["internal"])), first)
        if own.get("client") is not None:
            client = max(safe - timedelta(own["client"]), first)
        return internal, client

    def _work_days(self, base: date, nominal: date, safe: date) -> tuple[date, date]:
        """The agency's own day and the day for the client's instruction, never before the period began."""
        length = (nominal - base).days
        if 0 < length <= SHORT:  # the margins of longer ones, and of a stated end, cannot reach their beginning
            internal, client = next((mine, theirs) for up_to, mine, theirs in self._margins if length <= up_to)
            first = safe - timedelta(length)
            return max(self._before_rest(safe - internal), first), max(safe - client, first)
        found = self._days_before.get(safe)
        if found is None:
            _up_to, internal, client = self._margins[-1]
            found = safe, safe
            if safe.year > 2:
                found = self._before_rest(safe - internal), safe - client
            self._days_before[safe] = found
        return found


def _with_event_days(pack: Pack, facts: Facts) -> Mapping[str, Any]:
    """The stated fields, with days that only an event tells (a grant recorded without its date on the case)."""
    fields = {name: value for name, value in facts.fields.items() if value}
    fields["right_kind"] = facts.right_kind
    if not facts.events:
        return fields
    for event in sorted(facts.events, key=_event_order):
        keys = pack.case_triggers.get(event.code)
        if keys and event.date is not None and not any(fields.get(key) for key in keys):
            fields[keys[-1] if event.code == "FIRST_FILING" else keys[0]] = event.date
    return fields


def _event_order(event: Event) -> tuple[date, str]:
    return event.date or date.max, event.id


def _by_code(events: tuple[Event, ...]) -> dict[str, list[Event]]:
    grouped: dict[str, list[Event]] = {}
    for event in sorted(events, key=_event_order):
        grouped.setdefault(event.code, []).append(event)
    return grouped


def _extended(plan: Plan, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """A granted extension belongs to the last notice before it whose period may be extended: that notice's deadline
    moves, and the grant makes none of its own. A grant without such a notice, or without its length, stays an event."""
    grants = [event for event in events if event.code == EXTENSION and event.inputs.get("extension_months")]
    if not grants:
        return events
    known = {event.id: event for event in events}
    for grant in sorted(grants, key=_event_order):
        earlier = [e for e in events if _extendable(plan, e) and _event_order(e) <= _event_order(grant)]
        if earlier:
            notice = known[max(earlier, key=_event_order).id]
            added = {"extension_months": grant.inputs["extension_months"]}
            known[notice.id] = notice._replace(inputs={**notice.inputs, **added})
            del known[grant.id]
    return tuple(known.values())


def _extendable(plan: Plan, event: Event) -> bool:
    return any(planned.rule.extendable for planned in plan.by_event.get(event.code, ()))


def _by_events(
    plan: Plan, fields: Mapping[str, Any], events: tuple[Event, ...]
) -> Iterator[tuple[str, Planned, Mapping[str, Any]]]:
    seen: set[str] = set()
    for event in sorted(events, key=_event_order):
        for planned in plan.by_event.get(event.code, ()):
            if planned.once and event.code in seen:
                continue
            inputs = {**fields, **event.inputs}
            key = planned.base_key
            if key is not None and event.date is not None and key not in event.inputs:
                inputs[key] = event.date
            yield f"event:{event.id}", planned, inputs
        seen.add(event.code)


def _with_notices(planned: Planned, inputs: Mapping[str, Any], events: Mapping[str, list[Event]]) -> Mapping[str, Any]:
    added = dict(inputs)
    for code, key in planned.notices:
        if code in events:
            event = events[code][0]
            added[key] = {"dispatch_date": event.date, **event.inputs}
    return added


def _since(inputs: Mapping[str, Any], base: date) -> date:
    """From when an act may answer: the dispatch of the paper, which lies before its deemed service."""
    dispatched = inputs.get("dispatch_date")
    return dispatched if type(dispatched) is date and dispatched < base else base


def _clearing(
    planned: Planned, events: Mapping[str, list[Event]], since: date, nominal: date, occurrence: str
) -> str | None:
    """The id of the event that shows the act was done, or None."""
    for code in planned.settled_events:
        for event in events.get(code, ()):
            if _clears(planned, event, since, nominal, occurrence):
                return event.id
    return None


def _clears(planned: Planned, event: Event, since: date, nominal: date, occurrence: str) -> bool:
    if event.date is None:
        return False
    if planned.rule.trigger == "PAT_ANNUITY_MISSED" or planned.series == "annuity":
        year = event.inputs.get("annuity_year")
        if year is not None:
            return str(year) == occurrence
    if planned.series is not None or "GRACE" in planned.rule.code:
        return add_months(nominal, -15) < event.date <= add_months(nominal, 9)
    return event.date >= since


def _occurrences(planned: Planned, inputs: Mapping[str, Any], as_of: date) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if planned.series == "annuity":
        yield from _annuity_years(inputs)
    elif any(inputs.get(key) for key in planned.rule.how.get("given", ())):
        yield STATED, inputs
    else:
        for cycle in range(1, planned.rule.applies.get("last", 60) + 1):
            yield str(cycle), {**inputs, "cycle": cycle}


def _cycle_of(end: date, inputs: Mapping[str, Any]) -> str:
    """The number of a ten-year term by its end, so that a corrected end is still the same term: counted from the
    registration, or the decade where that is not known."""
    start = inputs.get("registration_date")
    if type(start) is not date:
        return f"{end.year // 10}x"
    return str(max(1, round((end - start).days / 3652)))


def _annuity_years(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The annuity years still to come after the year of grant, or after the last year known to be paid."""
    filed = inputs.get("filing_date") or inputs.get("international_filing_date")
    granted = inputs.get("grant_publication_date")
    if type(filed) is not date or type(granted) is not date:
        raise InputError("missing_input", "needs filing_date and grant_publication_date")
    kind = inputs["right_kind"]
    last = 10 if kind == "design" and filed < _DESIGN_15 else _LAST_YEAR.get(kind, 20)
    paid = inputs.get("paid_to_year")
    first = (paid if isinstance(paid, int) else annuity_year_on(filed, granted)) + 1
    for year in range(max(first, 2), last + 1):
        yield str(year), {**inputs, "annuity_year": year}


@lru_cache(maxsize=8)
def deriver(pack: Pack, calendars: Calendars) -> Deriver:
    """The deriver of a pack over calendars, made once."""
    return Deriver(pack, calendars)


def derive(facts: Facts, pack: Pack, calendars: Calendars, as_of: date) -> Derivation:
    """The deadlines of one case: same facts, same result, whatever their order."""
    return deriver(pack, calendars)(facts, as_of)
