"""Guessing passwords: counted in the database before each is looked at, for known and unknown people alike."""

from __future__ import annotations

import statistics
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from core.clock import now
from core.db import db, system
from core.identity import tries
from core.identity.model import Tries
from core.permissions.org import User
from core.permissions.passwords import hash_password
from core.records.audit import AuditEntry
from core.web import sessions
from tests.support.hashes import quick_hashes, usual_hashes

__all__ = ["quick_hashes", "usual_hashes"]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def known(app):
    with app.app_context(), system("a person to guess") as session:
        hashed = hash_password(PASSWORD)
        session.add_all([User(login=f"known {n}", name="Known", password_hash=hashed) for n in range(4)])
    return [f"known {n}" for n in range(4)]


def attempt(app, login, password, ip):
    with app.test_request_context("/login", method="POST", environ_base={"REMOTE_ADDR": ip}):
        return sessions.sign_in(login, password, keep=False)


def looked_at(app):
    """How many passwords were compared so far."""
    with app.app_context():
        failed = select(func.count()).where(AuditEntry.action == "sign_in_failed")
        return db.session().connection().execute(failed).scalar_one()


@pytest.mark.parametrize("login", ["known 0", "nobody there"])
def test_one_account_from_many_addresses_is_tried_ten_times_in_a_quarter_hour(app, known, login):
    before, start = looked_at(app), now()
    turned_away = 0
    for n in range(30):
        with time_machine.travel(start + timedelta(seconds=30 * n), tick=False):
            turned_away += attempt(app, login, f"guess {n}", f"203.0.113.{n}").locked_minutes > 0
    assert looked_at(app) - before <= 10
    assert turned_away >= 20
    with time_machine.travel(start + timedelta(seconds=890), tick=False):
        assert attempt(app, login, PASSWORD, "198.51.100.9").token is None, "not even the right one"
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        assert (attempt(app, login, PASSWORD, "198.51.100.9").token is not None) == login.startswith("known")


def test_many_accounts_from_one_address_are_tried_fifty_times(app):
    before = looked_at(app)
    answers = [attempt(app, f"name {n}", "guess", "192.0.2.77") for n in range(55)]
    assert looked_at(app) - before == 50
    assert [a.locked_minutes > 0 for a in answers[50:]] == [True] * 5
    assert attempt(app, "name 999", "guess", "192.0.2.78").locked_minutes == 0


def test_addresses_of_one_ipv6_network_are_one():
    assert tries.address_key("2001:db8::1") == tries.address_key("2001:db8::ffff:1")
    assert tries.address_key("2001:db8:0:1::1") != tries.address_key("2001:db8::1")


def test_tries_at_the_same_moment_do_not_slip_past_each_other(app, known):
    before, answers = looked_at(app), []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(attempt(app, "known 1", "guess", f"198.18.0.{n}")))
        for n in range(16)
    ]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(answers) == 16
    assert looked_at(app) - before <= 5, "after the fifth wrong one the account rests"


def test_the_counts_are_in_the_database_and_a_right_password_forgets_them(app, known):
    for n in range(4):
        assert attempt(app, "known 2", "guess", f"198.18.1.{n}").token is None
    key = tries.account_key("staff", "Known 2 ")
    with app.app_context():
        row = db.session().connection().execute(select(Tries.__table__).where(Tries.__table__.c.key == key)).one()
        assert (row.wrong, len(row.instants)) == (4, 4)
    assert attempt(app, "known 2", PASSWORD, "198.18.1.9").token
    with app.app_context():
        left = select(func.count()).where(Tries.__table__.c.key == key)
        assert db.session().connection().execute(left).scalar_one() == 0
        with system("tidying") as session, time_machine.travel(now() + timedelta(hours=1)):
            assert tries.tidy(session.connection()) > 0


def test_time_tells_nothing_about_who_is_known(app, usual_hashes):
    """Work, not waiting, is compared: the machine of a test has other things to do."""

    def work(login, n):
        with app.test_request_context("/login", environ_base={"REMOTE_ADDR": f"198.19.{n}.1"}):
            begin = time.thread_time()
            sessions.sign_in(login, "guess", keep=False)
            return time.thread_time() - begin

    with app.app_context(), system("four people") as session:
        hashed = hash_password(PASSWORD)
        session.add_all([User(login=f"timed {n}", name="Timed", password_hash=hashed) for n in range(5)])
    work("timed 0", 100)
    for _round in range(3):
        pairs = [(work(f"timed {n}", n + 1), work(f"never heard {n}", n + 50)) for n in range(5)]
        known_time, unknown_time = (statistics.median(side) for side in zip(*pairs, strict=True))
        if abs(known_time / unknown_time - 1) < 0.1:
            return
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(Tries.__table__.delete())
    pytest.fail(f"known {known_time:.4f} s, unknown {unknown_time:.4f} s")
