"""Forms that no page of ours sent are refused, whatever they carry; and reading changes no row of any table."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import yaml
from sqlalchemy import inspect, select

from core import db
from tests.security.test_matrix_routes import TABLE, filled, row_of
from tests.security.world import PORTAL, World

SAFE = {"GET", "HEAD", "OPTIONS"}
SIGNED = ("/im/callback/", "/hooks/automation/")
"""Addresses that machines call, with a signature of their own: in the message, or of the address itself."""
TOUCHED = {"core_session", "core_audit", "core_api_key"}
"""What reading may write: that a sign-in is in use, and that a file was downloaded or a list exported."""


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """What is refused before anything is read does not depend on the database."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app)


@pytest.fixture(scope="module")
def table():
    return yaml.safe_load(TABLE.read_text("utf-8"))


def paths(world: World, table: dict[str, Any], *, unsafe: bool) -> list[tuple[str, str]]:
    """(method, address) of everything that writes, or of everything that reads, with ids that are there."""
    found = []
    for rule in world.app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            if (method not in SAFE) == unsafe and not rule.rule.startswith((*SIGNED, "/healthz", "/static")):
                given = (row_of(table, rule.rule, method) or {}).get("with", {})
                found.append((method, filled(world, rule.rule, given, "here")))
    return found


def checksums(world: World) -> dict[str, str]:
    """What each table holds, in short."""
    found = {}
    with world.app.app_context(), db.engine.connect() as connection:
        present = set(inspect(connection).get_table_names())  # other tests of this process may declare more
        for table in (table for table in db.metadata.sorted_tables if table.name in present):
            digest = hashlib.sha256()
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                digest.update(repr(tuple(row)).encode())
            found[table.name] = digest.hexdigest()
    return found


def attempts(mine: str, foreign: str) -> dict[str, tuple[dict[str, str], str]]:
    """Headers and token of each way to forge a request."""
    return {
        "no token": ({}, ""),
        "wrong token": ({}, "0" * 64),
        "token of another sign-in": ({}, foreign),
        "from another site": ({"Sec-Fetch-Site": "cross-site"}, mine),
        "from a neighbour": ({"Sec-Fetch-Site": "same-site"}, mine),
        "from another origin": ({"Origin": "https://evil.example"}, mine),
        "with a password for the proxy": ({"Authorization": "Basic eDp5"}, ""),
        "with a method in a header": ({"X-HTTP-Method-Override": "GET"}, ""),
    }


@pytest.mark.parametrize("kind", ["admin", "portal_owner", "anon"])
def test_every_forged_form_is_refused(world, table, kind):
    mine, before, accepted, count = world.browsers[kind], checksums(world), [], 0
    foreign = world.browser(kind).token if kind != "anon" else world.browsers["admin"].token
    before = checksums(world)
    for method, path in paths(world, table, unsafe=True):
        if path.startswith("/portal") != (kind in PORTAL) and kind != "anon":
            continue
        for name, (headers, token) in attempts(mine.token, foreign).items():
            if kind == "anon" and name not in ("no token", "token of another sign-in", "from another site"):
                continue  # strangers hold nothing that the other ways would make use of
            for data in ({"csrf_token": token},) if headers else ({"csrf_token": token}, None):
                sent = headers | ({"X-CSRF-Token": token} if data is None and token else {})
                answer = mine.client.open(path, method=method, headers=sent, data=data)
                count += 1
                if answer.status_code not in (401, 403):
                    accepted.append((name, method, path, answer.status_code))
    assert accepted == []
    assert count > 200
    changed = {name for name, digest in checksums(world).items() if digest != before[name]}
    assert changed <= TOUCHED


@pytest.mark.parametrize("kind", ["admin", "portal_owner", "anon"])
def test_reading_changes_no_row(world, table, kind):
    addresses = [path for _method, path in paths(world, table, unsafe=False)]
    for path in addresses:  # what a first reading may set up, such as a person's own preferences, is not there twice
        assert world.ask(kind, "GET", path).status_code < 500, path
    before = checksums(world)
    for path in addresses:
        world.ask(kind, "GET", path)
        world.ask(kind, "GET", f"{path}?action=delete&confirm=1&id=1&read=1&state=archived")
    changed = {name for name, digest in checksums(world).items() if digest != before[name]}
    assert changed <= TOUCHED


def test_no_answer_lets_another_site_read_it(world):
    for kind in ("admin", "portal_owner"):
        for path in ("/", "/api/v1/cases.case", "/api/v1/openapi.json", "/portal", "/healthz"):
            answer = world.browsers[kind].client.get(path, headers={"Origin": "https://evil.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers, path
