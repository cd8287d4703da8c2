"""Single sign-on against a provider on this machine: what it may say, and the ways in which it is not believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import time_machine
from sqlalchemy import select

from core.clock import now
from core.db import system
from core.identity import sso
from core.identity.settings import Provider
from core.permissions.org import User, UserRole
from tests.standins import oidc
from tests.support.hashes import quick_hashes

__all__ = ["quick_hashes"]
pytest_plugins = ("tests.e2e.fixtures",)


@pytest.fixture
def corp():
    with oidc.serving() as provider:
        provider.claims = {"email": "Ann@Example.com", "email_verified": True, "name": "Ann at Corp"}
        yield provider


@pytest.fixture
def trust(desk, corp):
    """The deployment trusts the provider, with these settings of it."""
    usual = desk.app.config["ZHIAN"]
    with desk.app.app_context(), system("an address") as session:
        session.get_one(User, desk.ids["ann"]).email = "ann@example.com"

    def set_(**values):
        found = Provider(
            **{
                "name": "corp",
                "issuer": corp.url,
                "client_id": oidc.CLIENT,
                "client_secret": oidc.SECRET,
                "label": "Corp",
            }
            | values
        )
        identity = replace(usual.identity, oidc=(found,))
        desk.app.config["ZHIAN"] = replace(usual, identity=identity, outgoing_allow=("127.0.0.1",))
        sso.forget_descriptions()

    set_()
    yield set_
    desk.app.config["ZHIAN"] = usual


def journey(browser, wanted="/r/desk.paper"):
    """To the provider and back; the address that the provider sends the browser to."""
    went = browser.get(f"/login/with/corp?next={wanted}")
    assert went.status_code == 303, went.text
    back = urlsplit(httpx.get(went.headers["Location"]).headers["Location"])
    return f"{back.path}?{back.query}"


def test_a_verified_address_signs_in_and_leads_where_one_wanted(visit, corp, trust):
    browser = visit()
    assert "/login/with/corp" in browser.get("/login").text
    answer = browser.get(journey(browser))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/r/desk.paper")
    assert browser.get("/r/desk.paper").status_code == 200
    asked = corp.seen[0]
    assert len(asked["state"]) > 30
    assert len(asked["nonce"]) > 30
    assert asked["scope"] == "openid profile email"


def test_the_way_back_works_once_and_in_the_browser_that_began(visit, trust):
    browser, other = visit(), visit()
    back = journey(browser)
    assert other.get(back).status_code == 401, "another browser"
    assert browser.get(back).status_code == 303
    assert visit().get(back).status_code == 401
    assert browser.get("/login/back/corp?code=x&state=y").status_code == 401


def test_a_foreign_state_is_refused(visit, trust):
    browser = visit()
    back = journey(browser)
    query = parse_qs(urlsplit(back).query)
    assert browser.get(f"/login/back/corp?code={query['code'][0]}&state=forged").status_code == 401
    assert browser.get("/new").status_code == 302


def unsigned(token):
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), None, algorithm="none")


def with_public_secret(token):
    return jwt.encode(jwt.decode(token, options={"verify_signature": False}), oidc.SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    ("claims", "spoil"),
    [
        ({"nonce": "of another journey"}, None),
        ({"aud": "another client"}, None),
        ({"aud": ["zhian", "another"]}, None),
        ({"iss": "https://evil.example"}, None),
        ({"exp": 1_000_000_000, "iat": 999_999_000}, None),
        ({"email_verified": False}, None),
        ({"email": "nobody@example.com"}, None),
        ({}, unsigned),
        ({}, with_public_secret),
        ({}, lambda token: token[:-6] + "AAAAAA"),
        ({}, lambda token: "no token"),
    ],
)
def test_what_is_not_right_is_not_taken(visit, corp, trust, claims, spoil):
    corp.claims |= claims
    corp.spoil = spoil
    browser = visit()
    answer = browser.get(journey(browser))
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers or "zhian=" not in str(answer.headers.getlist("Set-Cookie"))
    assert browser.get("/new").status_code == 302


def test_a_key_that_is_new_is_read_and_a_foreign_one_is_refused(visit, corp, trust):
    first = visit()
    assert first.get(journey(first)).status_code == 303
    corp.renew_key()
    second = visit()
    assert second.get(journey(second)).status_code == 303


def test_people_are_found_by_login_where_the_settings_say_so(visit, corp, trust):
    trust(match="login")
    corp.claims = {"preferred_username": "bob"}
    browser = visit()
    assert browser.get(journey(browser)).status_code == 303
    assert "Bob" in browser.get("/new").text


def test_nobody_is_made_unless_the_settings_say_so(desk, visit, corp, trust):
    corp.claims |= {"email": "fresh@example.com", "name": "Fresh"}
    browser = visit()
    assert browser.get(journey(browser)).status_code == 401
    trust(create=True, roles=("reader", "unknown"))
    assert browser.get(journey(browser)).status_code == 303
    with desk.app.app_context(), system("look") as session:
        user = session.scalars(select(User).where(User.email == "fresh@example.com")).one()
        assert list(session.scalars(select(UserRole.role).where(UserRole.user_id == user.id))) == ["reader"]


def test_disabled_people_stay_outside(desk, visit, corp, trust):
    corp.claims |= {"email": "gone@example.com"}
    with desk.app.app_context(), system("somebody who left") as session:
        session.add(User(login="gone", name="Gone", email="gone@example.com", active=False))
    browser = visit()
    assert browser.get(journey(browser)).status_code == 401


def test_where_it_is_the_only_way_no_password_no_passkey_and_no_link_lead_in(visit, trust):
    browser = visit()
    browser.get("/login")
    trust(only=True)
    page = browser.get("/login").text
    assert 'name="password"' not in page
    assert "/login/with/corp" in page
    assert browser.post("/login", login="ann", password="a-long-password-1").status_code == 401
    assert browser.post("/login/passkey").status_code == 422
    assert browser.get("/forgotten").status_code == 404
    assert browser.get(journey(browser)).status_code == 303


def test_a_second_step_is_asked_for_unless_the_provider_does_it(desk, visit, trust):
    identity = desk.app.config["ZHIAN"].identity
    desk.app.config["ZHIAN"] = replace(
        desk.app.config["ZHIAN"], identity=replace(identity, second_factor_roles=("clerk",))
    )
    browser = visit()
    browser.get(journey(browser))
    assert browser.get("/new").headers["Location"].startswith("/login/setup")
    provider = replace(identity.oidc[0], second_factor=True)
    desk.app.config["ZHIAN"] = replace(
        desk.app.config["ZHIAN"], identity=replace(identity, second_factor_roles=("clerk",), oidc=(provider,))
    )
    browser = visit()
    browser.get(journey(browser))
    assert browser.get("/new").status_code == 200


def test_a_fresh_proof_is_asked_of_the_provider(visit, corp, trust):
    trust(only=True)
    browser = visit()
    browser.get(journey(browser))
    with time_machine.travel(now() + timedelta(minutes=11)):
        browser.get("/new")
        asked = browser.post("/security/app")
        assert asked.status_code == 403
        assert "/login/with/corp" in asked.text
        assert 'name="confirm_password"' not in asked.text
        assert browser.get(journey(browser, "/security")).headers["Location"] == "/security"
        assert (corp.seen[-1]["prompt"], corp.seen[-1]["max_age"]) == ("login", "0")
        assert browser.post("/security/app").status_code == 200
        corp.claims["auth_time"] = 1_000_000_000
        assert browser.get(journey(browser, "/security")).status_code == 401


def test_a_provider_inside_is_not_called_unless_it_is_allowed(desk, visit, corp, trust):
    desk.app.config["ZHIAN"] = replace(desk.app.config["ZHIAN"], outgoing_allow=())
    sso.forget_descriptions()
    answer = visit().get("/login/with/corp")
    assert answer.status_code == 503
    assert corp.seen == []


def test_a_provider_that_is_down_is_said_to_be(desk, visit, trust):
    trust(issuer="http://127.0.0.1:1")
    assert visit().get("/login/with/corp").status_code == 503
    assert visit().get("/login/with/nobody").status_code == 404
