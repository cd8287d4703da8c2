"""Second steps: what a half session opens, codes that are taken once, recovery codes, roles that must, old ones."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import select, update

from core.clock import now
from core.db import db, system
from core.identity import factors
from core.identity.model import OldPassword, Totp
from core.permissions.org import LoginSession
from tests.e2e.desk import PASSWORD
from tests.support.hashes import quick_hashes

__all__ = ["quick_hashes"]

pytest_plugins = ("tests.e2e.fixtures",)


@pytest.fixture
def identity(desk):
    """Other settings of identity for one test."""
    usual = desk.app.config["ZHIAN"]

    def set_(**values):
        desk.app.config["ZHIAN"] = replace(usual, identity=replace(usual.identity, **values))

    yield set_
    desk.app.config["ZHIAN"] = usual


@pytest.fixture
def app_of(desk):
    """Gives somebody an authenticator app for one test; the app itself."""
    given = []

    def give(login):
        with desk.app.app_context(), system("an app for a test") as session:
            secret = factors.new_secret(session.connection(), desk.ids[login])
            session.connection().execute(update(Totp.__table__).values(confirmed_at=now()))
            given.append((desk.ids[login], factors.new_codes(session.connection(), desk.ids[login])))
        return pyotp.TOTP(secret), given[-1][1]

    yield give
    with desk.app.app_context(), system("taken again") as session:
        for ident, _codes in given:
            factors.drop_all(session.connection(), ident)


def half(visit, login):
    """A browser after the password and before the second step."""
    browser = visit()
    assert browser.sign_in(login).status_code == 303
    return browser


def cookie(browser):
    return browser.client.get_cookie("zhian").value


def test_the_password_alone_opens_nothing_but_the_second_step(visit, app_of):
    app_of("ann")
    browser = half(visit, "ann")
    for path in ("/", "/settings/me", "/security", "/r/desk.paper", "/settings/keys"):
        assert browser.get(path).headers["Location"].startswith("/login/second")
    assert browser.get("/api/v1/desk.paper").status_code == 401
    assert browser.get("/login/setup").headers["Location"].startswith("/login/second"), "no step is skipped"
    assert browser.get("/login/renew").headers["Location"].startswith("/login/second")
    assert browser.post("/passkey/make").status_code == 403


def test_a_code_completes_the_sign_in_under_a_new_token_and_leads_where_one_wanted(visit, app_of):
    app, _codes = app_of("ann")
    browser = half(visit, "ann")
    page = browser.get("/login/second?next=/r/desk.paper")
    assert 'autocomplete="one-time-code"' in page.text
    before = cookie(browser)
    answer = browser.post("/login/second", code=app.now(), next="/r/desk.paper")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/r/desk.paper")
    assert cookie(browser) != before
    assert browser.get("/r/desk.paper").status_code == 200
    browser.client.set_cookie("zhian", before)
    assert browser.get("/r/desk.paper").status_code == 302


def test_a_code_is_taken_once_by_whoever_sends_it_first(visit, app_of):
    app, _codes = app_of("ann")
    moment = now() + timedelta(minutes=1)
    with time_machine.travel(moment, tick=False):
        first, second = half(visit, "ann"), half(visit, "ann")
        code = app.at(moment)
        for browser in (first, second):
            browser.get("/login/second")
        assert first.post("/login/second", code=code).status_code == 303
        assert second.post("/login/second", code=code).status_code == 401
        assert second.post("/login/second", code=app.at(moment - timedelta(seconds=30))).status_code == 401, "nor older"
        assert second.post("/login/second", code=app.at(moment + timedelta(seconds=30))).status_code == 303


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_before_and_after_is_taken_and_no_more(desk, app_of, steps, fits):
    app, _codes = app_of("bob")
    with desk.app.app_context(), system("a code") as session:
        code = app.at(now() + timedelta(seconds=30 * steps))
        assert factors.check_totp(session.connection(), desk.ids["bob"], code) is fits


def test_codes_are_not_guessed(visit, app_of):
    app, _codes = app_of("root")
    browser = half(visit, "root")
    browser.get("/login/second")
    answers = [browser.post("/login/second", code=f"{n:06}").status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert browser.post("/login/second", code=app.now()).status_code == 429


def test_a_recovery_code_works_once_and_is_kept_as_a_hash(visit, app_of, desk):
    _app, codes = app_of("ann")
    assert len(codes) == len(set(codes)) == 10
    first = half(visit, "ann")
    first.get("/login/second")
    assert first.post("/login/second", code=codes[0].upper()).status_code == 303
    again = half(visit, "ann")
    again.get("/login/second")
    assert again.post("/login/second", code=codes[0]).status_code == 401
    with desk.app.app_context():
        stored = str(list(db.session().connection().exec_driver_sql("SELECT * FROM core_recovery_code")))
        secret = str(list(db.session().connection().exec_driver_sql("SELECT secret FROM core_totp")))
    assert codes[1] not in stored
    assert codes[1].replace("-", "") not in stored
    assert _app.secret not in secret, "encrypted"


def test_a_half_session_dies_after_ten_minutes_and_can_be_left(visit, app_of):
    app_of("ann")
    browser = half(visit, "ann")
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert browser.get("/").headers["Location"] == "/login"
    browser.get("/login/second")
    assert browser.post("/login/leave").headers["Location"] == "/login"
    assert browser.get("/").headers["Location"] == "/login"


def test_whose_role_asks_for_it_sets_a_second_step_up_before_anything_else(visit, identity, desk):
    identity(second_factor_roles=("reader",))
    assert visit("ann").get("/").status_code == 200, "other roles do not"
    browser = half(visit, "rea")
    page = browser.follow(browser.get("/r/desk.paper"))
    assert page.status_code == 200
    assert "data:image/svg" in page.text
    secret = re.search(r"<code>([A-Z2-7 ]{20,})</code>", page.text)[1].replace(" ", "")
    assert browser.post("/login/setup", code="000000", next="/r/desk.paper").status_code == 422
    shown = browser.post("/login/setup", code=pyotp.TOTP(secret).now(), next="/r/desk.paper")
    assert shown.status_code == 200
    assert len(re.findall(r"<code>[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}</code>", shown.text)) == 10
    assert browser.get("/r/desk.paper").status_code == 200
    off = browser.post("/security/app/off")
    assert off.status_code == 422, "the last one stays"
    with desk.app.app_context(), system("taken again") as session:
        factors.drop_all(session.connection(), desk.ids["rea"])


def test_one_sets_an_app_up_and_takes_it_away_again(visit):
    browser = visit("bob")
    browser.get("/security")
    page = browser.post("/security/app")
    secret = re.search(r"<code>([A-Z2-7 ]{20,})</code>", page.text)[1].replace(" ", "")
    assert browser.post("/security/app", code="123").status_code == 422
    before = cookie(browser)
    shown = browser.post("/security/app", code=pyotp.TOTP(secret).now())
    assert "z-codes" in shown.text
    assert browser.get("/security").status_code == 200
    assert cookie(browser) != before, "the token changes with what the person must prove"
    assert half(visit, "bob").get("/").headers["Location"].startswith("/login/second")
    assert browser.post("/security/codes").status_code == 200
    assert browser.post("/security/app/off").status_code == 303
    assert visit("bob").get("/").status_code == 200


def test_an_old_password_is_changed_before_anything_else(visit, identity, desk):
    identity(policy="mlps")
    with desk.app.app_context(), db.engine.begin() as connection:
        old = OldPassword.__table__
        mine = old.c.user_id == desk.ids["none"]
        connection.execute(update(old).where(mine).values(at=now() - timedelta(days=91)))
    browser = half(visit, "none")
    browser.follow(browser.get("/"))
    for new, said in (
        ("too-plain-words", "Use three of these"),
        (PASSWORD, "used this password before"),
        ("None-4711-x!", "Leave out"),
    ):
        answer = browser.post("/login/renew", new=new, again=new)
        assert answer.status_code == 422
        assert said in answer.text
    assert browser.post("/login/renew", new="Kew-4711-tree", again="Kew-4712-tree").status_code == 422
    assert browser.post("/login/renew", new="Kew-4711-tree", again="Kew-4711-tree").status_code == 303
    assert browser.get("/").status_code == 200
    browser.get("/settings/me")
    for n in range(2, 5):
        given = {"old": "Kew-4711-tree" if n == 2 else f"Kew-471{n - 1}-tree", "new": f"Kew-471{n}-tree"}
        assert browser.post("/settings/me/password", **given).status_code == 303
    again = browser.post("/settings/me/password", old="Kew-4714-tree", new="Kew-4711-tree")
    assert "You used this password before" in again.text


def test_under_mlps_nobody_stays_signed_in_beyond_half_an_hour_of_rest(visit, identity):
    identity(policy="mlps")
    assert 'name="keep"' not in visit().get("/login").text
    browser = visit()
    browser.sign_in("rea", keep="1")
    with time_machine.travel(now() + timedelta(minutes=31)):
        assert browser.get("/").status_code == 302
    for _n in range(5):
        answer = visit().sign_in("root", "wrong-password")
    assert answer.status_code == 429
    with time_machine.travel(now() + timedelta(minutes=14)):
        assert visit().sign_in("root").status_code == 429
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert visit().sign_in("root").status_code == 303


def test_half_sessions_are_no_devices(visit, app_of, desk):
    app_of("ann")
    half(visit, "ann")
    with desk.app.app_context():
        table = LoginSession.__table__.c
        pending = select(table.pending).where(table.user_id == desk.ids["ann"], table.ended_at.is_(None))
        assert "second" in set(db.session().connection().execute(pending).scalars())
    with desk.app.test_request_context():
        from core.web.sessions import sessions_of

        assert all(row.way for row in sessions_of(desk.ids["ann"]))
