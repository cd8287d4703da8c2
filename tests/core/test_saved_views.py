"""Saved views: whose they are, who sees them, their address, what opens first; columns that are remembered."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

pytest_plugins = ("tests.e2e.fixtures",)
DRAFTS = "/r/desk.paper?state=draft&sort=-name"


def names(page) -> list[str]:
    return re.findall(r'<b class="z-b">([^<]*(?:&lt;b&gt;)?[^<]*)</b>', page.text)


def tabs(page) -> list[str]:
    nav = re.search(r'<nav class="z-views".*?</nav>', page.text, re.S)[0]
    return re.findall(r"(?:</svg>|>)([^<>]+)(?:<span[^>]*></span>)?</a>", nav)


def keep(visitor, here, name, **more):
    visitor.get("/new")
    return visitor.post("/r/desk.paper/-/views", here=here, name=name, **{"visibility": "private"} | more)


@pytest.fixture
def sharer(desk):
    """ann may share views."""
    from core.db import system
    from core.permissions.model import Right
    from core.permissions.people import forget

    with desk.app.app_context():
        values = {"role": "clerk", "record": "core.view", "action": "share", "scope": "all", "effect": "add"}
        with system("a right of a test") as session:
            right = Right(**values)
            session.add(right)
            session.flush()
            ident = right.id
        forget()
        yield
        with system("a right of a test") as session:
            session.delete(session.get_one(Right, ident))
        forget()


def test_a_view_keeps_the_state_under_its_own_address(visit):
    ann = visit("ann")
    made = keep(ann, DRAFTS, "My drafts")
    address = made.headers["Location"]
    assert re.fullmatch(r"/v/\d+-my-drafts", address)
    page = ann.get(address)
    assert names(page) == ["Alpha &lt;b&gt;"]
    assert tabs(page)[-1] == "My drafts"
    assert f'href="{address}"' in page.text
    number = re.search(r"\d+", address)[0]
    changed = ann.get(f"/r/desk.paper?view=v{number}&own=1&state=filed")
    assert names(changed) == ["Beta"]
    assert "Update view" in changed.text
    ann.post(f"/views/{number}", do="keep", here=f"/r/desk.paper?view=v{number}&own=1&state=filed")
    assert names(ann.get(address)) == ["Beta"]
    assert ann.post(f"/views/{number}", name="Filed ones", visibility="private").status_code == 303
    assert "Filed ones" in tabs(ann.get("/r/desk.paper?view=all"))
    for other in ("bob", "root"):
        assert "Filed ones" not in visit(other).get("/r/desk.paper?view=all").text
    assert visit("bob").get(address).status_code == 404
    assert ann.post(f"/views/{number}/delete").status_code == 303
    assert ann.get(address).status_code == 404


def test_a_view_is_shared_by_right_and_shows_its_reader_only_theirs(visit, sharer):
    rea, ann = visit("rea"), visit("ann")
    assert keep(rea, DRAFTS, "Everybody's", visibility="everyone").status_code == 403
    address = keep(ann, DRAFTS, "Drafts of all", visibility="role", role="clerk").headers["Location"]
    assert names(ann.get(address)) == ["Alpha &lt;b&gt;"]
    bob = visit("bob")
    page = bob.get(address)
    assert names(page) == ["Delta"]
    assert "Drafts of all" in tabs(page)
    assert visit("rea").get(address).status_code == 404
    closed = keep(ann, "/r/desk.paper?amount__gte=1", "Dear ones", visibility="everyone").headers["Location"]
    refused = visit("rea").get(closed)
    assert (refused.status_code, names(refused)) == (400, [])
    assert keep(ann, DRAFTS, "Nobody's", visibility="role", role="gone").status_code == 422
    found = bob.get("/api/v1/core.view?record=desk.paper").json["data"]
    assert {v["name"] for v in found} == {"Drafts of all", "Dear ones"}


def test_a_default_view_opens_first_ones_own_before_the_role_s(visit, sharer):
    ann, bob = visit("ann"), visit("bob")
    keep(ann, "/r/desk.paper?state=draft", "First for clerks", visibility="role", role="clerk", is_default="1")
    assert names(bob.get("/r/desk.paper")) == ["Delta"]
    assert 'href="/r/desk.paper?view=-"' in bob.get("/r/desk.paper").text or "view=all" in bob.get("/r/desk.paper").text
    keep(bob, "/r/desk.paper?state=filed", "First for me", is_default="1")
    assert 'aria-current="page">First for me' in bob.get("/r/desk.paper").text
    assert names(ann.get("/r/desk.paper?view=all")) == ["Alpha &lt;b&gt;", "Beta", "Gamma"]


def test_columns_widths_and_order_are_remembered_for_the_person(visit):
    rea = visit("rea")
    rea.get("/new")
    form = {"here": "/r/desk.paper?view=all", "on-state": "1", "on-name": "1", "w-name": "320", "freeze": "1"}
    answer = rea.post("/r/desk.paper/-/columns", **form, col=["state", "name", "due"])
    assert answer.headers["Location"] == "/r/desk.paper?view=all"
    page = rea.get("/r/desk.paper?view=all").text
    assert re.findall(r'<col data-col="(\w+)"(?: width="(\d+)")?>', page) == [("state", ""), ("name", "320")]
    assert "z-scroll is-frozen" in page
    rea.post("/r/desk.paper/-/sort", here="/r/desk.paper?view=all", key=["state", "name"], way=["up", "down"])
    sorted_page = rea.get("/r/desk.paper?view=all")
    assert names(sorted_page) == ["Delta", "Alpha &lt;b&gt;", "Beta", "Gamma"]
    assert sorted_page.text.count("aria-sort=") == 2
    assert 'data-col="keeper"' in visit("bob").get("/r/desk.paper?view=all").text
    rea.post("/r/desk.paper/-/layout", here="/r/desk.paper?view=all", cols="name:200", sort="name")
    assert re.findall(r'<col data-col="(\w+)"', rea.get("/r/desk.paper?view=all").text) == ["name"]


def test_groups_of_three_levels_open_one_by_one(visit):
    rea = visit("rea")
    page = rea.get("/r/desk.paper?view=all&cols=name&group=state,due:year,keeper").text
    assert re.findall(r'data-grp="([^"]*)"', page)[:2] == ["draft", "draft,2031-01-01"]
    assert len(re.findall(r'data-grp="draft,2031-01-01,\d+"', page)) == 2
    part = rea.get("/r/desk.paper/-/group/part?view=all&cols=name&group=state,due:year&_path=draft,2031-01-01")
    assert part.text.count('<tr class="r"') == 2
    assert rea.get("/r/desk.paper/-/group/part?view=all&_path=draft").status_code == 400
    assert rea.get("/r/desk.paper?group=state:month").status_code == 400
    ann = visit("ann").get("/r/desk.paper?view=all&cols=name,amount&group=state&sort=name").text
    assert re.search(r'data-grp="filed".*?¥200\.00', ann, re.S)
    assert "¥600.00" in ann


def test_boards_and_calendars_are_of_any_fitting_field(visit, desk):
    ann = visit("ann")
    tree = quote(json.dumps({"any": [{"field": "due", "op": "eq", "value": "2031-03-05"}]}))
    board = ann.get(f"/r/desk.paper?as=board&by=state&where={tree}")
    assert re.findall(r'class="z-count">(\d+)', board.text)[:2] == ["1", "1"]
    month = ann.get("/r/desk.paper?as=calendar&by=due&month=2031-03&state=draft").text
    assert "Alpha &lt;b&gt;</a>" in month
    assert "Beta</a>" not in month
    assert ann.get("/r/desk.paper?as=board&by=due").status_code == 404
