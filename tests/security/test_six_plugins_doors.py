"""Every address with every kind of person: no fault, nothing open to who holds no role, nothing changed by reading."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from core import db
from core.api.keys import issue_key
from tests.security.offices import Browser
from tests.support.lab import Client

OTHER = ("/api", "/portal", "/static")
KEYS = (
    "workflow.task",
    "documents.document",
    "billing.bill",
    "portal.user",
    "finance_bridge.connection",
    "im_bridge.app",
)


@pytest.fixture(scope="module")
def nobody(offices):
    """A member of staff without any role."""
    from core import create, hash_password, record_class, system
    from tests.security.offices import PASSWORD

    with offices.app.app_context(), system("somebody without a role"):
        person = create(record_class("core.user"), {"login": "roleless", "name": "roleless"})
        person.password_hash = hash_password(PASSWORD)
        offices.people["roleless"] = person.id
    return Browser(offices.app, "roleless")


def addresses(app, method):
    """Each address of staff, below `/r/` for each record type of the plugins."""
    for rule in app.url_map.iter_rules():
        if method not in rule.methods or rule.rule.startswith(OTHER):
            continue
        for key in KEYS if "<key>" in rule.rule or "<record_key>" in rule.rule else ("",):
            given = {
                "key": key,
                "record_key": key,
                "code": "release",
                "name": "title",
                "language": "zh",
                "level": "day",
            }
            yield rule.rule, re.sub(r"<(?:\w+:)?(\w+)>", lambda m, v=given: str(v.get(m[1], 1)), rule.rule)


def checksum(app):
    """What all tables of the plugins hold, in short."""
    with app.app_context(), db.engine.connect() as connection:
        found = {}
        for table in db.metadata.sorted_tables:
            if table.name.partition("_")[0] in ("workflow", "documents", "billing", "portal", "finance", "im"):
                found[table.name] = connection.execute(text(f"select count(*), sum(version) from {table.name}")).one()
        return found


def test_reading_changes_nothing_and_never_faults(offices):
    before, broken = checksum(offices.app), []
    for login in ("administrator here", "finance here", "tm_agent there", "system_admin here"):
        browser = offices.browser(login)
        for _rule, path in addresses(offices.app, "GET"):
            for query in ("", "?q=%00&page=x&sort=nope&record_id=x&from=2026-99-99&by=x&part=1"):
                answer = browser.get(path + query)
                if answer.status_code >= 500:
                    broken.append((login, path + query, answer.status_code))
    assert broken == []
    assert checksum(offices.app) == before


def test_who_holds_no_role_opens_no_record_of_the_plugins(offices, nobody):
    opened = []
    for rule, path in addresses(offices.app, "GET"):
        if rule.startswith("/why/"):  # says the same of what is closed and what is absent: test_six_plugins_walls
            continue
        if "<" in rule and nobody.get(path).status_code == 200 and "/im/" not in path:
            opened.append(path)
    of_lists = "columns|filter|filter/part|group|pick|sort|sums|views/new"  # dialogs over a list: fields, no record
    own_lists = re.compile(rf"/r/workflow\.task(/-/({of_lists}))?$")  # all may read tasks: those that are their own
    assert [
        path for path in opened if not own_lists.fullmatch(path) and not path.startswith("/r/documents.letterhead")
    ] == []


def test_who_holds_no_role_changes_nothing_of_the_plugins(offices, nobody):
    before, broken = checksum(offices.app), []
    for rule, path in addresses(offices.app, "POST"):
        if rule in ("/logout", "/login") or rule.startswith(("/im/", "/settings/me")):
            continue
        answer = nobody.post(
            path, {"name": "x", "role": "administrator", "ids": "1", "decision": "approve", "round": 1, "version": 1}
        )
        if answer.status_code >= 500:
            broken.append((path, answer.status_code))
    assert broken == []
    assert checksum(offices.app) == before


def test_messengers_callbacks_take_nothing_unsigned(offices):
    before = checksum(offices.app)
    client = offices.app.test_client()
    bodies = (
        b"",
        b"{}",
        b"<xml/>",
        b"\xff" * 100,
        b"[" * 5000,
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'{"encrypt": 1}',
    )
    for path in ("wecom/ww1/1000002", "dingtalk/c/1", "dingtalk/c/1/card", "wecom/%00/x", "wecom/ww1/9" * 3):
        for body in bodies:
            for query in (
                "",
                "?msg_signature=x&timestamp=1&nonce=1&echostr=x",
                "?timestamp=9999999999999999999999&nonce=%00",
            ):
                answer = client.post(f"/im/callback/{path}{query}", data=body)
                assert answer.status_code in (400, 403, 404, 405, 413, 429), (path, answer.status_code)
                assert client.get(f"/im/callback/{path}{query}").status_code in (302, 400, 403, 404, 405, 429)
    after = checksum(offices.app)
    assert {name: row for name, row in after.items() if name != "im_bridge_inbox"} == {
        name: row for name, row in before.items() if name != "im_bridge_inbox"
    }


def test_the_check_of_a_letter_tells_nothing_of_guesses(offices):
    client = offices.app.test_client()
    codes = ("A" * 16, "a" * 16, "%00" * 4, "1" * 500, "..%2f..", "' or 1=1", "A" * 15)
    answers = {code: client.get(f"/documents/v/{code}") for code in codes}
    assert {answer.status_code for answer in answers.values()} <= {302, 308, 404}
    assert not any("DOC-" in answer.text for answer in answers.values())


def test_people_of_clients_hold_no_program_key(offices, mirror):
    """Every role of the portal, every record type: nothing by REST, in whatever way the key came to be."""
    from core import registry

    with offices.app.app_context():
        keys = [kind.key for kind in registry().types.values() if kind.public]
        people = {role: person.account for role, person in mirror.left.users.items()}
        tokens = {role: issue_key(ident, ["*"]) for role, ident in people.items()}
    for role, token in tokens.items():
        client = Client(offices.app, token, {})
        assert {client.get(key).status_code for key in keys} <= {401, 403, 404}, role
        assert client.post("portal.user", {"name": "x"}).status_code in (401, 403)
