"""Who sees and decides what: people who are asked, heads, strangers, and clients in the portal."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sqlalchemy import select

from core import (
    Conflict,
    Forbidden,
    NotFound,
    Principal,
    acting_as,
    create,
    dump,
    get,
    record_class,
    run_action,
    system,
    transaction,
)
from plugins.workflow.records import Definition, Instance, Step, Task
from tests.plugins.workflow.conftest import approve

CLIENT = {"id": "ask", "kind": "client", "name": "ask", "who": ["field:client_manager"], "change_to": "submit"}


@pytest.fixture
def client_of(agency, context):
    """`with client_of(client, role):` acts as a person of the portal who is bound to that client."""

    @contextmanager
    def act(ident, role="portal_owner"):
        claims = {"clients.client": frozenset({ident})}
        known = {"login": "legal", "name": "王女士", "realm": "portal", "claims": claims}
        with acting_as(Principal(user_id=agency.legal, roles=frozenset({role}), **known)), transaction() as session:
            yield session

    return act


def given(task, decision, **more):
    return {"decision": decision, "round": task.round, "version": task.record_version, **more}


def test_strangers_see_nothing_and_decide_nothing(flows, acting):
    flows.define([approve("look", "user:head"), approve("next", "user:expert")])
    run = flows.start(flows.case())
    task = flows.task(run)
    for who in ("stranger", "expert2"):
        with acting(who) as session:
            for model, ident in ((Instance, run), (Task, task.id)):
                with pytest.raises(NotFound):
                    get(model, ident)
            assert session.scalars(select(Step.id).where(Step.instance_id == run)).all() == []
    with acting("agent"), pytest.raises(Forbidden):
        run_action(get(Task, task.id), "workflow.task", "decide", given(task, "approve"))


def test_who_takes_part_sees_the_flow_and_its_log(flows, acting):
    flows.define([approve("look", "user:head"), approve("next", "user:expert")])
    run = flows.start(flows.case())
    flows.step("head", run, "approve")
    for who in ("agent", "head", "expert"):
        with acting(who) as session:
            assert get(Instance, run).id == run
            assert len(session.scalars(select(Task.id).where(Task.instance_id == run)).all()) == 2
            assert len(session.scalars(select(Step.id).where(Step.instance_id == run)).all()) == 2


def test_definitions_are_for_configurators(flows, acting):
    ident = flows.define([approve("look", "user:head")], state="draft")
    with acting("agent"), pytest.raises(NotFound):
        get(Definition, ident)
    with acting("head"):
        assert get(Definition, ident)
    with acting("head"), pytest.raises(Forbidden):
        run_action(get(Definition, ident), "workflow.definition", "publish", {})
    with acting("author"):
        run_action(get(Definition, ident), "workflow.definition", "publish", {})


def test_nobody_makes_or_changes_tasks_by_hand(flows, acting):
    flows.define([approve("look", "user:head")])
    run = flows.start(flows.case())
    with acting("partner"):
        with pytest.raises(Forbidden):
            create(Task, {})
        with pytest.raises(Forbidden):
            create(Step, {})
    with pytest.raises(Forbidden), acting("head"):
        get(Task, flows.task(run).id).state = "done"
    with pytest.raises(Forbidden), acting("partner") as session:
        session.delete(session.scalars(select(Step).where(Step.instance_id == run)).first())
    assert flows.open_nodes(run) == ["look"]


def test_a_client_confirms_in_the_portal(flows, agency, client_of):
    flows.define([CLIENT])
    run = flows.start(flows.case())
    task = flows.task(run)
    with client_of(agency.client) as session:
        assert session.scalars(select(Task.id)).all()
        assert get(Instance, run)
        shown = dump(get(Task, task.id))
        answer = run_action(get(Task, task.id), "workflow.task", "decide", given(task, "confirm"))
    assert answer["state"] == "completed"
    for hidden in ("assignee", "candidates", "decided_by", "due_at", "node"):
        assert shown.get(hidden) in (None, {"hidden": True}), hidden
    decided = next(t for t in flows.tasks(run) if t.id == task.id)
    assert (decided.state, decided.decision) == ("done", "confirm")
    assert [s.actor_name for s in flows.steps(run) if s.what == "confirm"] == ["王女士"]


def test_a_client_asks_for_changes_and_the_flow_goes_back(flows, agency, client_of):
    flows.define([CLIENT])
    run = flows.start(flows.case())
    task = flows.task(run)
    with client_of(agency.client, "portal_legal"):
        run_action(get(Task, task.id), "workflow.task", "decide", given(task, "request_change", opinion="另一个图样"))
    assert flows.open_nodes(run) == ["submit"]


def test_clients_see_only_what_is_asked_of_them(flows, agency, acting, client_of):
    with system("another client"):
        other = create(record_class("clients.client"), {"name": "另一家"}).id
    flows.define([approve("look", "user:head"), CLIENT])
    run = flows.start(flows.case())
    inner = flows.task(run)
    for client, role in ((agency.client, "portal_owner"), (other, "portal_owner"), (agency.client, "portal_viewer")):
        with client_of(client, role):
            for model, ident in ((Instance, run), (Task, inner.id)):
                with pytest.raises(NotFound):
                    get(model, ident)
    flows.step("head", run, "approve")
    asked = flows.task(run)
    with client_of(agency.client) as session:
        assert session.scalars(select(Task.id).where(Task.instance_id == run)).all() == [asked.id]
        assert session.scalars(select(Step.id)).all() == []
        with pytest.raises(NotFound):
            get(Task, inner.id)
    for client, role in ((other, "portal_owner"), (agency.client, "portal_finance"), (agency.client, "portal_viewer")):
        with client_of(client, role) as session, pytest.raises(NotFound):
            assert session.scalars(select(Task.id)).all() == []
            get(Task, asked.id)


def test_a_client_is_not_told_which_colleague_answered_for_it(flows, agency, client_of):
    flows.define([CLIENT])
    run = flows.start(flows.case())
    task = flows.task(run)
    flows.step("manager", run, "confirm", opinion="phoned")
    with client_of(agency.client), pytest.raises(Conflict) as refused:
        run_action(get(Task, task.id), "workflow.task", "decide", given(task, "confirm"))
    assert refused.value.code == "already_decided"
    assert refused.value.detail["by"] is None
    with client_of(agency.client):
        assert dump(get(Task, task.id)).get("opinion") in (None, {"hidden": True})
    assert "manager" not in str(refused.value)


def test_what_follows_a_client_and_fails_is_given_to_somebody(flows, agency, client_of):
    auto = {"id": "go", "kind": "auto", "name": "go", "action": "correct_status"}
    auto["params"] = {"status": "preparing", "reason": "x", "evidence": "x"}
    flows.define([CLIENT, auto])
    run = flows.start(flows.case())
    task = flows.task(run)
    with client_of(agency.client):
        run_action(get(Task, task.id), "workflow.task", "decide", given(task, "confirm"))
    repair = flows.task(run)
    assert (repair.node, repair.kind, repair.candidates) == ("go", "do", [agency.agent])
    assert "failed" in flows.log(run)
    with system("mend it") as session:
        case = session.get(record_class("cases.case"), flows.instance(run).record_id)
        case.moving, case.status = True, "intake"
    flows.step("agent", run, "done")
    assert flows.instance(run).state == "completed"
