"""Closing needs evidence, and a second person where a right is at stake; other ways to end a deadline."""

from datetime import date, timedelta

import pytest

from core import Forbidden, Invalid, Refused, create, get, record_class, run_action, today, update
from plugins.deadlines.records import Deadline

KEY = "deadlines.deadline"


def do(session, row, code, **given):
    return run_action(get(Deadline, row.id), KEY, code, given)


def test_without_evidence_nothing_is_closed(docket, acting):
    row = docket.refused_mark()
    with acting("agent") as session, pytest.raises(Invalid) as refused:
        do(session, row, "close_with_evidence", act_date=today().isoformat())
    assert refused.value.errors[0].field == "evidence"


def test_a_fatal_deadline_is_closed_by_two_people(docket, acting):
    row = docket.refused_mark()
    with acting("clerk") as session:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="FS-001")
    assert docket.one(row.case_id, row.rule_code).status == "to_confirm"
    with acting("clerk") as session, pytest.raises(Forbidden):
        do(session, row, "confirm_closure")
    with acting("verifier") as session:
        do(session, row, "confirm_closure")
    closed = docket.one(row.case_id, row.rule_code)
    assert (closed.status, closed.evidence) == ("met", "FS-001")
    assert closed.closed_by_id != closed.confirmed_by_id


def test_evidence_that_waits_for_the_second_person_is_not_replaced(docket, acting):
    row = docket.refused_mark()
    with acting("clerk") as session:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="FS-001")
    with acting("agent") as session, pytest.raises(Refused) as refused:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="FS-999")
    assert refused.value.code == "not_available"
    with acting("verifier") as session:
        do(session, row, "confirm_closure", reason="wrong receipt")
    assert docket.one(row.case_id, row.rule_code).status == "open"


def test_who_closed_cannot_confirm_even_with_the_right(docket, acting):
    row = docket.refused_mark()
    with acting("root") as session:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="FS-002")
    with acting("root") as session, pytest.raises(Refused) as refused:
        do(session, row, "confirm_closure")
    assert refused.value.code == "separation_of_duties"


def test_who_recorded_the_event_that_closed_it_cannot_confirm(docket, acting):
    row = docket.refused_mark()
    with acting("root"):
        day = today()
        values = {"case": row.case_id, "code": "REVIEW_FILED", "date": day, "delivery": "electronic"}
        create(record_class("cases.event"), values)
    assert docket.one(row.case_id, row.rule_code).status == "to_confirm"
    with acting("root") as session, pytest.raises(Refused) as refused:
        do(session, row, "confirm_closure")
    assert refused.value.code == "separation_of_duties"


def test_the_second_person_may_send_it_back(docket, acting):
    row = docket.refused_mark()
    with acting("clerk") as session:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="?")
    with acting("verifier") as session:
        do(session, row, "confirm_closure", reason="回执不清楚")
    back = docket.one(row.case_id, row.rule_code)
    assert (back.status, back.reason) == ("open", "回执不清楚")


def test_a_curable_one_is_met_at_once(docket, acting):
    case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
    row = docket.one(case_id, "CN.TM.RENEWAL")
    with acting("agent") as session:
        do(session, row, "close_with_evidence", act_date=today().isoformat(), evidence="XZ-1")
    assert docket.one(case_id, "CN.TM.RENEWAL").status == "met"


def test_only_the_head_waives(docket, acting):
    row = docket.refused_mark()
    with acting("agent") as session, pytest.raises(Forbidden):
        do(session, row, "waive", reason="客户邮件")
    with acting("head") as session:
        do(session, row, "waive", reason="客户 11 月 20 日邮件指示放弃")
    assert docket.one(row.case_id, row.rule_code).status == "waived"


def test_a_missed_one_asks_for_the_reason_and_only_when_past(docket, acting):
    row = docket.refused_mark()
    with acting("head") as session, pytest.raises(Refused):
        do(session, row, "reason_missed", reason="?")
    late = docket.refused_mark(ago=60)
    with acting("head") as session:
        do(session, late, "reason_missed", reason="通知寄错地址")
    assert docket.one(late.case_id, late.rule_code).status == "missed"


def test_deadlines_are_handed_over_in_bulk(docket, acting, agency):
    rows = [docket.refused_mark(), docket.refused_mark()]
    with acting("head"):
        chosen = [get(Deadline, row.id) for row in rows]
        run_action(chosen, KEY, "hand_over", {"person": agency.clerk, "deputy": agency.agent})
    assert {docket.one(row.case_id, row.rule_code).responsible_id for row in rows} == {agency.clerk}


def test_a_deadline_is_entered_by_hand_where_no_rule_knows_it(docket, acting):
    case_id = docket.case(status="intake")
    due = today() + timedelta(40)
    with acting("clerk"):
        made = create(Deadline, {"case": case_id, "name": "缴费通知书所载期限", "due": due, "severity": "fatal"}).id
    row = docket.one(case_id, "MANUAL")
    assert (row.id, row.due, row.safe_date, row.status) == (made, due, due, "open")
    assert row.internal_date < due
    docket.event(case_id, "TM_ACCEPTANCE_ISSUED", today())
    assert docket.one(case_id, "MANUAL").status == "open"
    with acting("clerk"):
        update(get(Deadline, made), {"due": due + timedelta(1)})
    assert docket.one(case_id, "MANUAL").nominal_date == due + timedelta(1)


def test_a_computed_one_is_not_edited(docket, acting):
    row = docket.refused_mark()
    with pytest.raises(Invalid) as refused, acting("clerk"):
        update(get(Deadline, row.id), {"due": row.due + timedelta(9)})
    assert refused.value.errors[0].code == "computed"
