"""Every kind of node: any-of, countersign, in sequence, parallel, condition, client, automatic; and going back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import Conflict, Forbidden, Invalid, Refused, archive, delete, get, record_class, run_action, system, update
from plugins.workflow.records import Instance, Task
from tests.plugins.workflow.conftest import approve


def run_of(flows, *nodes, who="agent", **more):
    flows.define(list(nodes), **more)
    return flows.start(flows.case(), who=who)


def test_any_of_several_is_one_task_that_one_of_them_decides(flows):
    run = run_of(flows, approve("look", "role:reviewer"))
    task = flows.task(run)
    assert (task.assignee_id, set(task.candidates)) == (None, {flows.agency.expert, flows.agency.expert2})
    flows.step("expert2", run, "approve")
    assert flows.instance(run).state == "completed"


def test_a_countersignature_waits_for_all(flows):
    run = run_of(flows, approve("both", "user:expert", "user:head", mode="all"))
    flows.step("head", run, "approve")
    assert flows.instance(run).state == "running"
    flows.step("expert", run, "approve")
    assert flows.instance(run).state == "completed"


def test_everybody_of_a_role_signs_when_each_is_asked(flows):
    run = run_of(flows, approve("all", "each:role:reviewer", mode="all"))
    assert {t.assignee_id for t in flows.tasks(run)} == {flows.agency.expert, flows.agency.expert2}


def test_in_sequence_the_next_is_asked_after_the_one_before(flows):
    run = run_of(flows, approve("line", "user:head", "user:expert", mode="sequence"))
    assert [t.assignee_id for t in flows.tasks(run)] == [flows.agency.head]
    flows.step("head", run, "approve")
    assert flows.task(run).assignee_id == flows.agency.expert
    flows.step("expert", run, "approve")
    assert flows.instance(run).state == "completed"


def parallel(*rows):
    return {
        "id": "both",
        "kind": "parallel",
        "name": "both",
        "branches": [{"name": str(n), "nodes": row} for n, row in enumerate(rows)],
    }


def test_parallel_branches_meet_again_when_all_are_done(flows):
    run = run_of(
        flows,
        parallel([approve("a1", "user:head"), approve("a2", "user:partner")], [approve("b", "user:expert")]),
        approve("end", "user:expert2"),
    )
    assert flows.open_nodes(run) == ["a1", "b"]
    flows.step("expert", run, "approve")
    flows.step("head", run, "approve")
    assert flows.open_nodes(run) == ["a2"]
    flows.step("partner", run, "approve")
    assert flows.open_nodes(run) == ["end"]


def test_going_back_within_a_branch_leaves_the_other_alone(flows):
    run = run_of(
        flows, parallel([approve("a1", "user:head"), approve("a2", "user:partner")], [approve("b", "user:expert")])
    )
    flows.step("head", run, "approve")
    flows.step("partner", run, "send_back", to="a1", opinion="again")
    assert sorted(flows.open_nodes(run)) == ["a1", "b"]
    flows.step("expert", run, "send_back", opinion="from the start")
    assert flows.open_nodes(run) == ["submit"]


def test_a_condition_takes_the_first_branch_that_holds(flows):
    def choice(*branches):
        return {"id": "way", "kind": "condition", "name": "way", "branches": list(branches)}

    many = {
        "name": "many",
        "when": [{"field": "classes", "op": "gt", "value": 2}],
        "nodes": [approve("much", "user:head")],
    }
    rest = {"name": "rest", "nodes": [approve("little", "user:expert")]}
    flows.define([choice(many, rest)])
    assert flows.open_nodes(flows.start(flows.case(classes=["30", "35", "43"]))) == ["much"]
    assert flows.open_nodes(flows.start(flows.case(classes=["30"]))) == ["little"]


def test_a_node_that_does_not_apply_is_skipped_and_logged(flows):
    when = [{"field": "status", "op": "eq", "value": "filed"}]
    run = run_of(flows, approve("never", "user:head", when=when), approve("next", "user:head"))
    assert flows.open_nodes(run) == ["next"]
    assert "skip" in flows.log(run)


def test_an_automatic_step_runs_the_records_action_and_the_refusal_is_told(flows):
    auto = {"id": "go", "kind": "auto", "name": "go", "action": "correct_status"}
    auto["params"] = {"status": "intake", "reason": "{opinion}", "evidence": "x"}
    run = run_of(flows, approve("look", "user:head"), auto)
    case = flows.instance(run).record_id
    flows.step("head", run, "approve", opinion="back")
    assert (flows.status(case), flows.instance(run).state) == ("intake", "completed")
    run = run_of(flows, approve("look", "user:head"), auto | {"params": {"status": "preparing", "reason": "x"}})
    with pytest.raises(Refused) as refused:
        flows.step("head", run, "approve")
    assert refused.value.code == "step_refused"
    assert flows.open_nodes(run) == ["look"], "nothing of the decision is kept"


def test_a_missing_action_is_skipped_when_it_is_optional(flows):
    auto = {"id": "go", "kind": "auto", "name": "go", "action": "make_nothing", "optional": True}
    assert flows.instance(run_of(flows, auto, approve("look", "user:head"))).state == "running"
    with pytest.raises(Refused) as refused:
        run_of(flows, auto | {"optional": False}, approve("look", "user:head"))
    assert (refused.value.code, "make_nothing" in str(refused.value)) == ("step_refused", True)


def test_rejecting_ends_the_flow(flows):
    run = run_of(flows, approve("look", "user:head"), approve("next", "user:expert"))
    with pytest.raises(Invalid):
        flows.step("head", run, "reject")
    flows.step("head", run, "reject", opinion="not distinctive")
    assert flows.instance(run).state == "stopped"
    assert "not distinctive" in flows.instance(run).reason
    gentle = run_of(flows, approve("look", "user:head", may_reject=False))
    with pytest.raises(Invalid):
        flows.step("head", gentle, "reject", opinion="no")


def test_back_to_nodes_that_the_definition_names_alone(flows):
    run = run_of(
        flows, approve("a", "user:head"), approve("b", "user:expert"), approve("c", "user:partner", back=["a"])
    )
    flows.step("head", run, "approve")
    flows.step("expert", run, "approve")
    with pytest.raises(Invalid) as refused:
        flows.step("partner", run, "send_back", to="b", opinion="x")
    assert refused.value.errors[0].field == "to"
    flows.step("partner", run, "send_back", to="a", opinion="x")
    assert flows.open_nodes(run) == ["a"]


def test_who_drafts_does_not_pass_the_review(flows):
    flows.define([approve("look", "user:head")])
    run = flows.start(flows.case(agent=flows.agency.head), who="head")
    task = flows.task(run)
    assert flows.agency.head not in task.candidates, "the drafter is not even asked"
    assert "fallback" in flows.log(run)
    assert task.candidates == [flows.agency.partner], "the head's manager stands in"


def test_the_command_itself_refuses_a_drafter_who_was_asked(flows):
    run = run_of(flows, approve("look", "user:head"))
    with system("somebody puts the drafter on the list") as session:
        task = session.get(Task, flows.task(run).id)
        session.add(record_class("workflow.asked")(task_id=task.id, user_id=flows.agency.agent))
    with pytest.raises(Refused) as refused:
        flows.decide("agent", flows.task(run), "approve")
    assert refused.value.code == "separation_of_duties"


def test_two_reviews_are_two_persons(flows):
    run = run_of(flows, approve("one", "user:expert"), approve("two", "role:reviewer"))
    flows.step("expert", run, "approve")
    assert flows.task(run).candidates == [flows.agency.expert2]
    with system("put them on the list") as session:
        session.add(record_class("workflow.asked")(task_id=flows.task(run).id, user_id=flows.agency.expert))
    with pytest.raises(Refused) as refused:
        flows.decide("expert", flows.task(run), "approve")
    assert refused.value.code == "separation_of_duties"
    relaxed = run_of(flows, approve("one", "user:expert"), approve("two", "user:expert"), distinct=False)
    flows.step("expert", relaxed, "approve")
    flows.step("expert", relaxed, "approve")
    assert flows.instance(relaxed).state == "completed"


def test_nobody_in_a_role_is_told_at_submission_and_goes_to_the_fallback(flows, acting):
    flows.define([approve("look", "role:finance_head")])
    case = flows.case()
    with acting("agent"):
        params = {"code": "short", "record_key": "cases.case", "record_id": case}
        answer = run_action(None, "workflow.instance", "start", params)
    assert len(answer["warnings"]) == 1
    assert flows.task(answer["instance"]).candidates == [flows.agency.partner]
    assert flows.log(answer["instance"]) == ["submit", "fallback"]


def test_somebody_who_cannot_see_the_record_is_not_asked(flows):
    run = run_of(flows, approve("look", "user:stranger"))
    assert flows.task(run).candidates == [flows.agency.partner]


def test_a_client_node_needs_a_client_and_staff_must_say_how_it_answered(flows):
    node = {"id": "ask", "kind": "client", "name": "ask", "who": ["field:client_manager"]}
    run = run_of(flows, node)
    task = flows.task(run)
    assert (task.kind, task.client_ref) == ("client", flows.agency.client)
    with pytest.raises(Invalid) as refused:
        flows.step("manager", run, "confirm")
    assert refused.value.errors[0].code == "evidence"
    with pytest.raises(Invalid):
        flows.step("manager", run, "approve", opinion="x")
    flows.step("manager", run, "confirm", opinion="by phone")
    assert flows.steps(run)[-2].note
    flows.define([node])
    with pytest.raises(Refused) as missing:
        flows.start(flows.case(client=None), who="agent")
    assert missing.value.code == "no_client"


def test_who_left_the_house_cannot_be_asked_and_sequences_go_around(flows):
    run = run_of(flows, approve("line", "user:head", "user:expert2", mode="sequence"))
    with system("somebody leaves") as session:
        session.get(record_class("core.user"), flows.agency.expert2).active = False
    try:
        flows.step("head", run, "approve")
        assert flows.task(run).candidates == [flows.agency.partner]
    finally:
        with system("and comes back") as session:
            session.get(record_class("core.user"), flows.agency.expert2).active = True


def test_a_running_instance_keeps_its_version(flows):
    run = run_of(flows, approve("old", "user:head"), approve("older", "user:expert"))
    flows.define([approve("new", "user:partner")])
    flows.step("head", run, "approve")
    assert flows.open_nodes(run) == ["older"]
    assert flows.open_nodes(flows.start(flows.case())) == ["new"]


def test_a_record_that_leaves_ends_its_flow(flows, acting):
    run = run_of(flows, approve("look", "user:head"))
    with acting("root"):
        archive(get(record_class("cases.case"), flows.instance(run).record_id))
    assert (flows.instance(run).state, flows.open_nodes(run)) == ("stopped", [])
    assert flows.log(run)[-1] == "stop"
    with pytest.raises(Conflict) as refused:
        flows.decide("head", flows.tasks(run)[0], "approve")
    assert refused.value.code == "closed"


def test_a_record_that_leaves_the_states_of_the_flow_ends_it(flows):
    case = flows.case()
    run = flows.start(case, "new_filing")
    with system("the client withdraws") as session:
        held = session.get(record_class("cases.case"), case)
        held.moving = True
        held.status = "withdrawn_before_filing"
    assert flows.instance(run).state == "stopped"


def test_a_flow_is_not_started_where_it_does_not_fit_or_by_whom_it_is_not_for(flows):
    with pytest.raises(Refused) as refused:
        flows.start(flows.case("filed"), "new_filing")
    assert refused.value.code == "not_now"
    with pytest.raises(Forbidden):
        flows.start(flows.case(), "new_filing", who="clerk")
    run = flows.start(flows.case(), "new_filing")
    with pytest.raises(Conflict) as again:
        flows.start(flows.instance(run).record_id, "new_filing")
    assert again.value.code == "already_running"


def test_changing_a_record_while_it_is_under_review_moves_the_open_tasks_along(flows, acting):
    run = run_of(flows, approve("look", "user:head"))
    with acting("agent"):
        case = get(record_class("cases.case"), flows.instance(run).record_id)
        version = update(case, {"mark_name": "云岫茶"}).version
    assert flows.task(run).record_version == version


def test_the_log_says_who_when_and_with_which_words(flows, agency):
    run = run_of(flows, approve("look", "user:head"))
    flows.step("head", run, "approve", opinion="fine")
    submitted, decided, ended = flows.steps(run)
    assert (submitted.actor_id, decided.actor_id, decided.opinion) == (agency.agent, agency.head, "fine")
    assert submitted.at < decided.at <= ended.at
    assert isinstance(flows.instance(run), Instance)


def test_a_deleted_record_ends_its_flow(flows, acting):
    case = flows.case(classes=["30"])
    goods = record_class("cases.goods")
    flows.define([approve("look", "user:partner")], code="of_goods", record_key="cases.goods")
    with system("the row of the class") as session:
        row = session.scalars(select(goods.id).where(goods.case_id == case)).one()
    with acting("root"):
        params = {"code": "of_goods", "record_key": "cases.goods", "record_id": row}
        run = run_action(None, "workflow.instance", "start", params)["instance"]
    with acting("root"):
        delete(get(goods, row))
    assert (flows.instance(run).state, flows.open_nodes(run)) == ("stopped", [])
