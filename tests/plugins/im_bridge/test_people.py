"""Who is who: typed in once, suggested by the address book, unique both ways; trials of an app; group robots."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core import Forbidden, Invalid, Refused, acting_as, create, get, load_principal, run_action, system, transaction
from plugins.im_bridge import people, robots
from plugins.im_bridge.records import App, Message, Person, Robot


@pytest.fixture
def root(office, acting):
    """The administrator acts."""
    return lambda: acting("root")


def accounts():
    with system("look at accounts") as session:
        return list(session.scalars(select(Person).order_by(Person.id)))


def test_an_account_is_unique_both_ways(office, root):
    values = {"app": office.apps["wecom"], "user": office.agency.expert, "userid": "expert"}
    with root():
        made = create(Person, values)
        assert (made.kind, made.corp_id) == ("wecom", office.wecom.corp_id)
    with pytest.raises(Invalid), root():
        create(Person, values | {"user": office.agency.expert2})
    with pytest.raises(Invalid), root():
        create(Person, values | {"userid": "another"})


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_the_address_book_suggests_who_is_called_so_once(office, root, kind):
    stand = office.wecom if kind == "wecom" else office.ding
    stand.people |= {"u-1": "expert", "u-2": "nobody of ours"}
    counts = people.sync(office.apps[kind])
    assert counts == {"new": len(stand.people), "known": 0}
    assert people.sync(office.apps[kind]) == {"new": 0, "known": len(stand.people)}
    found = {person.userid: person for person in accounts()}
    assert (found["u-1"].suggested_id, found["u-1"].user_id) == (office.agency.expert, None)
    assert found["u-2"].suggested_id is None
    assert bool(found["u-1"].union_id) == (kind == "dingtalk")
    with root():
        chosen = [get(Person, found["u-1"].id)]
        assert run_action(chosen, "im_bridge.person", "accept") == 1
    assert next(p for p in accounts() if p.userid == "u-1").user_id == office.agency.expert


def test_an_app_is_tried_and_says_what_is_wrong(office, root):
    with root():
        assert run_action(get(App, office.apps["wecom"]), "im_bridge.app", "check")
    office.change("wecom", secret="wrong-secret-of-the-test")
    with pytest.raises(Refused, match="40001"), root():
        run_action(get(App, office.apps["wecom"]), "im_bridge.app", "check")
    with system("look") as session:
        assert "40001" in session.get(App, office.apps["wecom"]).last_error


def test_a_trial_message_needs_an_account_and_arrives(office, root):
    with pytest.raises(Refused), root():
        run_action(get(App, office.apps["wecom"]), "im_bridge.app", "send_test")
    office.person("wecom", "root")
    with root():
        run_action(get(App, office.apps["wecom"]), "im_bridge.app", "send_test")
    office.run(1)
    assert office.phone("root")[0]["title"] == "知案的测试消息"


def test_staff_see_their_own_messages_and_no_apps(office):
    for login in ("expert", "agent"):
        office.person("wecom", login)
        office.tell(login, "Hello", severity="warning")
    with acting_as(load_principal(office.agency.expert)) as session:
        assert {m.user_id for m in session.scalars(select(Message))} == {office.agency.expert}
        assert {p.user_id for p in session.scalars(select(Person))} == {office.agency.expert}
        assert list(session.scalars(select(App))) == []
        with pytest.raises(Forbidden), transaction():
            create(App, {"name": "x", "kind": "wecom", "corp_id": "x", "agent_id": "1"})


def test_a_key_that_is_none_is_refused_at_the_form(root):
    values = {"name": "x", "kind": "wecom", "corp_id": "x", "agent_id": "1", "callback_key": "short"}
    with pytest.raises(Invalid) as problem, root():
        create(App, values)
    assert [error.field for error in problem.value.errors] == ["callback_key"]


@pytest.fixture
def group(office):
    """A signed robot of DingTalk and one of WeCom."""
    office.ding.robot_secret = "SECmadeupsecret0001"
    with system("robots of a test") as session:
        servers = {kind: session.get(App, ident).server for kind, ident in office.apps.items()}
        for old in session.scalars(select(Robot)):
            session.delete(old)
        session.flush()
        session.add(
            Robot(name="d", kind="dingtalk", key="k1", sign_secret="SECmadeupsecret0001", server=servers["dingtalk"])
        )
        session.add(Robot(name="w", kind="wecom", key="k2", server=servers["wecom"]))
    return office


def test_robots_speak_signed_and_no_faster_than_allowed(group):
    with system("messages of a test") as session:
        for robot in session.scalars(select(Robot)):
            for number in range(22):
                robots.queue(session, robot, f"n{number}", f"Title {number}", "text")
    for _round in range(3):
        robots.send_due(100)
    assert (len(group.ding.group), len(group.wecom.group)) == (20, 20)
    waiting = group.messages(kind="robot", state="pending")
    assert len(waiting) == 4


def test_a_wrong_signature_is_told_at_the_robot(group):
    group.ding.robot_secret = "SECanothersecret01"
    with system("a message of a test") as session:
        robot = session.scalars(select(Robot).where(Robot.kind == "dingtalk")).one()
        robots.queue(session, robot, "wrong", "Title", "text")
    robots.send_due()
    with system("look") as session:
        assert "310000" in session.scalars(select(Robot).where(Robot.kind == "dingtalk")).one().last_error
