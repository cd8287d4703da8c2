"""What belongs to another client is, for a client, the same as what was never there: answer, words, and time."""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

import pytest
from sqlalchemy import select

from core import db, record_class
from tests.security.world import World

ABSENT = 987_654_321
BODIES = {
    "/portal/messages": ("client", "body"),
    "/portal/orders": ("client", "subject"),
}
"""Forms that name a client by its id, with the field that must be filled."""
QUERIES = ("client", "case", "case_id", "id", "sort", "record", "q", "status", "group")


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """The rules on both databases are asked by `test_matrix_records`."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app)


def plain(answer: Any, *idents: int) -> tuple[int, str, str]:
    """Status, place and words without what differs by nature."""
    text = re.sub(r"[0-9a-f]{64}|" + "|".join(str(i) for i in idents), "", answer.text)
    return answer.status_code, re.sub(r"\d+", "", answer.headers.get("Location", "")), text


def rules(world: World, method: str) -> list[str]:
    found = [rule.rule for rule in world.app.url_map.iter_rules() if method in (rule.methods or ())]
    return [rule for rule in found if rule.startswith("/portal/") and "<int:" in rule]


def addresses(rule: str, ident: int) -> list[str]:
    """The rule with this id, and each word that a second variable may be."""
    words = {"source": ("file", "document"), "what": ("disable", "invite", "end")}
    made = [re.sub(r"<int:\w+>", str(ident), rule)]
    for name, choices in words.items():
        made = [p.replace(f"<{name}>", c) for p in made for c in (choices if f"<{name}>" in p else ("",))]
    return made


def colleagues(world: World) -> set[int]:
    """Ids of the portal users of one's own client: these are there."""
    table = record_class("portal.user").__table__.c
    with world.app.app_context(), db.engine.connect() as connection:
        mine = select(table.id).where(table.client_id == world.marks.ids["here"]["clients.client"])
        return set(connection.execute(mine).scalars())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_id_of_another_client_is_answered_as_an_absent_one(world, method):
    """All ids of all record types of the other side in every address that takes an id."""
    theirs = sorted({*world.marks.ids["there"].values(), *range(1, 4)} - set(world.marks.ids["here"].values()))
    theirs = [ident for ident in theirs if ident not in colleagues(world)]
    apart = []
    for rule in rules(world, method):
        mine = set() if method == "GET" else {"decision": "confirm", "body": "x", "opinion": "x"}.items()
        for ident in theirs[:: 1 if method == "GET" else 4]:
            for path, absent in zip(addresses(rule, ident), addresses(rule, ABSENT), strict=True):
                one = plain(world.ask("portal_owner", method, path, data=dict(mine)), ident, ABSENT)
                none = plain(world.ask("portal_owner", method, absent, data=dict(mine)), ident, ABSENT)
                if one != none:
                    apart.append((method, path, one[:2], none[:2]))
    assert apart == []


def test_forms_and_questions_that_name_another_client_tell_nothing(world):
    client, case = (world.marks.ids["there"][key] for key in ("clients.client", "cases.case"))
    for path, (name, needed) in BODIES.items():
        for ident in (client, case):
            one = world.ask("portal_owner", "POST", path, data={name: ident, needed: "x", "kind": "trademark"})
            none = world.ask("portal_owner", "POST", path, data={name: ABSENT, needed: "x", "kind": "trademark"})
            assert plain(one, ident, ABSENT) == plain(none, ident, ABSENT), path
    marks = world.marks
    for path in ("/portal", "/portal/cases", "/portal/bills", "/portal/files", "/portal/statement", "/portal/messages"):
        for name in QUERIES:
            for value in (client, case, marks.of("there", "cases.case", "name"), "-id", "client.name"):
                answer = world.ask("portal_owner", "GET", f"{path}?{name}={value}")
                assert answer.status_code in (200, 404), (path, name)
                unsaid = answer.data.replace(str(value).encode(), b"")
                assert not [mark for mark in marks.found(unsaid) if mark.side == "there"], (path, name, value)


def test_time_tells_nothing_of_what_is_there(world):
    """Medians of 60 answers each, asked in turn, are less than 20 ms apart."""
    browser, theirs = world.browsers["portal_owner"].client, world.marks.ids["there"]["cases.case"]
    times: dict[int, list[float]] = {theirs: [], ABSENT: []}
    for _turn in range(60):
        for ident, found in times.items():
            started = time.perf_counter()
            assert browser.get(f"/portal/cases/{ident}").status_code == 404
            found.append(time.perf_counter() - started)
    one, none = (statistics.median(found) for found in times.values())
    assert abs(one - none) < 0.020
