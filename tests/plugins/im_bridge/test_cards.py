"""Approving in a WeCom card runs the command of the page, once; every card shows how it ended."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from core import get, record_class, system, update
from core.permissions.people import forget
from core.records.audit import AuditEntry
from plugins.im_bridge import deciding
from plugins.im_bridge.deciding import NO_EFFECT
from plugins.im_bridge.receiving import REFUSED, REPLAYED
from plugins.im_bridge.records import Inbox
from tests.plugins.workflow.conftest import approve


@pytest.fixture
def asked(office, flows):
    """A case that either of two reviewers decides; both have a card."""
    office.person("wecom", "expert")
    office.person("wecom", "expert2")
    flows.define([approve("look", "role:reviewer")])
    flows.case_id = flows.case()
    flows.run = flows.start(flows.case_id)
    office.run()
    return flows


def test_a_card_names_number_kind_and_step_and_nothing_more(office, asked):
    (card,) = office.phone("expert")
    text = repr({k: v for k, v in card.items() if k != "buttons"})
    assert "云岫" not in text
    assert "茶业" not in text
    assert [button[0] for button in card["buttons"]] == ["同意", "退回"]
    assert ("步骤", "look") in card["facts"]
    assert ("类型", "商标注册申请") in card["facts"]


def test_approving_in_the_card_decides_as_the_person_and_closes_all_cards(office, asked):
    assert office.click("expert") == [200]
    assert asked.log(asked.run)[-2:] == ["approve", "complete"]
    (task,) = asked.tasks(asked.run)
    assert (task.state, task.decided_by_id) == ("done", office.agency.expert)
    with system("audit") as session:
        query = select(AuditEntry).where(AuditEntry.action == "action:decide", AuditEntry.record_id == task.id)
        entry = session.scalars(query).one()
    assert (entry.actor_id, entry.via) == (office.agency.expert, "wecom")
    for login in ("expert", "expert2"):
        assert office.phone(login)[0]["said"] == "已同意 · expert"
    assert [m.update_state for m in office.messages(kind="card")] == ["done", "done"]
    assert office.messages("expert", kind="card")[0].state == "confirmed"


def test_sending_back_carries_the_picked_reason(office, asked):
    office.click("expert", "send_back", reason="incomplete")
    assert asked.steps(asked.run)[-1].what in ("send_back", "ask")
    assert "材料不全" in [s.opinion for s in asked.steps(asked.run)]
    assert office.phone("expert2")[0]["said"] == "已退回 · expert"


def test_a_decision_on_the_page_updates_the_cards(office, asked):
    asked.step("expert2", asked.run, "approve")
    office.run()
    assert office.phone("expert")[0]["said"] == "已同意 · expert2"


def test_the_second_click_changes_nothing_says_so_and_is_on_record(office, asked):
    office.click("expert")
    del office.phone("expert2")[0]["said"]
    office.click("expert2")
    assert asked.log(asked.run).count("approve") == 1
    assert office.inbox()[-1].state == "neutral"
    assert office.phone("expert2")[0]["said"] == "已同意 · expert"
    assert office.audit(NO_EFFECT.message)


def test_a_card_of_an_older_version_decides_nothing(office, asked, acting):
    with acting("agent"):
        update(get(record_class("cases.case"), asked.case_id), {"remarks": "Looked at again"})
    office.click("expert")
    assert asked.open_nodes(asked.run) == ["look"]
    assert office.inbox()[-1].state == "neutral"
    assert office.phone("expert")[0]["said"] == "内容有变化，请到网页处理"
    asked.step("expert", asked.run, "approve")


def test_who_left_decides_nothing(office, asked):
    with system("somebody leaves") as session:
        session.get(record_class("core.user"), office.agency.expert2).active = False
    forget()
    try:
        office.click("expert2")
        assert asked.open_nodes(asked.run) == ["look"]
        assert office.inbox()[-1].state == "refused"
        assert office.audit(REFUSED.message)
    finally:
        with system("and comes back") as session:
            session.get(record_class("core.user"), office.agency.expert2).active = True


@pytest.mark.parametrize(
    ("order", "statuses", "state"),
    [
        ("click_by_stranger", [200], "refused"),
        ("click_wrong_signature", [403], None),
        ("click_stale", [403], None),
        ("click_twice", [200, 200], "done"),
    ],
)
def test_what_is_not_a_fresh_click_of_the_person_decides_nothing(office, asked, order, statuses, state):
    office.wecom.orders.order(order, "click")
    before = len(office.audit(REFUSED.message))
    assert office.click("expert") == statuses
    assert asked.log(asked.run).count("approve") == (1 if state == "done" else 0)
    assert [entry.state for entry in office.inbox()] == ([state] if state else [])
    assert len(office.audit(REFUSED.message)) == before + (state != "done")


def test_a_captured_click_that_comes_later_is_refused(office, asked, monkeypatch):
    from datetime import timedelta

    from plugins.im_bridge import receiving

    monkeypatch.setattr(receiving, "RETRY_SPAN", timedelta(0))
    office.wecom.orders.order("click_replayed", "click")
    assert office.click("expert") == [200, 403]
    assert asked.log(asked.run).count("approve") == 1
    assert office.audit(REPLAYED.message)


def test_a_forged_button_with_another_cards_token_is_refused(office, asked):
    mine, theirs = office.phone("expert")[0], office.phone("expert2")[0]
    office.wecom.click("expert", mine, theirs["buttons"][0][1])
    office.wecom.click("expert", {**mine, "task": "zhian_nobody"}, mine["buttons"][0][1])
    office.run()
    assert [entry.state for entry in office.inbox()] == ["refused", "refused"]
    assert asked.open_nodes(asked.run) == ["look"]


def test_clicks_out_of_order_decide_once(office, asked):
    office.wecom.orders.order("click_held", "click")
    assert office.click("expert", "send_back", reason="talk") == []
    office.click("expert2")
    assert [step for step in asked.log(asked.run) if step in ("approve", "send_back")] == ["approve"]
    assert sorted(entry.state for entry in office.inbox()) == ["done", "neutral"]


def test_a_node_that_wants_a_closer_look_gets_no_buttons(office, flows):
    office.person("wecom", "expert")
    flows.define([approve("look", "user:expert", card=False)])
    flows.start(flows.case())
    office.run()
    (message,) = office.messages("expert")
    assert (message.kind, message.buttons) == ("message", False)
    assert "buttons" not in office.phone("expert")[0]


def test_a_used_up_code_is_followed_by_words(office, asked):
    office.wecom.codes.clear()
    asked.step("expert2", asked.run, "approve")
    office.run()
    assert office.phone("expert")[-1]["title"].startswith("已同意 · expert2")
    assert office.messages("expert", kind="card")[0].update_state == "failed"


def test_a_withdrawn_task_whose_card_has_not_left_stays_here(office, flows):
    office.change("wecom", active=True)
    office.person("wecom", "expert")
    office.wecom.orders.order("busy", "message/send", 5)
    flows.define([approve("look", "user:expert")])
    run = flows.start(flows.case())
    office.run(1)
    with flows.acting("agent"):
        from core import run_action
        from plugins.workflow.records import Instance

        run_action(get(Instance, run), "workflow.instance", "withdraw", {"reason": "doch nicht"})
    office.run(1)
    assert [m.state for m in office.messages("expert", kind="card")] == ["void"]


def test_a_click_whose_worker_died_is_worked_on_again_and_two_workers_work_on_it_once(office, asked):
    card = office.phone("expert")[0]
    office.wecom.click("expert", card, card["buttons"][0][1])
    with system("its worker died") as session:
        entry = session.scalars(select(Inbox)).one()
        entry.state, entry.claimed_at = "working", deciding.now() - 2 * deciding.LEASE
    counts, before = [], len(office.audit(NO_EFFECT.message))

    def work():
        with office.app.app_context():
            counts.append(deciding.work())

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(count.get("done", 0) for count in counts) == 1
    (entry,) = office.inbox()
    assert (entry.state, entry.attempts) == ("done", 1)
    assert asked.log(asked.run).count("approve") == 1
    assert len(office.audit(NO_EFFECT.message)) == before


def test_what_cannot_be_worked_on_keeps_nothing_else_waiting(office, asked):
    with system("a message nobody can read") as session:
        session.add(Inbox(app_id=office.apps["wecom"], key="odd", event="click", content=["no", "object"]))
    office.click("expert")
    assert [entry.state for entry in office.inbox()] == ["working", "done"]
    for _look in range(deciding.TRIES):
        deciding.work()
    assert office.inbox()[0].state == "broken"
