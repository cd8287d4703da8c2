"""The shipped flow of a new filing drives the case's status model from the first submission to the receipt."""

from __future__ import annotations

import pytest

from core import Invalid, Refused, create, get, record_class, run_action, system, today, update


def test_from_submission_to_the_receipt(flows):
    case = flows.case()
    run = flows.start(case, "new_filing", opinion="材料已齐")
    assert (flows.status(case), flows.open_nodes(run)) == ("internal_review", ["dept_review"])
    flows.step("head", run, "approve", opinion="图样用黑白版")
    assert (flows.status(case), flows.open_nodes(run)) == ("internal_review", ["expert_review"])
    flows.step("expert", run, "approve", opinion="可注册")
    assert (flows.status(case), flows.open_nodes(run)) == ("client_confirm", ["client"])
    assert flows.task(run).client_ref == flows.agency.client
    flows.step("manager", run, "confirm", opinion="客户当日邮件确认")
    assert (flows.status(case), flows.open_nodes(run)) == ("ready_to_file", ["file"])
    with system("upload the receipt") as session:
        flows.paper(session.get(record_class("cases.case"), case), "filing_receipt")
    values = {"filing_date": today().isoformat(), "filing_channel": "网上申请"}
    flows.step("agent", run, "done", values=values)
    assert (flows.status(case), flows.instance(run).state) == ("filed", "completed")
    with system("look") as session:
        assert session.get(record_class("cases.case"), case).filing_date == today()
    kept = [s for s in flows.log(run) if s not in ("auto", "skip")]
    assert kept == ["submit", "approve", "approve", "confirm", "done", "complete"]


def test_a_case_that_was_just_taken_in_is_opened_on_the_way(flows):
    case = flows.case("intake")
    run = flows.start(case, "new_filing")
    assert (flows.status(case), flows.open_nodes(run)) == ("internal_review", ["dept_review"])


def test_sent_back_with_a_remark_mended_and_submitted_again(flows):
    case = flows.case()
    run = flows.start(case, "new_filing")
    with pytest.raises(Invalid):
        flows.step("head", run, "send_back")
    flows.step("head", run, "send_back", opinion="第 41 类去掉组织展览")
    assert (flows.status(case), flows.open_nodes(run)) == ("preparing", ["submit"])
    assert flows.instance(run).round == 2
    flows.step("agent", run, "done", opinion="已改")
    assert (flows.status(case), flows.open_nodes(run)) == ("internal_review", ["dept_review"])
    flows.step("head", run, "approve")
    flows.step("expert", run, "send_back", to="dept_review", opinion="费用再核")
    assert (flows.status(case), flows.open_nodes(run)) == ("internal_review", ["dept_review"])
    flows.step("head", run, "approve")
    flows.step("expert", run, "approve")
    assert flows.status(case) == "client_confirm"
    flows.step("manager", run, "request_change", opinion="客户要求换黑白图样")
    assert (flows.status(case), flows.open_nodes(run)) == ("preparing", ["submit"])


def test_missing_papers_are_named_at_submission(flows):
    case = flows.case(papers=("mark_image",))
    with pytest.raises(Invalid) as refused:
        flows.start(case, "new_filing")
    assert {e.field for e in refused.value.errors} == {
        "needs.applicant_id_document",
        "needs.power_of_attorney",
        "needs.search_report",
        "needs.goods_list",
    }
    assert flows.status(case) == "preparing"


def test_a_ticked_class_without_goods_is_no_list_of_goods(flows):
    papers = ("mark_image", "applicant_id_document", "power_of_attorney", "search_report")
    case = flows.case(papers=papers, classes=["30"])
    with pytest.raises(Invalid) as refused:
        flows.start(case, "new_filing")
    assert {e.field for e in refused.value.errors} == {"needs.goods_list"}
    with system("the goods are written"):
        update(get(record_class("cases.case"), case), {"goods": [{"class": 30, "items": ["茶"]}]})
    flows.start(case, "new_filing")
    assert flows.status(case) == "internal_review"


def test_the_receipt_is_asked_before_it_counts_as_filed(flows):
    case = flows.case()
    run = flows.start(case, "new_filing")
    flows.step("head", run, "approve")
    flows.step("expert", run, "approve")
    flows.step("manager", run, "confirm", opinion="电话确认")
    with pytest.raises(Invalid) as refused:
        flows.step("agent", run, "done", values={"filing_date": "morgen"})
    assert {e.field for e in refused.value.errors} == {"values.filing_date", "values.filing_channel"}
    with pytest.raises(Invalid) as refused:
        flows.step("agent", run, "done", values={"filing_date": "2026-11-20", "filing_channel": "网上"})
    assert {e.field for e in refused.value.errors} == {"needs.filing_receipt"}
    assert flows.status(case) == "ready_to_file"


def test_its_moves_are_not_made_beside_it(flows, acting):
    case = flows.case()
    run = flows.start(case, "new_filing")
    for event in ("CASE_REVIEW_PASSED", "CASE_REVIEW_RETURNED"):
        with pytest.raises(Refused) as refused, acting("head"):
            given = {"event": event, "details": {"review_opinion": "直接通过"}}
            run_action(get(record_class("cases.case"), case), "cases.case", "record_event", given)
        assert refused.value.code == "flow_running"
        assert f"/r/workflow.instance/{run}" in str(refused.value)
    assert flows.status(case) == "internal_review"
    with acting("agent"):
        run_action(get(record_class("workflow.instance"), run), "workflow.instance", "withdraw", {"reason": "改类别"})
    assert flows.status(case) == "preparing"
    assert flows.open_nodes(run) == []


def test_nor_by_a_plain_event_or_a_correction_until_it_is_withdrawn(flows, acting):
    case = flows.case()
    run = flows.start(case, "new_filing")
    with pytest.raises(Refused) as refused, acting("root"):
        create(record_class("cases.event"), {"case": case, "code": "CASE_REVIEW_PASSED"})
    assert refused.value.code == "flow_running"
    with pytest.raises(Refused) as refused, acting("head"):
        given = {"status": "ready_to_file", "reason": "shortcut", "evidence": "none"}
        run_action(get(record_class("cases.case"), case), "cases.case", "correct_status", given)
    assert refused.value.code == "flow_running"
    with acting("root"):
        create(record_class("cases.event"), {"case": case, "code": "CASE_REOPENED"})
    assert flows.open_nodes(run) == ["dept_review"]
