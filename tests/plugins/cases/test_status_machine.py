"""The status machine by examples: guards, branches, overlays, what is asked and what is not."""

from __future__ import annotations

from datetime import date

from plugins.cases import status
from plugins.cases.status import Facts, Past, Problem, apply_event, model, moves

TODAY = date(2026, 11, 22)
TM = model("tm_application")
INV = model("invention")


def facts(**known) -> Facts:
    known.setdefault("today", TODAY)
    return Facts(**known)


def test_a_refusal_needs_its_dates_its_paper_and_its_grounds():
    result = apply_event(TM, "substantive_exam", (), "TM_REFUSAL_ISSUED", facts(), {"process_clerk"})
    assert not result.moved
    assert set(result.problems) == {
        Problem("dates", "dispatch_date"),
        Problem("dates", "receipt_date"),
        Problem("docs", "notice"),
        Problem("fields", "grounds"),
        Problem("fields", "cited_marks"),
    }


def test_a_refusal_with_all_it_needs_moves_the_mark():
    entered = {
        "dispatch_date": TODAY,
        "receipt_date": TODAY,
        "grounds": "第三十条",
        "cited_marks": ["61204883"],
    }
    known = facts(values=entered, event_document=True)
    result = apply_event(TM, "substantive_exam", (), "TM_REFUSAL_ISSUED", known, {"process_clerk"})
    assert (result.moved, result.state) == (True, "refused")


def test_roles_decide_who_may_move_and_the_clerk_stands_for_the_intake():
    assert [m.to.code for m in moves(TM, "on_hold", {"tm_agent"})] == []
    assert [m.to.code for m in moves(TM, "on_hold", {"client_manager"})] == ["preparing"]
    assert "accepted" in [m.to.code for m in moves(model("cr_works"), "filed", {"process_clerk"})]
    refused = apply_event(TM, "on_hold", (), "CASE_RESUMED", facts(), {"tm_agent"})
    assert refused.problems[0].kind == "role"


def test_needs_and_conditions_of_what_is_not_here_are_not_asked():
    entered = {"client": 1, "agent": 2, "process_clerk": 3}
    alone = apply_event(TM, "intake", (), "CASE_ACCEPTED", facts(values=entered), {"dept_head"})
    assert (alone.moved, alone.state) == (True, "preparing")
    known = facts(values=entered, records=frozenset({"clients.conflict_check", "billing.price_item"}))
    asked = apply_event(TM, "intake", (), "CASE_ACCEPTED", known, {"dept_head"})
    assert {(p.kind, p.name) for p in asked.problems} == {
        ("fields", "service_item"),
        ("docs", "conflict_check_record"),
        ("confirmation", "conflict check clear or waived by the partner"),
    }


def test_a_review_is_passed_by_two_persons_neither_of_them_the_author():
    submitted = Past("CASE_SUBMITTED_FOR_REVIEW", TODAY, actor=1)
    opinion = {"review_opinion": "可以"}
    first = apply_event(
        TM,
        "internal_review",
        (),
        "CASE_REVIEW_PASSED",
        facts(values=opinion, past=(submitted,), actor=2, author=1),
        None,
    )
    assert (first.moved, first.accepted) == (False, True)
    assert first.waiting
    second = facts(values=opinion, past=(submitted, Past("CASE_REVIEW_PASSED", TODAY, actor=2)), actor=3, author=1)
    assert apply_event(TM, "internal_review", (), "CASE_REVIEW_PASSED", second, None).state == "client_confirm"
    author = facts(values=opinion, past=(submitted, Past("CASE_REVIEW_PASSED", TODAY, actor=2)), actor=1, author=1)
    assert not apply_event(TM, "internal_review", (), "CASE_REVIEW_PASSED", author, None).moved


def test_a_standing_instruction_skips_the_client():
    opinion = {"review_opinion": "可以", "confirmation_waiver_reason": "框架合同第 5 条"}
    known = facts(values=opinion, actor=2, author=1)
    assert apply_event(TM, "internal_review", (), "CASE_REVIEW_PASSED", known, {"dept_head"}).state == "ready_to_file"


def test_filing_waits_for_the_second_person():
    entered = {"filing_date": TODAY, "filing_channel": "online", "entered_by": 1, "verified_by": 1}
    known = facts(values=entered, event_document=True)
    same = apply_event(TM, "ready_to_file", (), "TM_FILED", known, {"process_clerk"})
    assert same.problems == (Problem("condition", "second person has verified names, classes, dates"),)
    other = facts(values=entered | {"verified_by": 2}, event_document=True)
    assert apply_event(TM, "ready_to_file", (), "TM_FILED", other, {"process_clerk"}).state == "filed"


def test_what_only_a_person_knows_is_confirmed_with_a_reason():
    known = facts(event_document=True)
    asked = apply_event(TM, "registered", (), "TM_INVALIDATED", known, {"dept_head"})
    assert asked.problems == (Problem("confirmation", "final"),)
    told = facts(event_document=True, confirmation="一审判决已生效，未上诉")
    done = apply_event(TM, "registered", (), "TM_INVALIDATED", told, {"dept_head"})
    assert (done.state, done.confirmed) == ("invalidated", "final")


def test_the_side_decides_whether_a_decision_is_good():
    opposition = model("tm_opposition")
    decided = {"dispatch_date": TODAY, "receipt_date": TODAY}
    for side, expected in (("opponent", "decided_adverse"), ("respondent", "decided_favourable")):
        known = facts(values=decided | {"side": side}, event_document=True)
        result = apply_event(opposition, "accepted", (), "TM_OPPOSITION_REGISTERED_DECIDED", known)
        assert result.state == expected
    partly = facts(values=decided | {"side": "opponent", "refused_goods": ["3002 茶"]}, event_document=True)
    assert apply_event(opposition, "accepted", (), "TM_NON_REGISTRATION_ISSUED", partly).state == "decided_partly"


def test_an_unknown_outcome_offers_the_choice():
    judgment = facts(event_document=True, confirmation="判决书主文第二项")
    asked = apply_event(TM, "litigation", (), "TM_COURT_DECIDED", judgment)
    assert set(asked.choices) == {"review_pending", "registered"}
    chosen = facts(event_document=True, to="registered")
    assert apply_event(TM, "litigation", (), "TM_COURT_DECIDED", chosen).state == "registered"


def test_an_adverse_decision_waits_until_the_time_to_sue_is_over():
    reexam = {"dispatch_date": TODAY, "outcome": "adverse"}
    fresh = apply_event(
        INV, "reexam_pending", (), "PAT_REEXAM_DECISION_ISSUED", facts(values=reexam, event_document=True)
    )
    assert (fresh.moved, fresh.accepted) == (False, True)
    late = facts(values=reexam | {"dispatch_date": date(2026, 6, 1)}, event_document=True)
    assert apply_event(INV, "reexam_pending", (), "PAT_REEXAM_DECISION_ISSUED", late).state == "rejected_final"


def test_restoration_goes_back_to_the_state_before_the_loss():
    lost = {"loss_kind": "deemed_withdrawn", "return_to_state": "oa_due"}
    restored = apply_event(INV, "restoring", (), "PAT_RESTORED", facts(values=lost, event_document=True))
    assert restored.state == "oa_due"
    ceased = facts(values={"loss_kind": "ceased"}, event_document=True)
    assert apply_event(INV, "restoring", (), "PAT_RESTORED", ceased).state == "granted"
    nowhere = facts(values=lost | {"return_to_state": "moon"}, event_document=True)
    assert apply_event(INV, "restoring", (), "PAT_RESTORED", nowhere).problems


def test_an_attack_is_an_overlay_and_never_the_status():
    attacked = apply_event(TM, "registered", (), "TM_NON_USE_CANCELLATION_SERVED", facts())
    assert (attacked.state, attacked.overlays) == ("registered", {"non_use_attacked"})
    kept = apply_event(TM, "registered", attacked.overlays, "TM_NON_USE_CLOSED", facts())
    assert kept.overlays == frozenset()


def test_official_facts_are_recorded_in_any_state_but_inner_moves_are_not():
    assert apply_event(TM, "registered", (), "INFRINGEMENT_KNOWN", facts()).accepted
    assert not apply_event(TM, "registered", (), "CASE_REVIEW_PASSED", facts()).accepted
    assert not apply_event(TM, "registered", (), "NO_SUCH_EVENT", facts()).accepted


def test_a_number_with_a_wrong_check_digit_does_not_accept_a_patent():
    entered = {"dispatch_date": TODAY, "application_number": "202410123456.1", "filing_date": TODAY}
    known = facts(values=entered | {"acceptance_date": TODAY}, event_document=True)
    wrong = apply_event(INV, "filed", (), "PAT_ACCEPTANCE_ISSUED", known)
    assert [p.kind for p in wrong.problems] == ["condition"]
    right = facts(values={**known.values, "application_number": "202410123456.0"}, event_document=True)
    assert apply_event(INV, "filed", (), "PAT_ACCEPTANCE_ISSUED", right).state == "accepted"


def test_also_raise_names_the_related_case():
    entered = {"filing_channel": "online", "evidence_later": True, "submission_date": TODAY, "verified_by": 2}
    known = facts(values=entered | {"entered_by": 1}, event_document=True)
    filed = apply_event(model("tm_review"), "ready_to_file", (), "TM_REVIEW_FILED", known)
    assert [(a.on, a.event) for a in filed.raises] == [("parent", "REVIEW_FILED")]


def test_the_road_shows_travelled_now_and_expected_ranges():
    travelled = [
        ("intake", date(2026, 3, 12)),
        ("preparing", date(2026, 3, 18)),
        ("internal_review", date(2026, 3, 20)),
        ("ready_to_file", date(2026, 3, 26)),
        ("filed", date(2026, 3, 27)),
        ("accepted", date(2026, 4, 21)),
        ("refused", date(2026, 11, 13)),
        ("review_pending", date(2026, 11, 20)),
    ]
    stops = status.road(TM, travelled, {"filing_date": date(2026, 3, 27)})
    assert [(s.code, s.state, s.low) for s in stops] == [
        ("intake", "ok", False),
        ("ready_to_file", "ok", False),
        ("filed", "ok", False),
        ("accepted", "ok", False),
        ("refused", "bad", True),
        ("review_pending", "now", False),
        ("published", "next", False),
        ("registered", "next", False),
    ]
    published = stops[-2]
    assert published.earliest is not None
    assert published.earliest < published.latest


def test_the_road_ends_where_the_case_ends():
    assert [s.state for s in status.road(TM, [("filed", TODAY), ("not_accepted", TODAY)], {})] == ["ok", "bad"]


def moved(model_, state, event, roles, **known):
    return apply_event(model_, state, (), event, facts(**known), roles)


def test_the_end_of_the_opposition_period_is_believed_only_when_it_is_over():
    published = {"publication_date": date(2026, 7, 1)}
    assert moved(TM, "published", "TM_OPPOSITION_PERIOD_ENDED", None, values=published).moved
    running = {"publication_date": date(2026, 9, 1)}
    early = moved(TM, "published", "TM_OPPOSITION_PERIOD_ENDED", None, values=running)
    assert [p.kind for p in early.problems] == ["condition"]
    asked = moved(TM, "published", "TM_OPPOSITION_PERIOD_ENDED", None)
    assert [p.kind for p in asked.problems] == ["confirmation"]
    assert moved(TM, "published", "TM_OPPOSITION_PERIOD_ENDED", None, confirmation="查询商标网").moved


def test_a_mark_published_in_2027_can_be_opposed_for_two_months():
    known = facts(values={"publication_date": date(2027, 1, 6)}, today=date(2027, 3, 25))
    assert apply_event(TM, "published", (), "TM_OPPOSITION_PERIOD_ENDED", known, None).moved


def test_there_is_one_first_office_action_and_later_ones_follow_it():
    first = {"values": {"dispatch_date": TODAY, "citations": ["D1"], "claims_rejected": "1-3"}, "event_document": True}
    assert moved(INV, "substantive_exam", "PAT_OA1_ISSUED", None, **first).moved
    past = (Past("PAT_OA1_ISSUED", date(2026, 3, 1)),)
    again = moved(INV, "oa_replied", "PAT_OA1_ISSUED", None, past=past, **first)
    assert [p.kind for p in again.problems] == ["condition"]
    assert moved(INV, "oa_replied", "PAT_OA2_ISSUED", None, past=past, **first).moved
    taken_over = moved(INV, "oa_replied", "PAT_OA2_ISSUED", None, **first)
    assert [p.kind for p in taken_over.problems] == ["confirmation"]


def test_a_right_ends_on_its_annuity_day_or_a_person_says_why_not():
    def ended(day, **more):
        values = {"filing_date": date(2020, 2, 29), "cessation_date": day}
        return moved(INV, "loss_notice", "PAT_TERMINATED", None, values=values, event_document=True, **more)

    assert ended(date(2026, 2, 28)).moved
    assert [p.kind for p in ended(date(2026, 3, 15)).problems] == ["confirmation"]
    assert ended(date(2026, 3, 15), confirmation="通知书如此").confirmed


def test_a_refused_designation_leaves_the_others_alive_or_is_looked_at():
    madrid = model("madrid")

    def refused(*designations, country="日本"):
        values = {"country": country, "outcome": "adverse", "designations": list(designations)}
        return moved(madrid, "provisional_refusal", "MADRID_DESIGNATION_REFUSED", None, values=values)

    assert refused("日本", "美国").moved
    assert [p.kind for p in refused("日本").problems] == ["confirmation"]
    assert [p.kind for p in refused("法国", "美国").problems] == ["confirmation"]


def test_that_nothing_is_added_is_said_by_a_person_with_a_reason():
    attacked = model("pat_invalidation")
    silent = moved(attacked, "supplement_open", "CASE_RESUMED", None, values={"reason": "无补充"})
    assert [p.kind for p in silent.problems] == ["confirmation"]
    assert moved(
        attacked, "supplement_open", "CASE_RESUMED", None, values={"reason": "无补充"}, confirmation="无补充"
    ).moved


def test_an_event_that_comes_before_its_time_waits_and_names_the_way():
    early = moved(TM, "preparing", "TM_PRELIM_PUBLISHED", {"process_clerk"})
    assert early.accepted
    assert not early.moved
    assert early.way.state == "accepted"
    assert early.way.events[-1] == "TM_ACCEPTANCE_ISSUED"
    internal = moved(TM, "intake", "CLIENT_CONFIRMED", {"dept_head", "client_manager"})
    assert [p.kind for p in internal.problems] == ["event"]
    assert internal.way is not None


def test_an_event_of_a_stage_that_is_past_waits_for_nothing():
    for event in ("TM_ACCEPTANCE_ISSUED", "TM_PRELIM_PUBLISHED"):
        late = moved(TM, "registered", event, {"process_clerk"})
        assert late.accepted
        assert late.way is None
