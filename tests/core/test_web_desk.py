"""The desk in pages: drafts, stars, the way through a list, one step back, the recycle bin."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from core import record_class
from core.db import db
from core.desk.model import Draft

pytest_plugins = ("tests.e2e.fixtures",)


def undo_of(page) -> str:
    return re.search(r'action="(/undo/[^"]+)"', page.text).group(1)


def paper(desk, ident):
    table = record_class("desk.paper").__table__
    with desk.app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(table).where(table.c.id == ident)).first()


def form_of(page) -> dict[str, str]:
    return {"version": re.search(r'name="version" value="(\d+)"', page.text).group(1)}


def test_what_was_saved_is_taken_back_by_the_message(visit, desk):
    ann, ident = visit("ann"), desk.ids["Beta"]
    given = form_of(ann.get(f"/r/desk.paper/{ident}/edit")) | {"name": "Beta renamed", "keeper": str(desk.ids["ann"])}
    page = ann.follow(ann.post(f"/r/desk.paper/{ident}", **given, state="filed", due="2031-03-05", amount="200"))
    assert paper(desk, ident).name == "Beta renamed"
    answer = ann.post(undo_of(page), _headers={"Referer": f"http://localhost/r/desk.paper/{ident}"})
    assert answer.headers["Location"] == f"/r/desk.paper/{ident}"
    page = ann.follow(answer)
    assert "Taken back: Beta" in page.text
    assert paper(desk, ident).name == "Beta"
    assert "took a change back" in page.text


def test_archiving_is_taken_back_and_by_nobody_else(visit, desk):
    ann, ident = visit("ann"), desk.ids["Gamma"]
    ann.get(f"/r/desk.paper/{ident}")
    page = ann.follow(ann.post(f"/r/desk.paper/{ident}/-/archive"))
    bob = visit("bob")
    bob.get("/")
    bob.post(undo_of(page))
    assert paper(desk, ident).archived_at is not None
    ann.post(undo_of(page))
    assert paper(desk, ident).archived_at is None


def test_a_draft_outlives_the_sign_in_is_offered_to_its_writer_alone_and_gone_when_saved(visit, desk):
    ann, ident = visit("ann"), desk.ids["Beta"]
    place = f"/r/desk.paper/{ident}"
    page = ann.get(f"{place}/edit")
    kept = ann.post("/desk/draft", place=place, data=json.dumps({"name": ["Half a n"]}), **form_of(page))
    assert kept.status_code == 204
    ann.post("/logout")
    again = visit("ann")
    page = again.get(f"{place}/edit")
    assert "Your draft of" in page.text
    assert again.get(f"/desk/draft?place={place}").json == {"data": {"name": ["Half a n"]}}
    assert "Edit Beta" in again.get("/desk").text
    root = visit("root")
    assert "Your draft of" not in root.get(f"{place}/edit").text
    assert root.get(f"/desk/draft?place={place}").status_code == 404
    bob = visit("bob")
    bob.get("/")
    assert bob.post("/desk/draft", place=place, data="{}").status_code == 404
    values = {"name": "Beta", "keeper": str(desk.ids["ann"]), "state": "filed", "due": "2031-03-05", "amount": "200"}
    assert again.post(place, **form_of(page), draft=place, **values).status_code == 303
    with desk.app.app_context(), db.engine.connect() as connection:
        assert connection.execute(select(Draft.__table__)).all() == []


@pytest.mark.parametrize(
    "place", ["/r/desk.paper/x", "/logout", "/r/nothing.here", "https://evil.example/r/desk.paper"]
)
def test_nothing_is_kept_for_what_is_no_form(visit, place):
    ann = visit("ann")
    ann.get("/")
    assert ann.post("/desk/draft", place=place, data="{}").status_code in (400, 404)


def test_a_star_stands_in_the_sidebar_and_shows_nothing_of_what_is_hidden(visit, desk):
    ann, ident = visit("ann"), desk.ids["Beta"]
    ann.get("/")
    ann.post(f"/r/desk.paper/{ident}/-/star")
    assert f'<a href="/r/desk.paper/{ident}" title="Beta"' in ann.get("/new").text
    ann.post(f"/r/desk.paper/{ident}/-/star", off="1")
    assert 'title="Beta"' not in ann.get("/new").text
    assert ann.post(f"/r/desk.paper/{desk.ids['Delta']}/-/star").status_code == 404
    assert ann.post("/desk/opened", key="desk.paper", id=str(ident)).status_code == 204
    assert ann.post("/desk/opened", key="desk.paper", id=str(desk.ids["Delta"])).status_code == 404
    assert "Beta" in ann.get("/desk").text


def test_previous_and_next_follow_the_list_with_its_filter_and_order(visit, desk):
    ann, token = visit("ann"), "token-0123456789"
    ann.get("/")
    address = "/r/desk.paper?view=-&sort=-name"
    assert ann.post("/desk/list", token=token, key="desk.paper", address=address).status_code == 204
    beta = desk.ids["Beta"]
    found = ann.get(f"/r/desk.paper/{beta}/-/beside?list={token}&at=2").json
    assert found["before"].startswith(f"/r/desk.paper/{desk.ids['Gamma']}?")
    assert found["after"].startswith(f"/r/desk.paper/{desk.ids['Alpha']}?")
    assert found["list"] == address
    bob = visit("bob")
    assert bob.get(f"/r/desk.paper/{desk.ids['Delta']}/-/beside?list={token}").status_code == 404


def test_a_copy_takes_what_was_chosen_and_no_number(visit, desk):
    ann, ident = visit("ann"), desk.ids["Beta"]
    page = ann.get(f"/r/desk.paper/{ident}/-/copy")
    assert "Beta (copy)" in page.text
    answer = ann.post(
        f"/r/desk.paper/{ident}/-/copy", name="Second Beta", part=re.findall(r'value="(s-\w+)"', page.text)
    )
    assert answer.status_code == 303, answer.text
    made = paper(desk, int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert (made.name, made.state, made.keeper_id) == ("Second Beta", "filed", desk.ids["ann"])
    assert made.number != "P-2"
    assert visit("rea").get(f"/r/desk.paper/{ident}/-/copy").status_code == 403
    assert visit("bob").get(f"/r/desk.paper/{ident}/-/copy").status_code == 404


def test_a_record_is_added_in_place_and_errors_stay_in_the_dialog(visit, desk):
    ann = visit("ann")
    back = f"/r/core.user/{desk.ids['ann']}"
    page = ann.get(f"/r/desk.paper/-/quick?keeper={desk.ids['ann']}&back={back}", HX_Request="true")
    assert "<html" not in page.text
    assert f'name="keeper" value="{desk.ids["ann"]}"' in page.text
    given = {"fixed": "keeper", "keeper": str(desk.ids["ann"]), "back": back, "state": "draft"}
    answer = ann.post("/r/desk.paper/-/quick", **given)
    assert answer.status_code == 422
    assert "This is needed." in answer.text
    answer = ann.post("/r/desk.paper/-/quick", name="Added in place", **given)
    assert (answer.status_code, answer.headers["Location"]) == (303, back)
    assert (
        ann.post("/r/desk.paper/-/quick", **(given | {"back": "//evil.example", "name": "x"})).headers["Location"]
        == "/r/desk.paper"
    )


def test_a_comment_of_somebody_else_or_of_another_record_is_not_there(visit, desk):
    ann, beta, gamma = visit("ann"), desk.ids["Beta"], desk.ids["Gamma"]
    ann.get("/")
    ann.post(f"/r/desk.paper/{beta}/-/note", body="mine")
    number = re.search(rf"/r/desk.paper/{beta}/-/note/(\d+)", ann.get(f"/r/desk.paper/{beta}").text)[1]
    rea = visit("rea")
    assert "/-/note/" not in rea.get(f"/r/desk.paper/{beta}").text
    for person, record in ((rea, beta), (ann, gamma)):
        person.get("/")
        for path in ("", "/delete"):
            assert person.post(f"/r/desk.paper/{record}/-/note/{number}{path}", body="x").status_code == 404
    page = ann.follow(ann.post(f"/r/desk.paper/{beta}/-/note/{number}/delete"))
    assert "comment is deleted" in page.text
    assert "mine" in ann.get("/bin").text
    assert "mine" not in rea.get("/bin").text


def test_the_timeline_shows_one_kind_or_what_is_older(visit, desk):
    ann, ident = visit("ann"), desk.ids["Gamma"]
    ann.get("/")
    ann.post(f"/r/desk.paper/{ident}/-/note", body="a comment alone")
    base = f"/r/desk.paper/{ident}/-/timeline"
    only = ann.get(f"{base}?kind=comments").text
    assert "a comment alone" in only
    assert "created this" not in only
    assert "a comment alone" not in ann.get(f"{base}?kind=changes").text
    assert "a comment alone" not in ann.get(f"{base}?before=2001-01-01T00:00:00%2B00:00").text
    assert ann.get(f"{base}?before=yesterday").status_code == 400
