"""Handing on, adding signers, urging, withdrawing, timers, messages, and tasks of people who left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import Conflict, Forbidden, Invalid, Refused, get, now, record_class, run_action, standing_at, system
from plugins.workflow import mine
from plugins.workflow.records import Instance, Task
from plugins.workflow.timers import run_timers
from tests.plugins.workflow.conftest import approve


def act(flows, acting, who, task, code, **given):
    with acting(who):
        return run_action(get(Task, task.id), "workflow.task", code, given)


def messages(login_id, text):
    with system("look at messages") as session:
        note = record_class("core.notification")
        return session.scalars(select(note.subject).where(note.user_id == login_id, note.subject.contains(text))).all()


def test_handed_on_the_other_decides(flows, acting, agency):
    flows.define([approve("look", "user:expert")])
    run = flows.start(flows.case())
    old = flows.task(run)
    act(flows, acting, "expert", old, "hand_on", person=agency.expert2, reason="on leave")
    assert [t.state for t in flows.tasks(run)] == ["handed_on", "open"]
    with pytest.raises(Conflict) as refused:
        flows.decide("expert", old, "approve")
    assert refused.value.code == "closed"
    flows.step("expert2", run, "approve")
    assert flows.log(run) == ["submit", "hand_on", "approve", "complete"]


def test_not_to_the_drafter_nor_to_whom_the_record_is_closed(flows, acting, agency):
    flows.define([approve("look", "user:expert")])
    task = flows.task(flows.start(flows.case()))
    with pytest.raises(Refused) as refused:
        act(flows, acting, "expert", task, "hand_on", person=agency.agent)
    assert refused.value.code == "separation_of_duties"
    for person, code in ((agency.stranger, "no_sight"), (agency.expert, "same")):
        with pytest.raises(Invalid) as wrong:
            act(flows, acting, "expert", task, "hand_on", person=person)
        assert wrong.value.errors[0].code == code


def test_a_second_signer_together_or_after(flows, acting, agency):
    flows.define([approve("look", "user:expert"), approve("end", "user:partner")])
    run = flows.start(flows.case())
    act(flows, acting, "expert", flows.task(run), "add_signer", person=agency.head)
    flows.step("expert", run, "approve")
    assert flows.open_nodes(run) == ["look"]
    flows.step("head", run, "approve")
    assert flows.open_nodes(run) == ["end"]
    run = flows.start(flows.case())
    act(flows, acting, "expert", flows.task(run), "add_signer", person=agency.head, place="after")
    assert flows.task(run).assignee_id == agency.expert
    flows.step("expert", run, "approve")
    assert flows.task(run).assignee_id == agency.head


def test_a_head_hands_on_what_people_who_left_still_hold(flows, acting, agency):
    flows.define([approve("look", "user:expert2")])
    run = flows.start(flows.case())
    task = flows.task(run)
    with system("somebody leaves") as session:
        session.get(record_class("core.user"), agency.expert2).active = False
    try:
        with acting("head"):
            assert task.id in [t.id for t in mine.left()]
        with acting("agent"):
            assert mine.left() == []
        with pytest.raises(Forbidden):
            act(flows, acting, "agent", task, "hand_on", person=agency.expert)
        act(flows, acting, "head", task, "hand_on", person=agency.expert, reason="left the house")
        assert flows.task(run).assignee_id == agency.expert
    finally:
        with system("and comes back") as session:
            session.get(record_class("core.user"), agency.expert2).active = True


def test_everybody_who_is_asked_hears_of_it_once(flows, acting, agency):
    flows.define([approve("look", "role:reviewer")])
    case = flows.case(mark_name="听一次")
    run = flows.start(case)
    assert len(messages(agency.expert, "听一次")) == len(messages(agency.expert2, "听一次")) == 1
    with acting("agent"):
        run_action(get(Instance, run), "workflow.instance", "urge", {})
    assert len(messages(agency.expert, "听一次")) == 2
    with pytest.raises(Refused) as refused, acting("agent"):
        run_action(get(Instance, run), "workflow.instance", "urge", {})
    assert refused.value.code == "just_urged"
    flows.step("expert", run, "approve")
    assert len(messages(agency.agent, "听一次")) == 1


def test_withdrawn_by_who_started_it_or_the_head_with_a_reason(flows, acting):
    flows.define([approve("look", "user:expert")])
    run = flows.start(flows.case())
    with pytest.raises(Forbidden), acting("expert"):
        run_action(get(Instance, run), "workflow.instance", "withdraw", {"reason": "x"})
    with pytest.raises(Invalid), acting("agent"):
        run_action(get(Instance, run), "workflow.instance", "withdraw", {})
    with acting("agent"):
        run_action(get(Instance, run), "workflow.instance", "withdraw", {"reason": "wrong class"})
    assert (flows.instance(run).state, [t.state for t in flows.tasks(run)]) == ("withdrawn", ["withdrawn"])
    with pytest.raises(Refused), acting("head"):
        run_action(get(Instance, run), "workflow.instance", "urge", {})
    assert flows.start(flows.instance(run).record_id), "it may begin anew"


def test_timers_urge_and_then_ask_those_above(flows, agency):
    timers = [{"hours": 24, "do": "urge"}, {"hours": 72, "do": "escalate"}]
    flows.define([approve("look", "user:head", timers=timers)])
    run = flows.start(flows.case())
    assert flows.task(run).due_at is not None
    begun = now()
    for hours, expected in ((1, ["submit"]), (25, ["submit", "urge"]), (26, ["submit", "urge"])):
        with standing_at(begun + timedelta(hours=hours)):
            run_timers()
        assert flows.log(run) == expected
    with standing_at(begun + timedelta(hours=74)):
        run_timers()
        run_timers()
    assert flows.log(run) == ["submit", "urge", "escalate"]
    assert flows.task(run).candidates == [agency.head, agency.partner]
    flows.step("partner", run, "approve")


def test_my_approvals_count_what_waits_for_me(flows, acting):
    flows.define([approve("look", "user:partner")])
    with acting("partner"):
        before = mine.count()
    run = flows.start(flows.case())
    with acting("partner"):
        assert mine.count() == before + 1 == len(mine.waiting())
        assert mine.home()[0].context["total"] == before + 1
    flows.step("partner", run, "approve")
    with acting("partner"):
        assert mine.count() == before
        assert run in [t.instance_id for t in mine.decided()]
    with acting("agent"):
        assert run in [i.id for i in mine.started()]
