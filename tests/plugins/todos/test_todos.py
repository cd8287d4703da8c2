"""What holds for to-dos: whose they are, the next of a row, handing on, what they are about, the boards."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.testing import Deployment

KEY = "todos.todo"


@pytest.fixture(scope="module")
def zhian(app: Any, settings: Any) -> Deployment:
    """All bundled plugins."""
    return Deployment(app, settings)


@pytest.fixture(scope="module")
def people(zhian: Deployment) -> dict[str, int]:
    """ann and bob of the north with their head, and a stranger of the south."""
    return {
        "ann": zhian.person("ann", "paralegal", department="North"),
        "bob": zhian.person("bob", "paralegal", department="North"),
        "head": zhian.person("head", "dept_head", department="North"),
        "far": zhian.person("far", "paralegal", department="South"),
    }


def post(browser: Any, path: str, values: dict[str, Any]) -> Any:
    """A form sent from a page, with its token."""
    token = re.search(r'csrf-token" content="([^"]+)"', browser.get("/todos").text)[1]
    return browser.post(path, data=values | {"csrf_token": token}, headers={"X-CSRF-Token": token})


def test_a_to_do_is_for_whom_it_is_given_to_and_their_head(zhian, people):
    ann, bob, head, far = (zhian.api(people[login]) for login in ("ann", "bob", "head", "far"))
    own = ann.post(KEY, {"title": "Ring up the client"})
    assert own.status_code == 201, own.text
    assert own.json["assignee"]["id"] == people["ann"]
    path = f"{KEY}/{own.json['id']}"
    assert [one.get(path).status_code for one in (ann, bob, head, far)] == [200, 404, 200, 404]
    given = ann.post(KEY, {"title": "Copy the file", "assignee": people["bob"]})
    assert bob.get(f"{KEY}/{given.json['id']}").status_code == 200


def test_what_repeats_is_made_again_once(zhian, people):
    ann = zhian.api(people["ann"])
    values = {"title": "Stamp the list", "due": "2026-01-31", "repeat": "monthly", "checklist": [{"text": "count"}]}
    first = ann.post(KEY, values).json
    done = ann.post(f"{KEY}/{first['id']}/actions/finish", {"note": "all there"})
    assert done.status_code == 200, done.text
    shown = ann.get(f"{KEY}/{first['id']}").json
    following = ann.get(f"{KEY}/{shown['next']['id']}").json
    assert (shown["state"], shown["done_note"], following["state"]) == ("done", "all there", "open")
    assert following["due"] > values["due"]
    assert following["checklist"] == [{"text": "count", "done": False}]
    ann.post(f"{KEY}/{first['id']}/actions/reopen")
    assert ann.post(f"{KEY}/{first['id']}/actions/finish").status_code == 200
    assert len(ann.get(f"{KEY}?title=Stamp the list").json["data"]) == 2


def test_handing_on_tells_the_new_one_why(zhian, people):
    ann, bob = zhian.api(people["ann"]), zhian.api(people["bob"])
    path = f"{KEY}/{ann.post(KEY, {'title': 'Fetch the seal'}).json['id']}"
    assert ann.post(f"{path}/actions/hand_on", {"person": people["bob"]}).status_code == 422
    answer = ann.post(f"{path}/actions/hand_on", {"person": people["bob"], "reason": "I am away"})
    assert answer.status_code == 200, answer.text
    told = bob.get("core.notification").json["data"]
    assert [m["body"] for m in told if "Fetch the seal" in m["subject"]] == ["I am away"]
    assert ann.get(path).json["assignee"]["id"] == people["bob"]


def test_what_it_is_about_is_told_to_readers_of_that_record(zhian, people):
    ann, bob = zhian.api(people["ann"]), zhian.api(people["bob"])
    hidden = ann.post(KEY, {"title": "Hidden"}).json["id"]
    other = ann.post(KEY, {"title": "About it", "assignee": people["bob"], "record_key": KEY, "record_id": hidden})
    assert other.status_code == 201, other.text
    seen = bob.get(f"{KEY}/{other.json['id']}").json
    assert seen["record_id"] is None
    assert bob.post(KEY, {"title": "Probe", "record_key": KEY, "record_id": hidden}).status_code == 422


def test_the_boards_move_cards(zhian, people):
    page, head = zhian.browser(people["ann"]), zhian.browser(people["head"])
    ann = zhian.api(people["ann"])
    todo = ann.post(KEY, {"title": "Move me"}).json
    assert "Move me" in page.get("/todos").text
    moved = post(page, "/todos/move/mine", {"id": todo["id"], "version": todo["version"], "to": "week"})
    assert moved.status_code in (200, 303)
    assert ann.get(f"{KEY}/{todo['id']}").json["due"] is not None
    assert page.get("/todos/people").status_code == 403
    board = head.get("/todos/people")
    assert "Move me" in board.text
    version = ann.get(f"{KEY}/{todo['id']}").json["version"]
    post(head, "/todos/move/people", {"id": todo["id"], "version": version, "to": str(people["bob"])})
    assert ann.get(f"{KEY}/{todo['id']}").json["assignee"]["id"] == people["bob"]
