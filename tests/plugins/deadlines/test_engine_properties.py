"""What holds for every rule and every day, shown by hypothesis."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plugins.deadlines.engine import Calendars, InputError, load_holidays, load_pack, shipped_engine
from plugins.deadlines.engine.dates import add_months
from plugins.deadlines.engine.derive import derive
from plugins.deadlines.engine.facts import Event, Facts
from plugins.deadlines.engine.fees import annuity_year_on

PACK, CALENDARS = load_pack(), Calendars(load_holidays())
DAYS = st.dates(date(2005, 1, 1), date(2040, 12, 31))
ROLLED = sorted(code for code, rule in PACK.rules.items() if rule.roll != "none" and rule.kind == "deadline")
PLAIN = sorted(code for code, rule in PACK.rules.items() if rule.roll != "none" and not rule.how and rule.period[0])


def inputs_for(code, day):
    keys = {key: day for spec in PACK.bases.values() for key in spec.get("keys", ())}
    figures = {"annuity_year": 6, "right_kind": "invention", "extension_months": 1, "original_period_months": 4}
    known = {**keys, PACK.rules[code].base: day, "priority_dates": (day,), "printed_period": (2, "month"), **figures}
    return {
        key: value
        for key, value in known.items()
        if key not in ("postmark_receipt_date", "handed_over_date", "service_date")
    } | ({"service_date": day} if PACK.rules[code].base == "service_date" else {})


def outcome(code, day):
    try:
        return shipped_engine()(code)(inputs_for(code, day))
    except InputError as problem:
        assume(problem.code != "not_in_force")
        raise


@given(st.sampled_from(ROLLED), DAYS)
@settings(max_examples=600, deadline=None)
def test_no_deadline_ends_on_a_rest_day_of_its_calendar(code, day):
    found = outcome(code, day)
    calendar = CALENDARS[PACK.rules[code].roll]
    assert not calendar.is_rest(found.due)
    assert found.safe <= found.due
    assert all(calendar.is_rest(found.nominal + timedelta(n)) for n in range((found.due - found.nominal).days))


@given(st.sampled_from(PLAIN), DAYS, st.integers(0, 400))
@settings(max_examples=400, deadline=None)
def test_a_later_base_never_gives_an_earlier_deadline(code, day, later):
    # Electronic service changed its length on 2024-01-20, so the two days lie on one side of that change.
    other = day + timedelta(later)
    assume((day < date(2024, 1, 20)) == (other < date(2024, 1, 20)))
    if PACK.rules[code].how.get("successor"):
        return
    assert outcome(code, day).due <= outcome(code, other).due


@given(DAYS, st.integers(0, 500))
def test_a_month_ends_on_the_same_day_or_the_last_of_the_month(day, months):
    end = add_months(day, months)
    assert (end.year - day.year) * 12 + end.month - day.month == months
    assert end.day == day.day or (end.day < day.day and (end + timedelta(1)).day == 1)


@given(DAYS, st.integers(0, 7300))
def test_an_annuity_year_holds_the_day(filed, after):
    day = filed + timedelta(after)
    year = annuity_year_on(filed, day)
    assert add_months(filed, 12 * (year - 1)) <= day < add_months(filed, 12 * year)


CODES = [
    *("PAT_OA1_ISSUED", "PAT_OA2_ISSUED", "OA_RESPONSE_FILED", "PAT_REJECTION_ISSUED", "REEXAM_FILED_AND_PAID"),
    *("PAT_GRANT_NOTICE_ISSUED", "PAT_ACCEPTANCE_ISSUED", "PAT_GRANTED", "ANNUITY_PAID", "UNKNOWN_CODE"),
]
EVENTS = st.lists(st.tuples(st.sampled_from(CODES), DAYS), max_size=8).map(
    lambda rows: [Event(str(number), code, day) for number, (code, day) in enumerate(rows)]
)
FIELDS = st.fixed_dictionaries(
    {"filing_date": DAYS},
    optional={"grant_publication_date": DAYS, "publication_date": DAYS, "paid_to_year": st.integers(1, 20)},
)


@given(EVENTS, FIELDS, DAYS, st.randoms())
@settings(max_examples=150, deadline=None)
def test_deriving_does_not_depend_on_order_and_repeats_itself(events, fields, as_of, random):
    first = derive(Facts("c", "invention", fields=fields, events=tuple(events)), PACK, CALENDARS, as_of)
    random.shuffle(events)
    items = list(fields.items())
    random.shuffle(items)
    second = derive(Facts("c", "invention", fields=dict(items), events=tuple(events)), PACK, CALENDARS, as_of)
    assert first == second
    identities = [item.identity for item in first.deadlines]
    assert len(identities) == len(set(identities))


@given(EVENTS, FIELDS, DAYS, st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_time_passing_takes_no_deadline_away_and_moves_none(events, fields, as_of, later):
    facts = Facts("c", "invention", fields=fields, events=tuple(events))
    before = {item.identity: item for item in derive(facts, PACK, CALENDARS, as_of).deadlines}
    after = {item.identity: item for item in derive(facts, PACK, CALENDARS, as_of + timedelta(later)).deadlines}
    assert before.keys() <= after.keys()
    assert all(item.due == after[identity].due for identity, item in before.items())


@given(st.sampled_from(["US", "TW", "KR", "JP"]), DAYS, DAYS)
def test_a_foreign_right_has_only_its_stated_end(jurisdiction, filed, end):
    facts = Facts(
        "c",
        "trademark",
        jurisdiction=jurisdiction,
        fields={"filing_date": filed, "registration_date": filed, "valid_to": end},
    )
    found = derive(facts, PACK, CALENDARS, date(2026, 11, 22)).deadlines
    assert [item.rule.code for item in found] == ["LOCAL.TERM_END"]
    assert found[0].due == end


@pytest.mark.parametrize("name", ["patent", "tm", "court", "wipo", "none"])
def test_each_roll_calendar_moves_to_the_first_open_day(name):
    calendar = CALENDARS[name]
    for number in range(date(2024, 1, 1).toordinal(), date(2027, 1, 1).toordinal()):
        day = date.fromordinal(number)
        moved = calendar[day]
        assert not calendar.is_rest(moved)
        assert moved == day or calendar.is_rest(day)
