"""A message leaves once per channel, when the person wants it, and each attempt is kept, whatever fails meanwhile."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, update

from core import Trace, acting_as, db, load_principal, local, now, registry, run_action, system, transaction
from core.events.delivery import deliver_pending
from core.events.model import Delivery as OutboxDelivery
from core.messages import channels
from core.permissions.model import Deputy
from core.records.notes import Notification
from plugins.inbox.records import Delivery, Escalation
from plugins.inbox.settling import calm_states, settle
from tests.plugins.inbox.conftest import BELL, next_weekday


def test_a_message_leaves_at_once_and_its_attempt_is_kept(office):
    ident = office.tell("ben", "At once")
    found = office.delivery(ident)
    assert office.bell.sent == [ident]
    assert (found.state, found.attempts, found.remote_id) == ("sent", 1, f"bell-{ident}")
    assert [a.outcome for a in office.attempts(found)] == ["sent"]


def test_the_same_event_twice_sends_nothing_twice(office):
    ident = office.tell("ben", "Once")
    with system("the event comes again"):
        channels.deliver(BELL, {"id": ident}, "again")
    assert office.bell.sent == [ident]


def test_what_fails_is_tried_again_and_given_up_at_last_with_numbers_masked(office):
    office.bell.fault = RuntimeError("no line to 13800138000")
    ident = office.tell("ben", "Fails")
    found = office.delivery(ident)
    assert (found.state, found.error) == ("retry", "no line to 138****8000")
    moment = now()
    for _round in range(5):
        moment += timedelta(hours=7)
        office.run(moment)
    found = office.delivery(ident)
    assert (found.state, found.attempts, len(office.attempts(found))) == ("dead", 6, 6)
    office.bell.fault = None
    with acting_as(load_principal(office.people["ada"])), transaction():
        row = db.session.scalars(select(Delivery).where(Delivery.id == found.id)).one()
        run_action(row, "inbox.delivery", "send_again", {})
    office.run(now() + timedelta(seconds=1))
    assert office.bell.sent == [ident]
    assert office.delivery(ident).state == "sent"


def test_quiet_hours_put_off_and_fatal_passes(office):
    office.habit("ben", quiet_from="22:00", quiet_to="07:30")
    night = next_weekday(23)
    calm = office.tell("ben", "Later", at=night)
    fatal = office.tell("ben", "Now", at=night, severity="fatal")
    assert office.bell.sent == [fatal]
    waiting = office.delivery(calm)
    assert (waiting.state, waiting.reason) == ("waiting", "quiet hours")
    assert local(waiting.next_at).strftime("%H:%M") == "07:30"
    office.run(night + timedelta(hours=8))
    assert office.bell.sent == [fatal]
    office.run(night + timedelta(hours=8, minutes=31))
    assert office.bell.sent == [fatal, calm]


def test_what_was_read_meanwhile_is_not_sent_after_the_night(office):
    office.habit("ben", quiet_from="22:00", quiet_to="07:30")
    night = next_weekday(23)
    ident = office.tell("ben", "Read at night", at=night)
    with system("it is read") as session:
        session.get(Notification, ident).read_at = now()
    office.run(night + timedelta(hours=9))
    assert (office.delivery(ident).state, office.bell.sent) == ("skipped", [])


def test_a_person_chooses_by_kind_and_channel(office):
    office.wish("ben", "core.mention", BELL, "off")
    silent = office.tell("ben", "Mentioned", kind="core.mention")
    loud = office.tell("ben", "Something else")
    assert office.bell.sent == [loud]
    assert (office.delivery(silent).state, office.delivery(silent).reason) == ("skipped", "the person's choice")


def test_an_outage_of_the_channel_loses_nothing(office):
    """The process dies between the channel and the commit: the event comes again."""
    with system("a message of a test"):
        from core.messages.writing import notify

        (ident,) = notify([office.people["ben"]], "Outage")
    office.bell.fault = MemoryError("gone")
    deliver_pending()
    office.bell.fault = None
    office.run(now() + timedelta(minutes=2))
    assert office.bell.sent == [ident]
    with system("look") as session:
        open_ones = select(func.count()).select_from(OutboxDelivery).where(OutboxDelivery.state != "done")
        assert session.scalar(open_ones) == 0


def test_mail_is_at_once_when_urgent_and_else_once_a_day(office):
    office.tell("ben", "Urgent matter", severity="urgent")
    assert [m.subject for m in office.mails("ben")][-1:] == ["【紧急】Urgent matter"]
    before = len(office.mails("ben"))
    morning = next_weekday(8, 31)
    one = office.tell("ben", "Calm one", at=morning - timedelta(hours=2))
    two = office.tell("ben", "Calm two", at=morning - timedelta(hours=1))
    office.run(morning - timedelta(minutes=5))
    assert len(office.mails("ben")) == before
    office.run(morning)
    office.run(morning + timedelta(hours=1))
    fresh = office.mails("ben")[before:]
    assert len(fresh) == 1
    assert "Calm one" in fresh[0].body
    assert "Calm two" in fresh[0].body
    assert "<b>" in fresh[0].html
    assert {office.delivery(i, "inbox.mail").state for i in (one, two)} == {"sent"}
    assert {office.delivery(i, "inbox.mail").mail_id for i in (one, two)} == {fresh[0].id}


def test_the_channel_tells_later_what_became_of_it(office):
    channel = registry().channels[BELL]
    object.__setattr__(channel, "trace", lambda message, person: office.bell.told)
    try:
        ident = office.tell("ben", "Handed over")
        assert office.delivery(ident).state == "handed"
        office.bell.told = Trace("waiting")
        office.run(now() + timedelta(minutes=1))
        assert office.delivery(ident).state == "handed"
        office.bell.told = Trace("failed", "x-1", "refused by 13912345678")
        office.run(now() + timedelta(hours=1))
        found = office.delivery(ident)
        assert (found.state, found.remote_id, found.error) == ("dead", "x-1", "refused by 139****5678")
    finally:
        object.__setattr__(channel, "trace", None)


@pytest.mark.usefixtures("office")
def test_unread_fatal_messages_rise_to_deputy_and_head_each_once(office):
    start = next_weekday(9)
    with system("a deputy") as session:
        day = start.date()
        away = Deputy(user_id=office.people["ben"], deputy_id=office.people["cat"], starts_on=day, ends_on=day)
        session.add(away)
    ident = office.tell("ben", "A right ends", at=start, severity="fatal")
    office.run(start + timedelta(hours=3, minutes=59))
    assert told(office, "cat") == []
    office.run(start + timedelta(hours=4))
    office.run(start + timedelta(hours=4, minutes=1))
    assert [m.subject for m in told(office, "cat")] == ["inbox-ben未读：A right ends"]
    assert told(office, "dan") == []
    office.run(start + timedelta(hours=8))
    office.run(start + timedelta(hours=8, minutes=1))
    assert [m.subject for m in told(office, "dan")] == ["inbox-ben未读：A right ends"]
    with system("look") as session:
        steps = session.scalars(select(Escalation.step).where(Escalation.message_id == ident).order_by(Escalation.id))
        assert list(steps) == ["deputy", "head"]


def test_an_acknowledged_one_does_not_rise(office):
    start = next_weekday(9)
    ident = office.tell("ben", "Taken over", at=start, severity="fatal")
    with system("acknowledged") as session:
        session.get(Notification, ident).acknowledged_at = start
    office.run(start + timedelta(hours=9))
    assert told(office, "dan") == []


def test_a_warning_goes_when_its_matter_is_done(office):
    status = registry().types["deadlines.deadline"].fields["status"]
    assert calm_states(status) == {"met", "waived", "moot", "passed", "superseded"}
    office.bell.fault = RuntimeError("not now")
    matter = office.delivery(office.tell("ben", "A matter with a state"))
    about = SimpleNamespace(__record__={"key": "inbox.delivery"}, id=matter.id)
    message = office.tell("ben", "A right ends", severity="fatal", record=about)
    assert settle() == 0
    with system("the matter is done") as session:
        session.execute(update(Delivery).where(Delivery.id == matter.id).values(state="delivered"))
    assert settle() == 1
    assert office.note(message).acknowledged_at


def told(office, login):
    """Messages about what others did not read."""
    with system("look") as session:
        query = select(Notification).where(
            Notification.user_id == office.people[login], Notification.kind == "inbox.escalation"
        )
        return list(session.scalars(query))
