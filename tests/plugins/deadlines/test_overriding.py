"""Dates set by hand: earlier at once, later only when the named second person has confirmed it."""

from datetime import timedelta

import pytest

from core import Forbidden, Invalid, Refused, get, hash_password, record_class, run_action, system, today, update
from plugins.deadlines.overriding import waiting_for_me
from plugins.deadlines.records import Deadline
from tests.e2e.desk import PASSWORD, Visitor

KEY = "deadlines.deadline"


def do(session, row, code, **given):
    return run_action(get(Deadline, row.id), KEY, code, given)


def ask_later(docket, acting, agency, days=10, second="verifier", by="head"):
    """A fatal deadline, and the later date that was asked for."""
    row = docket.refused_mark()
    later = row.due + timedelta(days)
    with acting(by) as session:
        do(session, row, "override", due=later.isoformat(), reason="法院通知", second=getattr(agency, second))
    return row, later


def test_an_earlier_date_needs_nobody(docket, acting):
    row = docket.refused_mark()
    earlier = row.due - timedelta(3)
    with acting("head") as session:
        do(session, row, "override", due=earlier.isoformat(), reason="客户要求")
    moved = docket.one(row.case_id, row.rule_code)
    assert (moved.due, moved.computed_due, moved.overridden, moved.wanted_due) == (earlier, row.due, True, None)
    assert moved.internal_date <= moved.safe_date <= moved.due


def test_a_later_date_counts_only_when_the_second_person_has_confirmed_it(docket, acting, agency):
    row, later = ask_later(docket, acting, agency)
    waiting = docket.one(row.case_id, row.rule_code)
    assert (waiting.due, waiting.wanted_due, waiting.overridden) == (row.due, later, False)
    assert (waiting.wanted_by_id, waiting.second_id) == (agency.head, agency.verifier)
    with acting("verifier") as session:
        do(session, row, "confirm_override")
    moved = docket.one(row.case_id, row.rule_code)
    assert (moved.due, moved.computed_due, moved.overridden, moved.wanted_due) == (later, row.due, True, None)
    assert (moved.reason, moved.second_id) == ("法院通知", agency.verifier)
    assert moved.confirmed_by_id is None, "the closure is a question of its own"


def test_nobody_confirms_their_own_later_date(docket, acting, agency):
    row = docket.refused_mark()
    with acting("root") as session, pytest.raises(Invalid):
        do(session, row, "override", due=(row.due + timedelta(9)).isoformat(), reason="?", second=agency.root)
    with acting("root") as session, pytest.raises(Invalid):
        do(session, row, "override", due=(row.due + timedelta(9)).isoformat(), reason="?")
    row, _later = ask_later(docket, acting, agency, by="root")
    with acting("root") as session, pytest.raises(Refused):
        do(session, row, "confirm_override")
    with acting("head") as session, pytest.raises(Refused):  # has the right, but was not named
        do(session, row, "confirm_override")
    assert docket.one(row.case_id, row.rule_code).due == row.due


def test_only_a_person_with_the_right_is_named(docket, acting, agency):
    row = docket.refused_mark()
    for somebody in (agency.agent, agency.stranger, agency.author):
        with acting("head") as session, pytest.raises(Invalid) as refused:
            do(session, row, "override", due=(row.due + timedelta(9)).isoformat(), reason="?", second=somebody)
        assert (refused.value.errors[0].field, refused.value.errors[0].code) == ("second", "no_right")
    with acting("agent") as session, pytest.raises(Forbidden):
        do(session, row, "confirm_override")


def test_the_second_person_sends_a_later_date_back(docket, acting, agency):
    row, _later = ask_later(docket, acting, agency)
    with acting("verifier") as session:
        do(session, row, "confirm_override", reason="没有依据")
    back = docket.one(row.case_id, row.rule_code)
    assert (back.due, back.wanted_due, back.second_id, back.overridden) == (row.due, None, None, False)


def test_a_waiting_date_is_on_the_work_list_of_the_second_person_alone(docket, acting, agency):
    row, _later = ask_later(docket, acting, agency)
    with acting("verifier"):
        assert row.id in [found.id for found in waiting_for_me()]
    with acting("head"):
        assert row.id not in [found.id for found in waiting_for_me()]


def test_a_waiting_date_outlives_a_new_computation_while_it_is_later(docket, acting, agency):
    case_id = docket.case(status="intake")
    event_id = docket.event(case_id, "TM_REFUSAL_ISSUED", today() - timedelta(2))
    row = docket.one(case_id, "CN.TM.REFUSAL_REVIEW")
    with acting("head") as session:
        later = (row.due + timedelta(30)).isoformat()
        do(session, row, "override", due=later, reason="法院通知", second=agency.verifier)
    with system("a corrected notice"):
        update(get(record_class("cases.event"), event_id), {"date": today(), "dispatch_date": today()})
    after = docket.one(case_id, "CN.TM.REFUSAL_REVIEW")
    assert after.id != row.id
    assert (after.wanted_due.isoformat(), after.second_id) == (later, agency.verifier)


def test_the_page_shows_the_waiting_date_and_home_of_the_second_person_too(docket, acting, agency, app):
    with system("passwords") as session:
        for login in ("head", "verifier"):
            user = session.get(record_class("core.user"), getattr(agency, login))
            user.password_hash = hash_password(PASSWORD)
    row, later = ask_later(docket, acting, agency)
    head, verifier = Visitor(app, "head"), Visitor(app, "verifier")
    page = head.get(f"/r/{KEY}/{row.id}").text
    assert f"请求改为 {later.isoformat()}。" in page
    assert "do/confirm_override" not in page
    assert "do/confirm_override" in verifier.get(f"/r/{KEY}/{row.id}").text
    assert later.isoformat() in verifier.get("/").text
    verifier.post(f"/r/{KEY}/{row.id}/-/do/confirm_override", reason="")
    assert docket.one(row.case_id, row.rule_code).due == later


def test_no_date_lies_before_the_day_it_is_counted_from(docket, acting):
    row = docket.refused_mark()
    with acting("root") as session, pytest.raises(Invalid) as refused:
        do(session, row, "override", due=(row.base_date - timedelta(days=1)).isoformat(), reason="typing error")
    assert refused.value.errors[0].code == "too_early"


def test_a_date_set_by_hand_stays_when_the_facts_move_it_later(docket, acting):
    case_id = docket.case(status="intake")
    event_id = docket.event(case_id, "TM_REFUSAL_ISSUED", today() - timedelta(2))
    row = docket.one(case_id, "CN.TM.REFUSAL_REVIEW")
    by_hand = row.due - timedelta(5)
    with acting("head") as session:
        do(session, row, "override", due=by_hand.isoformat(), reason="客户要求")
    with system("a corrected notice"):
        event = get(record_class("cases.event"), event_id)
        update(event, {"date": today(), "dispatch_date": today()})
    after = docket.one(case_id, "CN.TM.REFUSAL_REVIEW")
    assert (after.due, after.overridden) == (by_hand, True)
    assert after.computed_due > row.due
