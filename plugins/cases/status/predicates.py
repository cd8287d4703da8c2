"""Named predicates over facts: each answers yes, no, or None when the facts do not tell. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from plugins.cases.formats import BadNumber, parse_patent_number
from plugins.cases.status.facts import Facts

Answer = bool | None
Predicate = Callable[..., Answer]

POSTAL_PRESUMPTION = timedelta(days=15)
"""A paper counts as received at the latest this long after dispatch (trademark regulations, article 10)."""

MARGIN = timedelta(days=14)
"""The longest stretch by which holidays move the last day of a period; within it only a person can tell."""

SHORTER_OPPOSITION = date(2027, 1, 1)
"""Marks published from this day on can be opposed for two months (trademark law of 2026)."""

PREDICATES: dict[str, Predicate] = {}


def predicate(function: Predicate) -> Predicate:
    """Registers a predicate under its own name."""
    PREDICATES[function.__name__] = function
    return function


def ask(check: tuple[str, ...], facts: Facts) -> Answer:
    """The answer of one named check with its arguments. Raises KeyError for an unknown predicate."""
    return PREDICATES[check[0]](facts, *check[1:])


def _known(value: Any, holds: Callable[[Any], bool]) -> Answer:
    return None if value is None else holds(value)


def _span(text: str) -> relativedelta:
    number, unit = int(text[:-1]), text[-1]
    return relativedelta(days=number) if unit == "d" else relativedelta(months=number)


@predicate
def needs_present(facts: Facts) -> Answer:
    """The needs of the move are checked by the machine itself; the condition adds nothing."""
    return True


@predicate
def given(facts: Facts, name: str) -> Answer:
    """A value was entered."""
    return bool(facts.get(name))


@predicate
def two_reviewers(facts: Facts) -> Answer:
    """Two persons passed the review since the last submission, neither of them the author."""
    passed: set[int | None] = {facts.actor}
    for event in reversed(facts.past):
        if event.code == "CASE_SUBMITTED_FOR_REVIEW":
            break
        if event.code == "CASE_REVIEW_PASSED":
            passed.add(event.actor)
    return len(passed - {facts.author, None}) >= 2


@predicate
def verified_by_second(facts: Facts) -> Answer:
    """The critical data were verified by somebody else than who entered them, and not changed since."""
    verifier = facts.get("verified_by")
    return verifier is not None and verifier != facts.get("entered_by")


@predicate
def date_passed(facts: Facts, name: str) -> Answer:
    """The day is over."""
    return _known(facts.get(name), lambda day: day < facts.today)


@predicate
def outcome_is(facts: Facts, *accepted: str) -> Answer:
    """The outcome entered is one of these."""
    return _known(facts.get("outcome"), lambda outcome: outcome in accepted)


@predicate
def last_outcome(facts: Facts, code: str, *accepted: str) -> Answer:
    """The last decision of that kind had one of these outcomes."""
    event = facts.last(code)
    return _known(event and event.outcome, lambda outcome: outcome in accepted)


@predicate
def side_is(facts: Facts, side: str) -> Answer:
    """We act for that side."""
    return _known(facts.get("side"), lambda ours: ours == side)


@predicate
def recordal_is(facts: Facts, *kinds: str) -> Answer:
    """The recordal is of one of these kinds."""
    return _known(facts.get("recordal_kind"), lambda kind: kind in kinds)


@predicate
def loss_kind_is(facts: Facts, *kinds: str) -> Answer:
    """The right or application was lost in one of these ways."""
    return _known(facts.get("loss_kind"), lambda kind: kind in kinds)


@predicate
def loss_kind_or_over(facts: Facts, kind: str, span: str) -> Answer:
    """The loss is of that kind, or the restoration period after the loss notice is over."""
    if loss_kind_is(facts, kind):
        return True
    return period_over(facts, "PAT_LOSS_OF_RIGHT_NOTICE_ISSUED", span)


@predicate
def period_over(facts: Facts, code: str, span: str) -> Answer:
    """The period after the last such event is surely over; None while service and holidays may still move its end."""
    event = facts.last(code)
    day = facts.get("receipt_date") or facts.get("dispatch_date") if event is None else event.day
    if not isinstance(day, date):
        return None
    nominal = day + _span(span)
    if facts.today <= nominal:
        return False
    return True if facts.today > nominal + POSTAL_PRESUMPTION + MARGIN else None


@predicate
def over_or_waived(facts: Facts, code: str, span: str) -> Answer:
    """The period is over, or the client instructed in writing to let it pass."""
    return True if "client_instruction" in facts.docs else period_over(facts, code, span)


@predicate
def within(facts: Facts, code: str, span: str) -> Answer:
    """Done inside the period after the last such event; None in the days where service and holidays decide."""
    over = period_over(facts, code, span)
    return None if over is None else not over


@predicate
def within_years(facts: Facts, name: str, years: str) -> Answer:
    """Today lies inside so many years from a date field."""
    return _known(facts.get(name), lambda day: facts.today <= day + relativedelta(years=int(years)))


@predicate
def happened(facts: Facts, code: str) -> Answer:
    """Such an event is on the file."""
    return facts.last(code) is not None


@predicate
def never(facts: Facts, code: str) -> Answer:
    """No such event is on the file."""
    return facts.last(code) is None


@predicate
def on_file(facts: Facts, code: str) -> Answer:
    """Such an event is on the file; for cases taken over from elsewhere its absence tells nothing."""
    return True if facts.last(code) is not None else None


@predicate
def opposition_period_over(facts: Facts) -> Answer:
    """Three months from the first publication, two for publications from 2027; holidays may move the last day."""
    first = facts.get("publication_date")
    if first is None:
        return None
    last = first + relativedelta(months=2 if first >= SHORTER_OPPOSITION else 3)
    return False if facts.today <= last else True if facts.today > last + MARGIN else None


@predicate
def ended_on_annuity_day(facts: Facts) -> Answer:
    """The right ended on an anniversary of filing; any other day of a notice is looked at by a person."""
    filed, ended = facts.get("filing_date"), facts.get("cessation_date")
    if filed is None or ended is None:
        return None
    return True if ended == filed + relativedelta(years=ended.year - filed.year) else None


@predicate
def others_go_on(facts: Facts) -> Answer:
    """The country is one of several designations; a person looks at it where it is the only one, or not listed."""
    countries, country = facts.get("designations") or [], str(facts.get("country") or "").casefold()
    known = [str(name).casefold() for name in countries]
    return True if country in known and len(known) > 1 else None


@predicate
def unanswered(facts: Facts, asked: str, answered: str) -> Answer:
    """The last question was not answered after it was put."""
    codes = [event.code for event in facts.past]
    if asked not in codes:
        return None
    return answered not in codes[len(codes) - 1 - codes[::-1].index(asked) :]


@predicate
def not_under_opposition(facts: Facts) -> Answer:
    """No opposition is open."""
    if facts.last("TM_OPPOSITION_SERVED") is None:
        return True
    return not unanswered(facts, "TM_OPPOSITION_SERVED", "TM_OPPOSITION_CLOSED")


@predicate
def paid_year_advances(facts: Facts) -> Answer:
    """The annuity paid is that of a later year than the last one paid."""
    year, paid = facts.get("annuity_year"), facts.get("paid_to_year")
    return None if year is None else int(year) > int(paid or 0)


@predicate
def ten_years_on(facts: Facts) -> Answer:
    """The new end of the term lies ten years after the old one."""
    old, new = facts.get("old_valid_to"), facts.get("valid_to")
    return None if old is None or new is None else new == old + relativedelta(years=10)


@predicate
def validity_over(facts: Facts) -> Answer:
    """The term is over and no renewal was asked for since its last year began."""
    end = facts.get("validity_end") or facts.get("valid_to")
    if end is None:
        return None
    asked = facts.last("RENEWAL_FILED")
    renewed = asked is not None and (asked.day is None or asked.day >= end - relativedelta(years=1))
    return end < facts.today and not renewed


@predicate
def grace_over(facts: Facts) -> Answer:
    """The six months of grace after the end of the term are over; None while holidays may move the last day."""
    end = facts.get("valid_to")
    if end is None:
        return None
    last = end + relativedelta(months=6)
    return False if facts.today <= last else True if facts.today > last + MARGIN else None


@predicate
def refused_in_part(facts: Facts) -> Answer:
    """Only a part of the goods is hit: they were named, or the outcome says so."""
    outcome = facts.get("outcome")
    return outcome == "partly" if outcome else bool(facts.get("refused_goods"))


@predicate
def two_party(facts: Facts) -> Answer:
    """The review has another side: only that of a refusal has none."""
    return _known(facts.get("review_kind"), lambda kind: kind != "refusal")


@predicate
def split_number(facts: Facts) -> Answer:
    """The number of a divided file carries a letter."""
    return _known(facts.get("new_number"), lambda number: bool(re.fullmatch(r"\d{1,8}[A-Z]", str(number))))


@predicate
def designations_settled(facts: Facts) -> Answer:
    """Each designated country granted, refused, or let its period pass; None unless each states it."""
    rows = facts.get("designations")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("status") for row in rows):
        return None
    return all(row["status"] in ("granted", "refused", "period_over") for row in rows)


@predicate
def application_number_valid(facts: Facts) -> Answer:
    """The application number has the right shape and check character."""

    def valid(number: Any) -> bool:
        try:
            return parse_patent_number(str(number)).check is not None
        except BadNumber:
            return False

    return _known(facts.get("application_number"), valid)


@predicate
def pct_number(facts: Facts) -> Answer:
    """The type digit of the application number says national phase: 8 invention, 9 utility model."""

    def entered(number: Any) -> bool:
        try:
            return parse_patent_number(str(number)).is_pct
        except BadNumber:
            return False

    return _known(facts.get("application_number"), entered)


@predicate
def software_number(facts: Facts) -> Answer:
    """The registration number reads like 2024SR0123456."""
    return _known(facts.get("registration_number"), lambda number: bool(re.fullmatch(r"\d{4}SR\d{6,7}", str(number))))
