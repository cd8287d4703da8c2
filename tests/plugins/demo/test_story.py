"""The demo agency as a whole: it loads, twice changes nothing, and every screen has something to show."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core import DEMO_PASSWORD, acting_as, load_principal, record_class, registry, system, today
from core.app import create_app
from core.permissions.passwords import verify
from core.records.audit import AuditEntry
from core.setup.database import load_demo
from core.setup.demo import demo_logins
from core.setup.model import SetupMark
from plugins.cases import Case, Event, model
from plugins.clients import Client
from plugins.deadlines import worklist
from plugins.deadlines.views import home


@pytest.fixture(scope="module")
def story(settings):
    """A deployment with the demo in it, and how long that took."""
    app = create_app(replace(settings, plugins=(*settings.plugins, "demo"), demo=True), web=False)
    begun = time.process_time()
    assert load_demo(app)
    app.extensions["story.seconds"] = time.process_time() - begun
    with app.app_context():
        yield app


def counts(session):
    """Rows of every table, but for the log of looking."""
    tables = [kind.model.__table__ for kind in registry().types.values()]
    return {
        table.name: session.connection().execute(select(func.count()).select_from(table)).scalar() for table in tables
    }


def read(session, statement):
    return session.execute(statement).all()


def test_it_loads_fast(story):
    assert story.extensions["story.seconds"] < 60


def test_the_second_load_changes_nothing_even_without_the_marks(story):
    with system("test") as session:
        before = counts(session)
    assert not load_demo(story)
    with system("test") as session:
        session.connection().execute(SetupMark.__table__.delete().where(SetupMark.__table__.c.name.like("demo %")))
    assert load_demo(story)
    with system("test") as session:
        assert counts(session) == before


def test_people_sign_in_with_the_password_that_is_shown(story):
    user = record_class("core.user")
    with system("test") as session:
        hashes = session.scalars(select(user.password_hash).where(user.realm == "staff")).all()
    assert len(hashes) == 35
    assert verify(hashes[0], DEMO_PASSWORD)
    shown = {login for login, _password, _who in demo_logins()}
    assert {"admin", "s01", "s08", "s09", "s12", "s13", "s15", "s16", "s19", "s24"} <= shown


def test_numbers_of_clients_are_those_of_the_story(story):
    with system("test") as session:
        numbers = set(session.scalars(select(Client.number)))
    assert {"E-4403-0001", "U-4201-0001", "F-DE-0001", "G-3301-0001", "P-4403-0001", "S-4401-0001"} <= numbers
    assert len(numbers) == 25


def test_every_case_type_and_every_group_of_states_is_there(story):
    with system("test") as session:
        rows = read(session, select(Case.case_type, Case.status, Case.status_group))
    assert len(rows) >= 130
    assert len({row.case_type for row in rows}) == 16
    groups = {state.group for row in rows for state in model(row.case_type).states.values()}
    assert {row.status_group for row in rows} >= groups - {"won"}
    assert len({row.status for row in rows}) >= 50


def test_cases_are_in_the_state_the_story_says(story):
    from plugins.demo.cases import cases_by_key
    from plugins.demo.cast import data

    moved_on = {"H04": "refused", "H12": "rejected", "H13P": "reexam_pending", "P084P": "reexam_pending"}
    moved_on |= {"P085P": "reexam_pending"}
    with system("test") as session:
        state = dict(session.execute(select(Case.id, Case.status)).all())
    found = {key: state[ident] for key, ident in cases_by_key().items()}
    assert found == {row["k"]: moved_on.get(row["k"], row["s"]) for row in data("cases")["cases"]}


def test_the_seed_example(story):
    with system("test") as session:
        case = session.scalars(select(Case).where(Case.client_reference == "LQ04-T001")).one()
        assert (case.valid_to, case.next_renewal_reminder) == (date(2035, 3, 9), date(2034, 3, 9))
        deadline = record_class("deadlines.deadline")
        wanted = (deadline.case_id == case.id, deadline.rule_code == "CN.TM.RENEWAL", deadline.status == "open")
        assert session.scalars(select(deadline.due).where(*wanted)).all() == [date(2035, 3, 9)]


def test_each_person_with_cases_has_something_for_today_and_the_next_days(story):
    deadline, user = record_class("deadlines.deadline"), record_class("core.user")
    live = (deadline.status.in_(("open", "to_confirm")), deadline.kind == "deadline")
    with system("test") as session:
        rows = read(
            session,
            select(user.login, deadline.internal_date).join(user, deadline.responsible_id == user.id).where(*live),
        )
    now = today()
    on = {
        login: Counter(row.internal_date for row in rows if row.login == login) for login in {row.login for row in rows}
    }
    assert set(on) == {"s09", "s10", "s19", "s20", "s26", "s27", "s33"}
    for login, days in on.items():
        assert days[now], f"{login} has nothing today"
        assert any(now < day <= now + timedelta(days=14) for day in days), f"{login} has nothing in two weeks"
    assert any(day < now for days in on.values() for day in days), "somebody is late"


@pytest.mark.parametrize("login", ["s01", "s08", "s09", "s10", "s12", "s13", "s19", "s26", "admin"])
def test_each_figure_of_the_work_list_counts_the_very_rows_behind_its_link(story, login):
    user, level = record_class("core.user"), re.compile(r"/deadlines/work/(\w+)(\?all=1)?$")
    with system("test") as session:
        ident = session.scalar(select(user.id).where(user.login == login))
    with acting_as(load_principal(ident)):
        panel = next((panel for panel in home() if panel.key == "deadlines"), None)
        assert panel is not None
        tiles = [(tile["value"], tile["href"]) for tile in panel.context["tiles"]]
        if panel.context["past"]:
            tiles.append((panel.context["past"].count, panel.context["past"].href))
        assert len(tiles) >= 4
        for value, href in tiles:
            found = level.search(href)
            groups = worklist.whole(found[1], own=not found[2])
            rows = [row.id for group in groups for row in group.rows]
            assert value == len(rows) == len(set(rows)) == sum(group.count for group in groups), href


def test_deadlines_of_all_ends_are_there(story):
    deadline = record_class("deadlines.deadline")
    with system("test") as session:
        states = Counter(session.scalars(select(deadline.status)))
        provisional = session.scalars(select(deadline.id).where(deadline.provisional, deadline.status == "open")).all()
        missed = session.scalars(select(deadline).where(deadline.status == "missed")).all()
        closed = session.scalars(select(deadline).where(deadline.evidence_file_id.is_not(None))).all()
    assert states["met"] > 50
    assert states["waived"] >= 2
    assert states["to_confirm"] >= 3
    assert provisional, "dates of a year whose calendar is not published"
    assert missed
    assert all(row.reason for row in missed)
    assert closed
    assert all(row.evidence for row in closed)


def test_reminders_went_out_and_their_mails_can_be_read(story):
    mail, message = record_class("core.mail"), record_class("core.notification")
    with system("test") as session:
        states = set(session.scalars(select(mail.status)))
        unread = read(
            session, select(message.user_id, func.count()).where(message.read_at.is_(None)).group_by(message.user_id)
        )
    assert states == {"kept"}
    assert unread
    assert all(0 < number <= 4 for _user, number in unread)


def test_each_event_was_recorded_by_a_person_on_its_day(story):
    log = AuditEntry.__table__.c
    with system("test") as session:
        done = select(log.actor_id, log.at).where(log.action == "action:record_event")
        acts = session.connection().execute(done).all()
        events = session.scalars(select(Event.created_by_id)).all()
    assert len(acts) > 300
    assert all(act.actor_id for act in acts)
    assert all(events)
    assert min(act.at for act in acts).date() < today() - timedelta(days=300)
