"""Signing in and out, sessions, lock-out, CSRF, headers, safe redirects."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select, update

from core import record_class, system
from core.clock import now
from core.identity.steps import password_since
from core.permissions.org import User
from core.permissions.passwords import outdated
from core.records.dump import forget_labels
from core.web.security import safe_next

pytest_plugins = ("tests.e2e.fixtures",)


def test_a_stranger_is_led_to_the_sign_in_page_and_back(visit):
    stranger = visit()
    answer = stranger.get("/r/desk.paper?state=draft")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=/r/desk.paper%3Fstate%3Ddraft"
    page = stranger.get(answer.headers["Location"])
    assert "Sign in" in page.text
    signed = stranger.post("/login", login="ann", password="a-long-password-1", next="/r/desk.paper?state=draft")
    assert signed.status_code == 303
    assert signed.headers["Location"] == "/r/desk.paper?state=draft"
    assert stranger.get("/r/desk.paper").status_code == 200


def test_the_session_cookie_is_hidden_from_scripts_and_renewed_at_each_sign_in(visit):
    one = visit()
    first = one.sign_in("ann").headers.getlist("Set-Cookie")[0]
    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    one.post("/logout")
    second = one.sign_in("ann").headers.getlist("Set-Cookie")[0]
    assert first.split(";")[0] != second.split(";")[0]


def test_over_https_the_cookie_is_tied_to_the_host(desk):
    client = desk.app.test_client()
    page = client.get("/login", base_url="https://zhian.example")
    assert page.headers["Strict-Transport-Security"]
    names = [c.split("=")[0] for c in page.headers.getlist("Set-Cookie")]
    assert names == ["__Host-zhian_visit"]
    assert "Secure" in page.headers["Set-Cookie"]


def test_signing_out_ends_the_session_on_the_server(visit):
    ann = visit("ann")
    cookie = ann.client.get_cookie("zhian").value
    ann.get("/")
    ann.post("/logout")
    ann.client.set_cookie("zhian", cookie)
    assert ann.get("/").status_code == 302


def test_a_hash_of_earlier_parameters_is_renewed_and_the_password_is_still_the_same(visit, desk):
    table, ident, earlier = User.__table__, desk.ids["rea"], PasswordHasher(1, 512, 1)
    elsewhere = visit("rea")
    with desk.app.app_context(), system("as it was hashed once") as session:
        since = password_since(session.connection(), ident)
        values = {"password_hash": earlier.hash("a-long-password-1")}
        session.connection().execute(update(table).where(table.c.id == ident).values(values))
    again = visit()
    assert again.sign_in("rea").status_code == 303
    assert [browser.get("/").status_code for browser in (again, elsewhere)] == [200, 200]
    with desk.app.app_context(), system("what is kept now") as session:
        kept = session.connection().execute(select(table.c.password_hash).where(table.c.id == ident)).scalar_one()
        assert not outdated(kept)
        assert password_since(session.connection(), ident) == since
    assert [browser.post("/logout").status_code for browser in (again, elsewhere)] == [303, 303]


def test_wrong_passwords_lock_the_account_for_a_while(visit, desk):
    thief = visit()
    answers = [thief.sign_in("bob", "wrong-password") for _n in range(5)]
    assert [a.status_code for a in answers] == [401, 401, 401, 401, 429]
    assert thief.sign_in("bob").status_code == 429
    with time_machine.travel(now() + timedelta(minutes=2), tick=True):
        assert thief.sign_in("bob").status_code == 303


def test_an_unknown_account_answers_like_a_wrong_password(visit):
    stranger = visit()
    unknown, wrong = stranger.sign_in("who", "wrong-password"), stranger.sign_in("rea", "wrong-password")
    assert unknown.status_code == wrong.status_code == 401
    assert "Account or password does not fit" in unknown.text


def test_sessions_end_when_they_rest_too_long_and_when_they_are_too_old(visit):
    resting, kept = visit(), visit()
    resting.sign_in("ann")
    kept.sign_in("ann", keep="1")
    with time_machine.travel(now() + timedelta(hours=9), tick=False):
        assert resting.get("/").status_code == 302
        assert kept.get("/").status_code == 200
    with time_machine.travel(now() + timedelta(days=8), tick=False):
        assert kept.get("/").status_code == 302


def test_one_can_end_the_session_of_another_device(visit):
    here, there = visit("rea"), visit("rea")
    page = here.get("/settings/me")
    assert page.text.count("/sessions/") == 1
    address = page.text.split('action="/settings/me/sessions/')[1].split('"')[0]
    assert here.post(f"/settings/me/sessions/{address}").status_code == 303
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_a_changed_password_signs_other_devices_out(visit):
    here, there = visit("none"), visit("none")
    here.get("/settings/me")
    short = here.post("/settings/me/password", old="a-long-password-1", new="short")
    assert short.status_code == 422
    assert "at least 10 characters" in short.text.lower()
    assert here.post("/settings/me/password", old="wrong", new="another-long-one").status_code == 422
    assert here.post("/settings/me/password", old="a-long-password-1", new="another-long-one").status_code == 303
    assert there.get("/").status_code == 302
    assert visit().sign_in("none", "another-long-one").status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_an_unsafe_request_without_the_token_is_refused(visit, token):
    ann = visit("ann")
    ann.get("/")
    answer = ann.post("/logout", csrf_token=token)
    assert answer.status_code == 403
    assert ann.get("/").status_code == 200


def test_a_token_of_another_session_is_refused(visit):
    ann, bob = visit("ann"), visit("rea")
    bob.get("/")
    ann.get("/")
    assert ann.post("/logout", csrf_token=bob.token).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_request_from_another_site_is_refused(visit, headers):
    ann = visit("ann")
    ann.get("/")
    assert ann.post("/logout", _headers=headers).status_code == 403


def test_the_token_may_come_as_a_header(visit):
    ann = visit("ann")
    ann.get("/")
    answer = ann.post("/settings/look", csrf_token="", _headers={"X-CSRF-Token": ann.token}, theme="dark")
    assert answer.status_code == 303


def test_every_answer_carries_the_security_headers(visit):
    for path in ("/login", "/nowhere", "/healthz"):
        headers = visit("ann").get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert visit("ann").get("/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""]
)
def test_redirects_do_not_leave_the_house(target):
    assert safe_next(target) == "/"


def test_the_language_of_the_sign_in_page_can_be_chosen(visit):
    assert "登录" in visit().get("/login?locale=zh").text
    assert "Sign in" in visit().get("/login?locale=en").text


def test_the_language_chosen_on_the_sign_in_page_stays_with_the_account(visit, desk):
    ann = visit(**{"Accept-Language": "zh"})
    page = ann.get("/login?locale=zh")
    assert 'name="locale" value="zh"' in page.text
    assert ann.sign_in("ann", locale="zh").status_code == 303
    assert '<html lang="zh-CN"' in ann.get("/").text
    other = visit("ann", **{"Accept-Language": "en"})
    assert '<html lang="zh-CN"' in other.get("/").text, "on another device too"
    assert ann.sign_in("ann", locale="en").status_code == 303
    assert '<html lang="en"' in visit("ann").get("/").text


def test_an_english_reader_sees_english_names(visit, desk):
    with desk.app.app_context(), system("names") as session:
        rea = session.get(record_class("core.user"), desk.ids["rea"])
        rea.name, rea.name_en, rea.locale = "雷雅", "Rea Lei", "en"
    forget_labels()
    rea = visit("rea")
    home = rea.get("/").text
    assert ", Rea Lei" in home
    assert "雷雅" not in home
    rea.post("/settings/look", locale="zh")
    assert "雷雅" in rea.get("/").text
    rea.post("/settings/look", locale="en")
