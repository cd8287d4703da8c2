"""Doors of the whole deployment: what strangers may open, and what a browser's session may do in the API."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core.api.keys import issue_key
from core.db import system
from core.permissions.org import User, UserRole
from core.permissions.passwords import hash_password

OPEN = {"/healthz", "/login", "/forgotten", "/password/<token>", "/static/<stamp>/<room>/<path:path>"}
"""Addresses that anybody may read, besides those that declare themselves public."""
PASSWORD = "correct horse battery"


def filled(rule):
    """An address of this rule."""
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda m: "1" if m[1] in (None, "int", "string") else "x", rule)


def declared_public(app):
    return {
        f"{endpoints.url_prefix}{route.rule}"
        for _plugin, endpoints in app.extensions["zhian"].endpoints
        for route in endpoints.routes
        if route.permission.kind == "public"
    }


def test_strangers_open_no_door_that_is_not_declared_open(app):
    client, opened = app.test_client(), []
    logins = tuple(realm.login for realm in app.extensions["zhian"].realms.values())
    for rule in app.url_map.iter_rules():
        if rule.rule in OPEN | declared_public(app):
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = client.open(filled(rule.rule), method=method)
            to_login = answer.status_code in (302, 303) and answer.headers["Location"].startswith(logins)
            if not to_login and answer.status_code not in (401, 403, 404, 405):
                opened.append((method, rule.rule, answer.status_code))
    assert opened == []


def test_public_doors_of_plugins_say_why(app):
    for _plugin, endpoints in app.extensions["zhian"].endpoints:
        for route in endpoints.routes:
            assert route.permission.reason or route.permission.kind == "record", route.rule


@pytest.mark.parametrize("path", ["/api/v1/nope.nope", "/api/nope", "/api/v1/", "/api/v1/core.user/1/x/y/z"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_every_answer_below_api_is_problem_json(app, path, method):
    with app.app_context():
        key = issue_key(person(app, "json"), ["*"])
    for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Accept": "text/html"}):
        answer = app.test_client().open(path, method=method, headers=headers)
        assert answer.status_code in (401, 403, 404, 405), (path, answer.status_code)
        assert answer.mimetype == "application/problem+json", (path, method, headers)


def person(app, name):
    """An administrator with a password."""
    login = f"door {name}"
    with system("a person for the doors") as session:
        found = session.scalars(select(User).where(User.login == login)).first()
        if found is None:
            found = User(login=login, name="Door", password_hash=hash_password(PASSWORD))
            session.add(found)
            session.flush()
            session.add(UserRole(user_id=found.id, role="administrator"))
        return found.id


def signed_in(app, name):
    """A browser after its sign-in, and the CSRF token of its pages."""
    with app.app_context():
        person(app, name)
    client = app.test_client()
    page = client.get("/login").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = client.post("/login", data={"login": f"door {name}", "password": PASSWORD, "csrf_token": token})
    assert answer.status_code in (302, 303), answer.text[:500]
    page = client.get("/").text
    return client, re.search(r"([0-9a-f]{64})", page)[1]


def test_a_browsers_session_reads_the_api_and_writes_only_with_the_token(app):
    client, token = signed_in(app, "browser")
    assert client.get("/api/v1/core.branch").status_code == 200
    body = {"name": "by cookie"}
    refused = client.post("/api/v1/core.branch", json=body)
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    foreign = {"X-CSRF-Token": token, "Origin": "https://evil.example"}
    assert client.post("/api/v1/core.branch", json=body, headers=foreign).status_code == 403
    made = client.post("/api/v1/core.branch", json=body, headers={"X-CSRF-Token": token})
    assert made.status_code == 201, made.text
    once = {"X-CSRF-Token": token, "Idempotency-Key": "cookie"}
    again = [client.post("/api/v1/core.branch", json={"name": "once"}, headers=once) for _n in range(2)]
    assert [a.status_code for a in again] == [201, 201]
    assert again[0].data == again[1].data


def test_one_request_leaves_no_person_behind_for_the_next(app):
    client, _token = signed_in(app, "left")
    assert client.get("/api/v1/core.branch").status_code == 200
    assert app.test_client().get("/api/v1/core.branch").status_code == 401
    with app.app_context():
        key = issue_key(person(app, "left"), ["*"])
    assert app.test_client().get("/api/v1/core.branch", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert app.test_client().get("/api/v1/core.branch").status_code == 401
    assert app.test_client().get("/").status_code in (302, 303)


def test_answers_carry_the_headers_of_the_house(app):
    with app.app_context():
        key = issue_key(person(app, "headers"), ["*"])
    answer = app.test_client().get("/api/v1/core.branch", headers={"Authorization": f"Bearer {key}"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"] or "no-store" in answer.headers["Cache-Control"]


HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""What every page says to its browser."""


@pytest.mark.parametrize("path", ["/", "/login", "/portal/login", "/settings", "/r/core.branch", "/no/such/page"])
def test_pages_carry_the_same_headers_and_name_no_program(app, path):
    client, _token = signed_in(app, "snapshot")
    for browser in (client, app.test_client()):
        answer = browser.get(path)
        if answer.mimetype != "text/html" or answer.status_code in (302, 303):
            continue
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert not {"Server", "X-Powered-By"} & set(answer.headers)


def test_over_https_cookies_are_tied_to_this_host_and_browsers_stay_with_https(app):
    answer = app.test_client().get("/login", base_url="https://zhian.example")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert word in cookie, cookie
