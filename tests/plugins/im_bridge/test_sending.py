"""From the house to the phone: whatever the platform does, once, and by mail where it may not have arrived."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import create, notify, record_class, registry, system, today
from plugins.im_bridge import following, sending, tokens
from plugins.im_bridge.records import App, Message, Quota
from plugins.im_bridge.vendors.calls import Vendor


@pytest.fixture
def wecom(office):
    """The expert has WeCom."""
    office.person("wecom", "expert")
    return office


@pytest.fixture
def ding(office):
    """The expert has DingTalk."""
    office.person("dingtalk", "expert")
    return office


def mails(office):
    with system("look at mails") as session:
        return list(session.scalars(select(record_class("core.mail"))))


def state(office):
    return [message.state for message in office.messages("expert")]


def test_a_message_of_the_house_says_no_more_than_it_must(wecom):
    wecom.tell("expert", "云岫茶业: secret invention of a new teapot", severity="warning")
    (message,) = wecom.phone("expert")
    assert "云岫" not in repr(message)
    assert "teapot" not in repr(message)
    assert message["title"].startswith("【提醒】")
    wecom.change("wecom", detail="full")
    wecom.tell("expert", "A new teapot")
    assert wecom.phone("expert")[-1]["title"] == "A new teapot"


def test_a_warning_of_a_deadline_names_the_days_to_act_on(wecom, flows):
    if "deadlines.deadline" not in registry().types:
        pytest.skip("no deadlines in this deployment")
    due = today() + timedelta(days=40)
    with system("a deadline"):
        values = {"case": flows.case(), "name": "驳回复审", "due": due, "responsible": wecom.agency.expert}
        deadline = create(record_class("deadlines.deadline"), values)
        days = {deadline.internal_date, deadline.safe_date} - {None}
        notify([wecom.agency.expert], "warning", severity="fatal", record=deadline, key="days to act on")
    wecom.run()
    (message,) = [m for m in wecom.phone("expert") if "失权" in m["title"]]
    assert due.isoformat() in message["title"]
    assert len(days) == 2
    assert all(day.isoformat() in message["text"] for day in days), message


def test_people_without_an_account_are_left_to_the_other_ways(wecom):
    wecom.tell("partner", "Hello")
    assert wecom.messages("partner") == []


@pytest.mark.parametrize("order", ["busy", "throttled", "drop_before", "error500_before", "not_json", "token_gone"])
def test_what_did_not_happen_is_done_again_and_arrives_once(wecom, order):
    wecom.wecom.orders.order(order, "message/send")
    wecom.tell("expert", "Hello", severity="warning")
    for _attempt in range(3):
        wecom.hurry("pending", "unknown")
        wecom.run(1)
    assert state(wecom) == ["sent"]
    assert len(wecom.phone("expert")) == 1


@pytest.mark.parametrize("order", ["drop_after_commit", "error500_after_commit", "hang_after_commit"])
@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_what_may_have_happened_is_known_again_and_arrives_once(office, kind, order, monkeypatch):
    monkeypatch.setattr(Vendor, "timeout", 1.0)
    office.person(kind, "expert")
    stand = office.wecom if kind == "wecom" else office.ding
    stand.orders.order(order, "send")
    office.tell("expert", "Hello", severity="warning")
    assert state(office) == ["unknown"]
    office.hurry("unknown")
    office.run(2)
    assert state(office) == ["sent"]
    assert len(office.phone("expert", kind)) == 1


@pytest.mark.parametrize("order", ["drop_after_commit", "drop_before"])
def test_a_todo_whose_fate_is_unknown_is_looked_for_by_our_key(ding, flows, order, monkeypatch):
    from tests.plugins.workflow.conftest import approve

    ding.change("dingtalk", approvals="todo")
    ding.ding.orders.order(order, "/tasks")
    flows.define([approve("look", "user:expert")])
    flows.start(flows.case())
    ding.run()
    assert state(ding) == ["unknown"]
    for _attempt in range(2):
        ding.hurry("unknown", "pending")
        ding.run(1)
    assert state(ding) == ["sent"]
    assert len(ding.ding.todos) == 1


def test_a_card_whose_fate_is_unknown_is_repeated_under_the_same_key(ding, flows):
    from tests.plugins.workflow.conftest import approve

    ding.change("dingtalk", approvals="card")
    ding.ding.orders.order("error500_after_commit", "createAndDeliver")
    flows.define([approve("look", "user:expert")])
    flows.start(flows.case())
    ding.run()
    ding.hurry("unknown")
    ding.run(2)
    assert state(ding) == ["sent"]
    assert len(ding.ding.cards) == 1


def test_a_refusal_is_final_and_the_words_go_by_mail(wecom):
    wecom.wecom.people.pop("expert")
    wecom.tell("expert", "Hello", severity="warning")
    (message,) = wecom.messages("expert")
    assert (message.state, message.mailed) == ("failed", True)
    assert [(mail.user_id, mail.subject) for mail in mails(wecom)] == [(wecom.agency.expert, message.subject)]
    wecom.run()
    assert len(mails(wecom)) == 1


def test_one_left_out_inside_a_good_answer_has_failed(ding, flows):
    from tests.plugins.workflow.conftest import approve

    ding.change("dingtalk", approvals="card")
    ding.ding.orders.order("fail_in_200", "createAndDeliver")
    flows.define([approve("look", "user:expert")])
    flows.start(flows.case())
    ding.run()
    (message,) = ding.messages("expert", kind="card")
    assert (message.state, message.error, message.mailed) == ("failed", "spaceId is illegal", True)


def test_what_stays_unknown_goes_by_mail_too(wecom, monkeypatch):
    monkeypatch.setattr(following, "UNKNOWN_FOR", timedelta(0))
    wecom.wecom.orders.order("drop_before", "message/send", 20)
    before = len(mails(wecom))
    wecom.tell("expert", "Hello", severity="fatal")
    assert wecom.messages("expert")[0].mailed
    assert len(mails(wecom)) == before + 1


def test_a_process_that_died_while_sending_leaves_the_message_unknown(wecom):
    with system("a message of a dead process") as session:
        app = wecom.apps["wecom"]
        given = {
            "app_id": app,
            "receiver": "expert",
            "user_id": wecom.agency.expert,
            "subject": "Hello",
            "key": "dead-1",
        }
        session.add(
            Message(**given, state="sending", attempts=1, batch=None, claimed_at=sending.now() - 2 * sending.LEASE)
        )
    assert sending.send_due() == {}
    assert state(wecom) == ["unknown"]


def test_several_ordinary_messages_leave_as_one(ding):
    ding.change("dingtalk", digest_minutes=10)
    for number in range(3):
        ding.tell("expert", f"Message {number}")
    assert ding.phone("expert", "dingtalk") == []
    ding.hurry("pending")
    ding.run(1)
    (message,) = ding.phone("expert", "dingtalk")
    assert message["title"].startswith("3 条消息")
    assert state(ding) == ["sent"] * 3
    ding.tell("expert", "Now", severity="urgent")
    assert len(ding.phone("expert", "dingtalk")) == 2


def test_the_31st_message_of_a_minute_waits(wecom):
    with system("many messages of the house"):
        for number in range(31):
            notify([wecom.agency.expert], f"Message {number}", severity="warning")
    wecom.run()
    assert sorted(set(state(wecom))) == ["held", "sent"]
    assert state(wecom).count("sent") == 30
    assert len(wecom.phone("expert")) == 30
    assert not [line for line in wecom.wecom.journal if line["what"] == "dropped silently"]


def test_a_month_that_is_used_up_holds_messages_back_and_tells_the_administrators(ding):
    ding.change("dingtalk", month_calls=5)
    for number in range(7):
        ding.tell("expert", f"Message {number}", severity="warning")
    with system("look at quotas") as session:
        quota = session.scalars(select(Quota).where(Quota.kind == "calls")).one()
        told = select(record_class("core.notification")).where(
            record_class("core.notification").record_key == "im_bridge.app"
        )
        assert (quota.used, quota.allowed) == (5, 5) or quota.used == 6
        assert [note.user_id for note in session.scalars(told)] == [ding.agency.root]
    assert set(state(ding)) == {"sent", "void"}
    assert all(message.mailed == (message.state == "void") for message in ding.messages("expert"))
    assert ding.ding.calls <= 6


@pytest.mark.parametrize(("kind", "limit"), [("wecom", "hour_person"), ("dingtalk", "day_person")])
def test_what_is_more_than_one_person_may_get_goes_by_mail_at_once(office, kind, limit):
    with system("look at the app") as session:
        assert getattr(session.get(App, office.apps[kind]), limit) == {"wecom": 1000, "dingtalk": 500}[kind]
    office.person(kind, "expert")
    office.change(kind, **{limit: 2})
    before = len(mails(office))
    for number in range(5):
        office.tell("expert", f"Message {number}", severity="urgent")
    assert sorted(state(office)) == ["sent"] * 2 + ["void"] * 3
    assert len(office.phone("expert", kind)) == 2
    assert len(mails(office)) == before + 3
    office.person(kind, "expert2")
    office.tell("expert2", "Hello", severity="urgent")
    assert [m.state for m in office.messages("expert2")] == ["sent"]


def test_an_approval_over_the_limit_waits_and_is_told_by_mail_meanwhile(ding, flows):
    from tests.plugins.workflow.conftest import approve

    ding.change("dingtalk", approvals="card", day_person=1)
    ding.tell("expert", "The one of the day", severity="urgent")
    flows.define([approve("look", "user:expert")])
    flows.start(flows.case())
    ding.run()
    (card,) = ding.messages("expert", kind="card")
    assert (card.state, card.mailed) == ("held", True)
    ding.change("dingtalk", day_person=500)
    with system("the next day") as session:
        session.get(Message, card.id).next_at = sending.now()
    ding.run()
    assert [m.state for m in ding.messages("expert", kind="card")] == ["sent"]


def test_a_grave_warning_is_asked_for(ding, monkeypatch):
    ding.tell("expert", "Lost if late", severity="fatal")
    with system("time passes") as session:
        session.scalars(select(Message)).one().sent_at -= timedelta(minutes=10)
    assert following.ask_results() == {"confirmed": 1}


def test_a_token_is_fetched_once_kept_encrypted_and_replaced_when_refused(wecom):
    for number in range(3):
        wecom.tell("expert", f"Message {number}", severity="warning")
    asked = wecom.wecom.tokens
    assert len(asked) == 1
    asked.clear()
    wecom.tell("expert", "After the end of the token", severity="warning")
    assert state(wecom) == ["sent"] * 4
    assert len(asked) == 1
    with system("look") as session:
        table = App.__table__
        from sqlalchemy import Text, cast

        raw = session.connection().execute(select(cast(table.c.access_token, Text))).scalars().all()
    assert all(next(iter(asked)) not in (text or "") for text in raw)


def test_only_one_asks_for_a_token_at_a_time(wecom, monkeypatch):
    monkeypatch.setattr(tokens, "WAIT", 0.01)
    store = tokens.StoredTokens(wecom.apps["wecom"])
    assert store._claim()
    assert not store._claim()
    calls = []

    def fetch():
        calls.append(1)
        return "token-of-the-test", 7200

    store._fetched(fetch)
    assert store.get(fetch) == "token-of-the-test"
    assert len(calls) == 1


def test_secrets_are_shown_nowhere(wecom, app):
    from core import dump

    with system("look") as session:
        shown = repr(dump(session.get(App, wecom.apps["wecom"])))
    for secret in (wecom.wecom.secret, wecom.wecom.token, wecom.wecom.aes_key):
        assert secret not in shown
