"""Passkeys in a real browser with a virtual authenticator: made, then used to sign in, as second step, as proof."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from werkzeug.serving import make_server

from core.clock import now
from core.db import db, system
from core.identity import factors
from core.identity.model import Passkey
from core.permissions.org import LoginSession
from tests.e2e.desk import PASSWORD
from tests.support.hashes import quick_hashes

__all__ = ["quick_hashes"]
pytest_plugins = ("tests.e2e.fixtures",)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(desk):
    """The deployment on `localhost`, where browsers allow passkeys without https."""
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


@pytest.fixture
def page(browser, desk):
    """A browser with an authenticator that its owner unlocks."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.set_default_timeout(15_000)
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    page.authenticator = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    page.cdp = cdp
    yield page
    context.close()
    with desk.app.app_context(), system("taken again") as session:
        for login in ("ann", "bob", "rea"):
            factors.drop_all(session.connection(), desk.ids[login])


def sign_in(page, site, login):
    page.goto(f"{site}/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.go")
    page.wait_for_url(lambda url: not url.endswith("/login"))


def add_passkey(page, site):
    page.goto(f"{site}/security")
    page.fill("input[name=name]", "office laptop")
    page.click("form[data-passkey-new] button")
    page.wait_for_selector(".z-codes")


def sign_out(page):
    page.context.clear_cookies()


def test_a_passkey_is_made_and_signs_in_without_a_password_or_second_step(page, site, desk):
    sign_in(page, site, "ann")
    add_passkey(page, site)
    assert page.locator(".z-codes li").count() == 10
    page.goto(f"{site}/security")
    assert page.get_by_text("office laptop").is_visible()
    sign_out(page)
    page.goto(f"{site}/login?next=/r/desk.paper")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site}/r/desk.paper")
    with desk.app.app_context():
        key = Passkey.__table__.c
        row = db.session().connection().execute(select(key.sign_count, key.used_at)).one()
        assert row.used_at is not None
        way = select(LoginSession.__table__.c.way).order_by(LoginSession.__table__.c.id.desc()).limit(1)
        assert db.session().connection().execute(way).scalar() == "passkey"


def test_a_passkey_is_the_second_step_after_a_password(page, site):
    sign_in(page, site, "bob")
    add_passkey(page, site)
    sign_out(page)
    sign_in(page, site, "bob")
    assert "/login/second" in page.url
    page.goto(f"{site}/new")
    assert "/login/second" in page.url
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{site}/new")


def test_a_passkey_is_a_fresh_proof_and_the_form_goes_on(page, site, desk):
    sign_in(page, site, "ann")
    add_passkey(page, site)
    page.goto(f"{site}/security")
    with desk.app.app_context(), db.engine.begin() as connection:
        stale = update(LoginSession.__table__).values(proved_at=now() - timedelta(hours=1))
        connection.execute(stale)
    page.get_by_role("button", name="New codes").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_selector(".z-codes")


def test_an_answer_is_taken_once_and_from_nobody_elses_key(page, site, desk, visit):
    """The browser's own answer, caught on its way and sent again by somebody else."""
    sign_in(page, site, "ann")
    add_passkey(page, site)
    sign_out(page)
    sent = []
    page.route("**/login/passkey", lambda route: (sent.append(route.request.post_data), route.abort()))
    page.goto(f"{site}/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_timeout(100)
    for _n in range(50):
        if sent:
            break
        page.wait_for_timeout(100)
    page.unroute("**/login/passkey")
    stranger = page.context.browser.new_context().request
    form = dict(part.split("=", 1) for part in sent[0].split("&"))
    assert form["credential"]
    first = page.context.request.post(f"{site}/login/passkey", data=sent[0], headers=FORM, max_redirects=0)
    again = page.context.request.post(f"{site}/login/passkey", data=sent[0], headers=FORM, max_redirects=0)
    foreign = stranger.post(f"{site}/login/passkey", data=sent[0], headers=FORM, max_redirects=0)
    assert first.status == 303
    assert again.status in (401, 403)
    assert foreign.status == 403


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_copied_key_that_counts_backwards_is_refused(page, site, desk):
    sign_in(page, site, "ann")
    add_passkey(page, site)
    sign_out(page)
    with desk.app.app_context(), db.engine.begin() as connection:
        connection.execute(update(Passkey.__table__).values(sign_count=1_000_000))
    page.goto(f"{site}/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_selector("text=This passkey is not known here")


def test_an_authenticator_that_was_not_unlocked_proves_nothing(page, site, desk):
    sign_in(page, site, "ann")
    add_passkey(page, site)
    sign_out(page)
    page.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": page.authenticator, "isUserVerified": False})
    page.goto(f"{site}/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_selector("[data-passkey-fault]:not([hidden])")
    assert page.url.endswith("/login")


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", json.dumps({"id": "x" * 3000}), '{"id": 5}', "x" * 90_000]
)
def test_odd_answers_are_refused_and_break_nothing(visit, credential):
    browser = visit()
    browser.get("/login")
    answer = browser.post("/login/passkey", handle="x", credential=credential)
    assert answer.status_code == 401
    assert browser.post("/login/passkey", handle="x", credential=credential, csrf_token="").status_code == 403
