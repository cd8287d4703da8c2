"""Guessing passwords: counted in the database before each is looked at, for known and unknown people alike."""

from __future__ import annotations

import re
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


def failed_rows(app, count):
    with app.app_context():
        rows = select(AuditEntry).where(AuditEntry.action == "sign_in_failed").order_by(AuditEntry.id.desc())
        return list(db.session().connection().execute(rows.limit(count)))


def test_the_log_keeps_what_was_tried_and_no_password_that_was_typed_as_a_name(app, known):
    slip = "Correct-Horse-Battery-9"
    for n, name in enumerate(("known 3", "Ghost of nobody", slip, f" {slip.lower()}", "x" * 5000)):
        attempt(app, name, "guess", f"198.18.7.{n}")
    newest = failed_rows(app, 5)
    tried = [row.changes["login"][1] for row in reversed(newest)]
    assert tried[0] == "known 3"
    assert [name[:4] for name in tried[1:]] == ["G… #", "C… #", "c… #", "x… #"]
    assert tried[2][4:] == tried[3][4:] != tried[1][4:], "the same name is seen to be the same"
    assert max(map(len, tried)) <= 80
    assert not [row for row in newest if "orse" in str(row)]
    assert newest[-1].record_id == next(row.record_id for row in newest if row.title)


def test_questions_for_a_passkey_are_counted_by_themselves(app, monkeypatch):
    monkeypatch.setattr(tries, "MOST_QUESTIONS", 5)
    client = app.test_client()

    def question(ip):
        page = client.get("/login", environ_base={"REMOTE_ADDR": ip})
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        headers = {"X-CSRF-Token": token, "Accept": "application/json"}
        return client.post("/login/passkey/ask", headers=headers, environ_base={"REMOTE_ADDR": ip})

    answers = [question("198.18.9.1").status_code for _n in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert question("198.18.9.2").status_code == 200
    assert attempt(app, "anybody 9", "guess", "198.18.9.1").locked_minutes == 0, "passwords have a count of their own"


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("login", ["known 0", "nobody else"])
def test_ten_thousand_guesses_at_one_account_from_as_many_addresses(app, known, login):
    """Five days, one guess each 43 seconds: at most ten are looked at in any quarter of an hour, known or not."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(Tries.__table__.delete())
    before, start, looked = looked_at(app), now() + timedelta(days=1), []
    for n in range(10_000):
        moment = start + timedelta(seconds=43.2 * n)
        with time_machine.travel(moment, tick=False):
            answer = attempt(app, login, f"guess {n}", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
        assert answer.token is None
        looked += [moment] if not answer.locked_minutes or looked_at(app) - before > len(looked) else []
    most = max(sum(1 for m in looked if begin <= m < begin + timedelta(minutes=15)) for begin in looked)
    print(f"\n  10,000 guesses at {login!r} in five days: {len(looked)} looked at, at most {most} in 15 minutes")
    assert looked_at(app) - before == len(looked)
    assert most <= 10


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_thousand_accounts_are_guessed_at_from_one_address(app, known):
    """A spray over five hours: fifty in any quarter of an hour."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(Tries.__table__.delete())
    before, start, passed = looked_at(app), now() + timedelta(days=20), []
    for n in range(10_000):
        moment = start + timedelta(seconds=1.8 * n)
        with time_machine.travel(moment, tick=False):
            passed += [] if attempt(app, f"sprayed {n}", "guess", "192.0.2.200").locked_minutes else [moment]
    most = max(sum(1 for m in passed if begin <= m < begin + timedelta(minutes=15)) for begin in passed)
    print(f"\n  10,000 accounts from one address in five hours: {len(passed)} looked at, at most {most} in 15 minutes")
    assert looked_at(app) - before == len(passed)
    assert most <= 50


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


def test_time_tells_nothing_about_who_is_known(app, usual_hashes, backend):
    """Work, not waiting, is compared: the machine of a test has other things to do."""
    if backend != "sqlite":
        pytest.skip("the hash takes the time, and it does not depend on the database")

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
