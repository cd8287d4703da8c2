"""Reminders: each decided once, to the right people, none lost over an outage, a repeated mail keeps its number."""

import socket
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from types import SimpleNamespace

import pytest
import time_machine
from aiosmtpd.controller import Controller
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import record_class, system, today
from core.messages import sending as mails
from core.messages.model import Mail
from plugins.deadlines import reminders
from plugins.deadlines.plans import check_steps, steps_of
from plugins.deadlines.records import Reminder


def remind(on=None):
    with system("the job of a test"):
        return reminders.remind(on)


def decided(case_id, docket):
    ids = [row.id for row in docket.rows(case_id)]
    with system("look") as session:
        return list(session.scalars(select(Reminder).where(Reminder.deadline_id.in_(ids)).order_by(Reminder.id)))


def at(day):
    return time_machine.travel(datetime(day.year, day.month, day.day, 1, 0), tick=False)


def test_a_short_deadline_is_told_at_once_to_who_answers_for_it(docket, agency, app):
    from core.jobs.model import JobRun
    from core.jobs.runs import run_job

    row = docket.refused_mark(ago=0)
    with system("look") as session:
        wanted = select(JobRun.id).where(JobRun.name == "deadlines.remind_case", JobRun.state == "queued")
        runs = session.scalars(wanted.where(JobRun.key == f"deadlines.remind_case-{row.case_id}")).all()
    assert len(runs) == 1
    run_job(runs[0])
    assert agency.agent in {reminder.user_id for reminder in decided(row.case_id, docket)}


def test_a_renewal_is_reminded_a_year_ahead_to_the_agent_and_the_head(docket, agency):
    with at(date(2034, 3, 8)):
        case_id = docket.case(status="registered", valid_to=date(2035, 3, 9))
        remind()
        assert decided(case_id, docket) == []
    with at(date(2034, 3, 9)):
        remind()
    found = decided(case_id, docket)
    assert {(row.step, row.user_id, row.planned_for) for row in found} == {
        ("12m", agency.agent, date(2034, 3, 9)),
        ("12m", agency.head, date(2034, 3, 9)),
    }
    with system("look") as session:
        written = session.scalars(select(Mail).where(Mail.id.in_([row.mail_id for row in found]))).all()
        assert {mail.recipient for mail in written} == {"agent@example.test", "head@example.test"}
        assert all("2035-03-09" in mail.body for mail in written)
        told = record_class("core.notification")
        count = session.scalars(
            select(told).where(told.record_key == "deadlines.deadline", told.user_id == agency.agent)
        )
        assert any(row.record_id == found[0].deadline_id for row in count)


def test_a_correction_is_reminded_15_7_and_3_days_ahead_and_never_twice(docket, agency):
    with at(date(2026, 3, 2)):
        case_id = docket.case(status="intake")
        docket.event(case_id, "TM_CORRECTION_ISSUED", date(2026, 3, 2))
    due = docket.one(case_id, "CN.TM.FORMALITY_CORRECTION").due
    assert due == date(2026, 4, 16)
    for ahead in (16, 15, 15, 14, 8, 7, 6, 4, 3, 3):
        with at(due - timedelta(ahead)):
            remind()
            remind()
    steps = [(row.step, row.status) for row in decided(case_id, docket) if row.user_id == agency.agent]
    assert steps == [("15d", "sent"), ("7d", "sent"), ("3d", "sent")]


def test_after_days_without_a_scheduler_nothing_is_lost_and_only_the_latest_goes_out(docket, agency):
    with at(date(2026, 3, 2)):
        case_id = docket.case(status="intake")
        docket.event(case_id, "TM_CORRECTION_ISSUED", date(2026, 3, 2))
    with at(date(2026, 4, 14)):
        remind()
    steps = [(row.step, row.status) for row in decided(case_id, docket) if row.user_id == agency.agent]
    assert sorted(steps) == [("15d", "covered"), ("3d", "sent"), ("7d", "covered")]


def test_closed_deadlines_are_not_reminded(docket):
    with at(date(2026, 3, 2)):
        case_id = docket.case("invention", status="intake", filing_date=date(2025, 3, 3))
        docket.event(case_id, "PAT_OA1_ISSUED", date(2026, 3, 2))
        docket.event(case_id, "OA_RESPONSE_FILED", date(2026, 3, 2))
    reply = docket.one(case_id, "CN.PAT.OA1_REPLY")
    with at(date(2026, 7, 1)):
        remind()
    assert not [row for row in decided(case_id, docket) if row.deadline_id == reply.id]


def test_the_database_refuses_a_second_decision(docket, agency):
    row = docket.refused_mark()
    values = {"deadline_id": row.id, "step": "99d", "user_id": agency.agent, "planned_for": today()}
    with system("twice") as session:
        session.add_all([Reminder(**values), Reminder(**values)])
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


class Inbox:
    """A mail server that keeps what it gets, and may fail after taking it."""

    def __init__(self):
        self.got = []

    async def handle_DATA(self, server, session, envelope):
        self.got.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def inbox(app, monkeypatch):
    handler = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setitem(app.config, "ZHIAN", replace(app.config["ZHIAN"], smtp_url=f"smtp://127.0.0.1:{port}"))
    yield handler
    controller.stop()


def a_mail(number, **values):
    with system("a mail of a test") as session:
        mail = Mail(
            recipient="a@example.test", subject="期限提醒", body="正文", message_id=f"<{number}@test>", **values
        )
        session.add(mail)
        session.flush()
        return mail.id


def mail_of(mail_id):
    with system("look") as session:
        return session.get(Mail, mail_id)


def test_mails_go_out_by_smtp_once(context, agency, inbox):
    mail_id = a_mail("once")
    mails.send_due()
    mails.send_due()
    sent = [mail for mail in inbox.got if mail["Message-ID"] == "<once@test>"]
    assert len(sent) == 1
    assert sent[0].get_payload(decode=True).decode().strip() == "正文"
    assert mail_of(mail_id).status == "sent"


def test_a_mail_whose_sender_died_goes_again_with_the_same_number_and_a_flag(context, agency, inbox):
    long_ago = datetime.now().astimezone() - mails.LEASE - timedelta(minutes=1)
    mail_id = a_mail("crash", status="sending", attempts=1, claimed_at=long_ago)
    mails.send_due()
    (again,) = [mail for mail in inbox.got if mail["Message-ID"] == "<crash@test>"]
    assert again["X-Zhian-Repeated"] == "yes"
    assert (mail_of(mail_id).status, mail_of(mail_id).maybe_duplicate) == ("sent", True)


def test_a_mail_that_is_being_sent_is_left_alone(context, agency, inbox):
    mail_id = a_mail("busy", status="sending", attempts=1, claimed_at=datetime.now().astimezone())
    mails.send_due()
    assert mail_of(mail_id).status == "sending"
    assert not [mail for mail in inbox.got if mail["Message-ID"] == "<busy@test>"]


def test_a_server_that_is_away_leaves_the_mail_in_the_queue(app, context, agency, monkeypatch):
    monkeypatch.setitem(app.config, "ZHIAN", replace(app.config["ZHIAN"], smtp_url="smtp://127.0.0.1:1"))
    mail_id = a_mail("away")
    mails.send_due()
    mail = mail_of(mail_id)
    assert (mail.status, mail.attempts) == ("queued", 1)
    assert mail.error


def test_without_a_mail_server_mails_are_kept_to_be_read_here(context, agency):
    mail_id = a_mail("kept")
    mails.send_due()
    assert mail_of(mail_id).status == "kept"


def test_steps_read_as_people_write_them():
    deadline = SimpleNamespace(due=date(2035, 3, 9))
    plan = SimpleNamespace(anchor="due", steps=["12m", "7d", "-1d", "?"])
    assert [(step.code, step.day) for step in steps_of(deadline, plan)] == [
        ("12m", date(2034, 3, 9)),
        ("7d", date(2035, 3, 2)),
        ("-1d", date(2035, 3, 10)),
    ]
    with pytest.raises(ValueError, match="soon"):
        check_steps(["15d", "soon"])
