"""Events in a real deployment: moves, guards, papers, relations, separation of duties, facts for deadlines."""

from __future__ import annotations

import io
from datetime import date

import pytest
from sqlalchemy import select

from core import (
    Forbidden,
    Invalid,
    Refused,
    add_file,
    create,
    db,
    get,
    keep,
    record_class,
    run_action,
    update,
    use_locale,
)
from plugins.cases.entry import Entry, waiting_words
from plugins.cases.facts import machine_facts

CASE = "cases.case"
REFUSAL = {
    "event": "TM_REFUSAL_ISSUED",
    "dispatch_date": "2026-11-13",
    "receipt_date": "2026-11-16",
    "grounds": "第三十条",
    "cited_marks": ["61204883"],
    "filed_at": "流程柜 3",
}


@pytest.fixture
def mark(acting, agency):
    """A mark under examination, taken over from another agency; its id."""
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "云岫", "client": agency.client, "agent": agency.agent}
        case = create(record_class(CASE), values | {"status": "substantive_exam", "filing_date": "2026-03-27"})
        return case.id


def do(ident, code, **params):
    return run_action(get(record_class(CASE), ident), CASE, code, params)


def attach(ident, kind, content=b"%PDF-1.7 paper"):
    sha256, size = keep(io.BytesIO(content + kind.encode()), 1 << 20)
    values = {"record_key": CASE, "record_id": ident, "kind": kind, "filename": f"{kind}.pdf"}
    values |= {"sha256": sha256, "size": size, "mime": "application/pdf"}
    return create(record_class("core.attachment"), values, allow=("sha256", "size", "mime")).id


def test_an_event_moves_the_case_and_keeps_its_dates(acting, mark):
    with acting("clerk"):
        answer = do(mark, "record_event", **REFUSAL)
        assert (answer["status"], answer["moved"]) == ("refused", True)
    with acting("clerk"):
        case = get(record_class(CASE), mark)
        event = get(record_class("cases.event"), answer["event"])
        assert case.status_group == "action"
        assert case.grounds == "第三十条"
        assert case.cited_marks == ["61204883"]
        assert (event.dispatch_date, event.receipt_date) == (date(2026, 11, 13), date(2026, 11, 16))
        assert (event.state_before, event.state_after) == ("substantive_exam", "refused")
        assert event.date == date(2026, 11, 13)


def test_missing_needs_are_named_one_by_one_and_nothing_is_written(acting, mark):
    with pytest.raises(Invalid) as refused, acting("clerk"):
        do(mark, "record_event", event="TM_REFUSAL_ISSUED")
    assert {e.field for e in refused.value.errors} == {
        "dispatch_date",
        "receipt_date",
        "document",
        "grounds",
        "cited_marks",
    }
    with acting("clerk"):
        event = record_class("cases.event")
        assert db.session.scalars(select(event.id).where(event.case_id == mark)).all() == []


def test_an_official_fact_can_be_kept_before_the_case_can_move_and_completed_later(acting, mark):
    with acting("clerk"):
        kept = do(mark, "record_event", event="TM_REFUSAL_ISSUED", dispatch_date="2026-11-13", keep=True)
        assert (kept["moved"], kept["status"]) == (False, "substantive_exam")
        assert kept["waiting"]
    with acting("clerk"):
        done = do(mark, "record_event", **REFUSAL, complete=kept["event"])
        assert (done["event"], done["status"]) == (kept["event"], "refused")
        assert done["waiting"] is None


def test_an_event_ahead_of_the_status_says_what_is_missing_and_is_completed_in_its_time(acting, agency):
    with acting("head"):
        values = {"case_type": "tm_application", "mark_name": "先到", "status": "filed", "agent": agency.agent}
        ident = create(record_class(CASE), values).id
    with acting("clerk"):
        known = {"publication_date": "2026-11-06", "gazette_issue": "1950"}
        early = do(ident, "record_event", event="TM_PRELIM_PUBLISHED", details=known)
        assert (early["moved"], early["status"]) == (False, "filed")
        with use_locale("zh"):
            (words,) = waiting_words(early["waiting"])
        assert "已受理" in words
        assert "商标受理通知书" in words
    with acting("clerk"):
        accepted = {
            "application_number": "80000001",
            "acceptance_date": "2026-11-01",
            "receipt_date": "2026-11-01",
            "dispatch_date": "2026-11-01",
        }
        do(ident, "record_event", event="TM_ACCEPTANCE_ISSUED", filed_at="柜 1", **accepted)
        done = do(ident, "record_event", event="TM_PRELIM_PUBLISHED", complete=early["event"])
        assert (done["event"], done["status"], done["waiting"]) == (early["event"], "published", None)


def test_an_internal_step_ahead_of_the_status_is_refused_with_the_way_to_it(acting, agency):
    with acting("head"):
        ident = create(record_class(CASE), {"case_type": "tm_application", "mark_name": "太早"}).id
    with pytest.raises(Invalid) as refused, acting("head"):
        do(ident, "record_event", event="CLIENT_CONFIRMED")
    error = refused.value.errors[0]
    assert (error.field, error.code) == ("event", "too_early")
    with use_locale("zh"):
        assert "立案" in str(error.message) or "Case opened" in str(error.message)


def test_the_status_is_not_edited_but_moved(acting, mark):
    with pytest.raises(Refused), acting("clerk"):
        update(get(record_class(CASE), mark), {"status": "registered"})


def test_only_the_named_roles_move_a_case(acting, agency):
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "禾小满", "agent": agency.agent, "status": "on_hold"}
        ident = create(record_class(CASE), values).id
    with pytest.raises(Forbidden), acting("agent"):
        do(ident, "record_event", event="CASE_RESUMED")
    with acting("head"):
        assert do(ident, "record_event", event="CASE_RESUMED")["status"] == "preparing"


def test_filing_waits_until_another_person_verified_and_a_change_asks_again(acting, agency):
    with acting("head"):
        values = {"case_type": "tm_application", "mark_name": "海砚", "classes": ["16"], "status": "ready_to_file"}
        ident = create(record_class(CASE), values).id
    filing = {"event": "TM_FILED", "filing_date": "2026-11-20", "filing_channel": "online", "filed_at": "电子回执"}
    with pytest.raises(Refused), acting("head"):
        do(ident, "verify_critical")
    with pytest.raises(Forbidden), acting("finance"):
        do(ident, "verify_critical")
    with acting("verifier"):
        do(ident, "verify_critical")
    with acting("clerk"):
        update(get(record_class(CASE), ident), {"classes": ["16", "35"]})
    with pytest.raises(Invalid) as refused, acting("clerk"):
        do(ident, "record_event", **filing)
    assert [e.code for e in refused.value.errors] == ["condition"]
    with acting("verifier"):
        do(ident, "verify_critical")
    with acting("clerk"):
        assert do(ident, "record_event", **filing)["status"] == "filed"
        assert get(record_class(CASE), ident).filing_date == date(2026, 11, 20)


def test_the_receipt_proves_the_filing_date_and_a_later_change_asks_again(acting, agency):
    with acting("head"):
        values = {"case_type": "tm_application", "mark_name": "海砚", "classes": ["16"], "status": "ready_to_file"}
        case = create(record_class(CASE), values)
        ident, receipt = case.id, add_file(case, "回执.pdf", io.BytesIO(b"%PDF-1.4"), "filing_receipt").id
    with acting("verifier"):
        do(ident, "verify_critical")
    filing = {"event": "TM_FILED", "filing_date": "2026-11-20", "filing_channel": "online", "document": receipt}
    with acting("clerk"):
        assert do(ident, "record_event", **filing)["status"] == "filed"
    with acting("clerk"):
        case = get(record_class(CASE), ident)
        assert (case.filing_date, case.verified_by_id) == (date(2026, 11, 20), agency.verifier)
        update(case, {"filing_date": "2026-11-19"})
        assert (case.verified_by_id, case.entered_by_id) == (None, agency.clerk)


def test_a_class_without_goods_is_no_list_of_goods(acting, agency):
    with acting("head"):
        ident = create(record_class(CASE), {"case_type": "tm_application", "classes": ["16"], "goods": []}).id
    with acting("head") as session:
        case = get(record_class(CASE), ident)
        assert case.goods == [{"class": 16, "items": []}]
        assert machine_facts(case, Entry("CASE_SUBMITTED_FOR_REVIEW"), agency.head).get("goods") is None
        update(case, {"goods": [{"class": 16, "items": ["纸"]}]})
        session.flush()
        assert machine_facts(case, Entry("CASE_SUBMITTED_FOR_REVIEW"), agency.head).get("goods")


def test_two_persons_pass_a_review_and_the_author_is_none_of_them(acting, agency):
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "澄光", "agent": agency.agent, "status": "preparing"}
        goods = {"goods": [{"class": 9, "items": ["灯"]}]}
        case = create(record_class(CASE), values | goods)
        for kind in ("applicant_id_document", "power_of_attorney", "search_report"):
            attach(case.id, kind)
        case.mark_image_id = attach(case.id, "mark_image")
        ident = case.id
    with acting("agent"):
        assert do(ident, "record_event", event="CASE_SUBMITTED_FOR_REVIEW")["status"] == "internal_review"
    with acting("head"):
        create(record_class("cases.member"), {"case": ident, "user": agency.reviewer, "role": "reviewer"})
        first = do(ident, "record_event", event="CASE_REVIEW_PASSED", review_opinion="同意")
        assert (first["moved"], first["status"]) == (False, "internal_review")
    with acting("head"):
        again = do(ident, "record_event", event="CASE_REVIEW_PASSED", review_opinion="再看一遍")
        assert again["moved"] is False
    with acting("reviewer"):
        second = do(ident, "record_event", event="CASE_REVIEW_PASSED", review_opinion="同意")
        assert second["status"] == "client_confirm"
        event = record_class("cases.event")
        assert [e.waiting for e in db.session.scalars(select(event).where(event.case_id == ident)) if e.waiting] == []


def test_an_image_filed_as_that_of_the_mark_is_the_image_of_the_case(acting, mark):
    for content in (b"first", b"in black and white"):
        with acting("clerk"):
            image = attach(mark, "mark_image", content)
            attach(mark, "search_report", content)
        with acting("clerk"):
            assert get(record_class(CASE), mark).mark_image_id == image


def test_a_confirmation_is_asked_with_its_words_and_kept_with_its_reason(acting, agency):
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "旧标", "status": "registered"}
        ident = create(record_class(CASE), values).id
    event = {"event": "TM_INVALIDATED", "filed_at": "档案室"}
    with pytest.raises(Invalid) as refused, acting("head"):
        do(ident, "record_event", **event)
    assert [(e.field, e.code) for e in refused.value.errors] == [("reason", "confirmation")]
    with acting("head"):
        answer = do(ident, "record_event", **event, reason="行政判决已生效")
        assert get(record_class("cases.event"), answer["event"]).reason == "行政判决已生效"
        assert answer["status"] == "invalidated"


def test_filing_a_review_moves_the_application_too(acting, agency, mark):
    with acting("clerk"):
        do(mark, "record_event", **REFUSAL)
        values = {"case_type": "tm_review", "parent_case": mark, "review_kind": "refusal", "status": "ready_to_file"}
        review = create(record_class(CASE), values | {"attacked_mark": "云岫", "filing_date": "2026-11-18"}).id
    with acting("verifier"):
        do(review, "verify_critical")
    with acting("clerk"):
        filed = do(
            review,
            "record_event",
            event="TM_REVIEW_FILED",
            submission_date="2026-11-18",
            filing_channel="online",
            evidence_later=True,
            filed_at="电子回执",
        )
        assert filed["raised"][0]["case"] == mark
    with acting("clerk"):
        assert get(record_class(CASE), mark).status == "review_pending"


def test_one_class_may_leave_the_others(acting, agency):
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "拓屿", "classes": ["7", "9"], "status": "registered"}
        ident = create(record_class(CASE), values).id
    decision = {"event": "TM_CANCELLATION_DECISION_ISSUED", "filed_at": "档案室", "reason": "复审期已过"}
    with acting("head"):
        assert do(ident, "record_event", **decision, classes=["9"])["status"] == "registered"
    with acting("clerk"):
        goods = record_class("cases.goods")
        rows = db.session.execute(select(goods.nice_class, goods.status).where(goods.case_id == ident)).all()
        assert dict(map(tuple, rows)) == {"7": None, "9": "cancelled"}
    with acting("head"):
        assert do(ident, "record_event", **decision, classes=["7"])["status"] == "cancelled"


def test_a_wrong_status_is_corrected_with_reason_and_evidence(acting, mark):
    with pytest.raises(Invalid), acting("head"):
        do(mark, "correct_status", status="accepted", reason="录错")
    with pytest.raises(Forbidden), acting("clerk"):
        do(mark, "correct_status", status="accepted", reason="录错", evidence="受理通知书")
    with acting("head"):
        do(mark, "correct_status", status="accepted", reason="录错", evidence="受理通知书")
        assert get(record_class(CASE), mark).status == "accepted"


def test_cases_are_reassigned_in_bulk(acting, agency, mark):
    with acting("head"):
        cases = list(db.session.scalars(select(record_class(CASE)).where(record_class(CASE).id == mark)))
        run_action(cases, CASE, "reassign", {"agent": agency.other_agent, "reason": "休假"})
    with acting("other_agent"):
        assert get(record_class(CASE), mark).agent_id == agency.other_agent


def test_closing_moving_out_and_reopening(acting, mark):
    with pytest.raises(Invalid), acting("head"):
        do(mark, "transfer_out", to="别所", reason="客户来函")
    with acting("head"):
        letter = attach(mark, "client_instruction")
        assert do(mark, "transfer_out", to="别所", reason="客户来函", document=letter)["watched"] is True
        do(mark, "close", reason="已转出")
        assert get(record_class(CASE), mark).watched is False
    with acting("head"):
        do(mark, "reopen", reason="客户撤回转所")
        case = get(record_class(CASE), mark)
        assert (case.closed_on, case.watched, case.status) == (None, True, "substantive_exam")


def test_the_deadline_engine_is_told_fields_events_and_details(acting, mark):
    from plugins.cases import facts_of

    with acting("clerk"):
        do(mark, "record_event", **REFUSAL, delivery="electronic")
    with acting("clerk"):
        facts = facts_of(get(record_class(CASE), mark))
        assert facts.fields["filing_date"] == date(2026, 3, 27)
        assert not facts.ended
        event = facts.events[0]
        assert (event.code, event.date) == ("TM_REFUSAL_ISSUED", date(2026, 11, 13))
        assert event.inputs["delivery"] == "electronic"
        assert event.inputs["dispatch_date"] == date(2026, 11, 13)
        assert event.inputs["grounds"] == "第三十条"


def test_an_event_stored_as_a_plain_record_waits_and_is_completed_with_what_it_holds(acting, mark):
    event = record_class("cases.event")
    with acting("clerk"):
        plain = create(
            event,
            {
                "case": mark,
                "code": "TM_REFUSAL_ISSUED",
                "dispatch_date": "2026-11-13",
                "receipt_date": "2026-11-16",
                "details": {"grounds": "第三十条", "cited_marks": ["61204883"]},
            },
        )
        assert (plain.date, plain.source, bool(plain.waiting)) == (date(2026, 11, 13), "office", True)
        ident = plain.id
        assert get(record_class(CASE), mark).status == "substantive_exam"
    with acting("clerk"):
        done = do(mark, "record_event", event="TM_REFUSAL_ISSUED", complete=ident, filed_at="流程柜")
        assert (done["event"], done["status"], done["waiting"]) == (ident, "refused", None)


def test_a_client_withdraws_before_filing_only_with_the_own_letter(acting, agency):
    with acting("head"):
        values = {"case_type": "tm_application", "mark_name": "不办了", "status": "preparing"}
        ident = create(record_class(CASE), values).id
    leave = {"event": "CASE_WITHDRAWN_BY_CLIENT", "reason": "客户撤回", "filed_at": "文件柜"}
    leave |= {"details": {"settlement": "预付款已退"}}
    with pytest.raises(Invalid) as refused, acting("head"):
        do(ident, "record_event", **leave)
    assert [e.field for e in refused.value.errors] == ["document"]
    with acting("head"):
        attach(ident, "client_instruction")
        assert do(ident, "record_event", **leave)["status"] == "withdrawn_before_filing"


def test_the_review_in_the_docket_is_not_asked_for(acting, agency, mark):
    with acting("clerk"):
        do(mark, "record_event", **REFUSAL)
        create(record_class(CASE), {"case_type": "tm_review", "parent_case": mark, "attacked_mark": "云岫"})
        filed = {"event": "REVIEW_FILED", "submission_date": "2026-11-20", "filed_at": "电子回执"}
        assert do(mark, "record_event", **filed)["status"] == "review_pending"


def test_a_renewal_runs_on_from_the_old_end(acting, agency):
    with acting("clerk"):
        values = {"case_type": "tm_application", "mark_name": "老字号", "status": "registered"}
        ident = create(record_class(CASE), values | {"valid_to": "2026-12-31"}).id
    renewed = {"event": "TM_RENEWED", "filed_at": "续展证明"}
    with pytest.raises(Invalid), acting("clerk"):
        do(ident, "record_event", **renewed)
    with pytest.raises(Invalid), acting("clerk"):
        do(ident, "record_event", **renewed, valid_to="2036-11-30")
    with acting("clerk"):
        do(ident, "record_event", **renewed, valid_to="2036-12-31")
        case = get(record_class(CASE), ident)
        assert (case.valid_to, case.next_renewal_reminder) == (date(2036, 12, 31), date(2035, 12, 31))


def test_annuities_move_the_paid_year_on(acting, agency):
    with acting("clerk"):
        values = {"case_type": "invention", "title": "杀青机", "status": "granted", "paid_to_year": 5}
        ident = create(record_class(CASE), values).id
    paid = {"event": "ANNUITY_PAID", "payment_date": "2026-11-20", "amount": "1200", "filed_at": "回单"}
    with pytest.raises(Invalid), acting("clerk"):
        do(ident, "record_event", **paid, annuity_year=5)
    with acting("clerk"):
        do(ident, "record_event", **paid, annuity_year=6)
        assert get(record_class(CASE), ident).paid_to_year == 6


def test_a_card_dropped_on_a_lane_moves_the_case_by_its_event_or_says_what_is_missing(acting, agency):
    from plugins.cases.views import move_card

    with acting("clerk"):
        case = create(record_class(CASE), {"case_type": "tm_application", "mark_name": "卡片", "status": "accepted"})
        ident = case.id
    with acting("clerk"):
        assert move_card(get(record_class(CASE), ident), "substantive_exam")["status"] == "substantive_exam"
    with pytest.raises(Invalid), acting("clerk"):
        move_card(get(record_class(CASE), ident), "refused")
    with pytest.raises(Invalid), acting("clerk"):
        move_card(get(record_class(CASE), ident), "registered")
