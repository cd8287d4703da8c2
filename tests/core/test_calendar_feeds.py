"""Calendar feeds: two calendar libraries read them; the address is secret, can be ended and opens its owner's own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import icalendar
import ics as second_library
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import create, record_class, system, today
from core.feeds.ics import LINE, DayEvent, calendar
from core.permissions.people import forget
from core.saved.model import SavedView
from tests.security.offices import PASSWORD, SECRET, Browser, Offices

assert PASSWORD


def event(title: str, text: str = "", number: int = 1) -> DayEvent:
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    uid, url = f"deadlines.deadline-{number}-due@zhian.example", f"https://zhian.example/r/deadlines.deadline/{number}"
    return DayEvent(uid, date(2026, 12, 14), title, text, url, "期限", at, 3)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=120), st.text(max_size=200))
def test_whatever_a_title_holds_a_client_reads_it_back(title, text):
    raw = calendar("我的日期", [event(title, text)])
    assert all(len(line) <= LINE for line in raw.split(b"\r\n"))
    (read,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    for given_text, name in ((title, "SUMMARY"), (text, "DESCRIPTION")):
        plain = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", "", given_text.replace("\r\n", "\n").replace("\r", "\n"))
        assert str(read.get(name, "")) == plain


def test_two_libraries_agree_on_the_days():
    raw = calendar("日期", [event("官方期限 · 云岫; 茶, 第30类", "TM-1\n云岫", n) for n in (1, 2)])
    first = icalendar.Calendar.from_ical(raw)
    assert [e.decoded("DTSTART") for e in first.walk("VEVENT")] == [date(2026, 12, 14)] * 2
    assert first["X-WR-CALNAME"] == "日期"
    events = second_library.Calendar(raw.decode()).events
    assert {e.begin.date() for e in events} == {date(2026, 12, 14)}
    assert {e.name for e in events} == {"官方期限 · 云岫; 茶, 第30类"}
    assert all(e.all_day for e in events)


@pytest.fixture(scope="module")
def offices(app):
    return Offices(app)


def address(browser: Browser, **form: str) -> str:
    answer = browser.post("/settings/me/calendar", form)
    assert answer.status_code == 201
    found = re.search(r"/feeds/[\w-]+\.ics", answer.text)[0]
    assert found not in browser.get("/settings/me/calendar").text
    return found


def titles(answer) -> list[str]:
    return [str(e["SUMMARY"]) for e in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")]


def test_a_feed_holds_its_owners_own_dates_until_it_is_ended(offices):
    todo, person = record_class("todos.todo"), "tm_agent here"
    with offices.app.app_context(), system("things to do"):
        soon = today() + timedelta(days=3)
        create(todo, {"title": "打电话给云岫", "assignee": offices.people[person], "due": soon})
        create(todo, {"title": "别人的事", "assignee": offices.people["colleague here"], "due": soon})
    browser, stranger = offices.browser(person), offices.app.test_client()
    path = address(browser)
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    assert "Set-Cookie" not in answer.headers
    assert [t for t in titles(answer) if "云岫" in t]
    assert not [t for t in titles(answer) if "别人的事" in t]
    again = stranger.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert stranger.get(path.replace("/feeds/", "/feeds/x")).status_code == 404
    ident = re.findall(r"/settings/me/calendar/(\d+)/end", browser.get("/settings/me/calendar").text)[0]
    assert offices.browser("colleague here").post(f"/settings/me/calendar/{ident}/end").status_code == 404
    assert stranger.get(path).status_code == 200
    assert browser.post(f"/settings/me/calendar/{ident}/end").status_code == 303
    assert stranger.get(path).status_code == 404


def test_a_view_is_read_with_the_rights_of_its_reader_and_gone_with_them(offices):
    with offices.app.app_context(), system("a view for all") as session:
        view = SavedView(name="本月立案", record="cases.case", query="by=opened_on", visibility="everyone")
        session.add(view)
        session.flush()
        ident = view.id
    stranger, agent, outside = offices.app.test_client(), "pat_agent here", "service_desk here"
    paths = {who: address(offices.browser(who), view=str(ident)) for who in (agent, outside)}
    assert any(SECRET in title for title in titles(stranger.get(paths[agent])))
    assert not any(SECRET in title for title in titles(stranger.get(paths[outside])))
    with offices.app.app_context(), system("leaves") as session:
        session.get(record_class("core.user"), offices.people[agent]).active = False
    forget()
    assert stranger.get(paths[agent]).status_code == 404
    with offices.app.app_context(), system("the view goes") as session:
        session.delete(session.get(SavedView, ident))
    assert stranger.get(paths[outside]).status_code == 404
