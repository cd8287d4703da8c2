"""The centre as its person uses it: boxes, marks, putting off, the pop-up, choices; one's own messages alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import Invalid, acting_as, db, load_principal, now, standing_at, system, update
from core.permissions.principal import current_principal
from plugins.inbox import live, sandbox, snoozing, wording
from plugins.inbox.records import Habit, Template
from plugins.inbox.wishes import chosen_by
from tests.plugins.inbox.conftest import BELL


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Pages ask nothing of a database that the two would answer differently."""
    return request.param


@pytest.fixture(scope="module")
def ben(agency):
    return agency.browser("inbox-ben")


def test_boxes_kinds_and_marks(office, ben):
    first = office.tell("ben", "First words", kind="core.mention")
    office.tell("ben", "Second words")
    other = office.tell("cat", "Not for Ben")
    page = ben.get("/inbox").text
    assert "First words" in page
    assert "Second words" in page
    assert "Not for Ben" not in page
    assert "Second words" not in ben.get("/inbox?kind=core.mention").text
    assert office.post(ben, "/inbox/mark", ids=[first, other]).status_code == 303
    assert "First words" not in ben.get("/inbox").text
    assert "First words" in ben.get("/inbox?box=all").text
    assert office.note(first).read_at
    assert office.note(other).read_at is None
    office.post(ben, "/inbox/mark", ids=[first], **{"as": "unread"})
    assert office.note(first).read_at is None
    office.post(ben, "/inbox/mark-all", kind="core.mention")
    assert "Second words" in ben.get("/inbox").text
    assert ben.get("/inbox/state").json["unread"] == 1


def test_a_message_is_put_off_and_comes_back(office, ben):
    ident = office.tell("ben", "Later please")
    office.post(ben, f"/inbox/{ident}/snooze", until="hour")
    assert "Later please" not in ben.get("/inbox").text
    assert "Later please" in ben.get("/inbox?box=snoozed").text
    with standing_at(now() + timedelta(minutes=59)):
        assert snoozing.wake() == 0
    with standing_at(now() + timedelta(minutes=61)):
        assert snoozing.wake() == 1
    assert "Later please" in ben.get("/inbox").text
    office.post(ben, f"/inbox/{ident}/snooze", at="2001-01-01T09:00")
    assert office.note(ident).snoozed_until is None


def test_the_pop_up_stands_until_it_was_acted_on(office, ben):
    ident = office.tell("ben", "A right ends", severity="fatal")
    assert "A right ends" in ben.get("/inbox/state").json["strong"]
    office.post(ben, "/inbox/mark-all")
    assert "A right ends" in ben.get("/inbox/state").json["strong"]
    assert office.post(ben, f"/inbox/{ident}/acknowledge").status_code == 303
    assert ben.get("/inbox/state").json["strong"] == ""
    assert office.note(ident).acknowledged_at


def test_what_ends_a_right_is_put_off_for_a_day_at_most(office, ben):
    ident = office.tell("ben", "A right ends soon", severity="fatal")
    office.post(ben, f"/inbox/{ident}/snooze", at=(now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"))
    assert "A right ends soon" in ben.get("/inbox/state").json["strong"]
    office.post(ben, f"/inbox/{ident}/snooze", until="hour")
    assert ben.get("/inbox/state").json["strong"] == ""


def test_nobody_acts_on_messages_of_others(office, ben):
    ident = office.tell("cat", "Hers", severity="fatal")
    for path in (f"/inbox/{ident}/acknowledge", f"/inbox/{ident}/snooze"):
        assert office.post(ben, path, until="hour").status_code == 404
    assert ben.get(f"/inbox/{ident}/ways").status_code == 404


def test_the_ways_of_a_message_are_shown(office, ben):
    office.bell.fault = RuntimeError("the line is dead")
    ident = office.tell("ben", "Ways")
    page = ben.get(f"/inbox/{ident}/ways").text
    assert "the line is dead" in page
    assert "Bell" in page


def test_choices_are_kept_and_shown_and_wrong_times_refused(office, ben):
    form = {f"wish:core.mention:{BELL}": "off", "wish:core.message:inbox.mail": "now", "digest_at": "7:05"}
    form |= {"quiet_from": "22:00", "quiet_to": "07:00", "quiet_weekend": "1"}
    assert office.post(ben, "/inbox/preferences", **form).status_code == 303
    with acting_as(load_principal(office.people["ben"])):
        assert current_principal().user_id
        wishes = chosen_by(office.people["ben"])
    assert wishes == {("core.mention", BELL): "off", ("core.message", "inbox.mail"): "now"}
    with system("look") as session:
        (habit,) = [h for h in session.query(Habit) if h.user_id == office.people["ben"]]
        assert (habit.quiet_from, habit.digest_at, habit.quiet_weekend) == ("22:00", "07:05", True)
    assert 'value="22:00"' in ben.get("/inbox/preferences").text
    assert office.post(ben, "/inbox/preferences", quiet_from="22:00", digest_at="08:30").status_code == 422
    assert office.post(ben, "/inbox/preferences", digest_at="25:00").status_code == 422


def test_a_stream_tells_of_each_change_with_one_watcher_for_all(office, monkeypatch):
    monkeypatch.setattr(live, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(live, "BEAT", 0.5)
    monkeypatch.setattr(live, "LIFE", 60.0)
    monkeypatch.setattr(live, "watcher", live.Watcher())
    asked = []
    monkeypatch.setattr(live, "marks", lambda people, real=live.marks: asked.append(sorted(people)) or real(people))
    ben, cat = office.people["ben"], office.people["cat"]
    assert live.watcher.enter(office.app, ben, 3)
    assert live.watcher.enter(office.app, cat, 3)
    hers, his = live.stream(cat), live.stream(ben)
    assert next(his) == next(hers) == "retry: 5000\n\n"
    assert '"unread": 0' in next(his)
    told = threading.Thread(target=lambda: _told(office))
    told.start()
    while "event: inbox" not in (event := next(his)):
        assert event == ": here\n\n"
    told.join()
    assert '"unread": 1' in event
    assert [ben, cat] in [sorted(a) for a in asked] or [cat, ben] in asked
    assert live.watcher.enter(office.app, ben, 3)
    assert not live.watcher.enter(office.app, ben, 3), "three streams are open"
    for person in (ben, ben, cat):
        live.watcher.leave(person)
    assert not live.watcher.open


def _told(office):
    with office.app.app_context():
        office.tell("ben", "News")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ agency.upper() }}",
        "{% include 'web/page.html' %}",
        "{% for a in groups %}{% for b in groups %}{% for c in groups %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'x' * 100000000 }}",
        "{{ agency | attr('upper') }}",
        "{{ unclosed",
    ],
)
def test_templates_reach_nothing(source):
    with pytest.raises(sandbox.Faulty):
        sandbox.fill(source, {"agency": "a", "person": {"name": "n"}, "groups": [1, 2]})


def test_html_parts_escape_what_they_are_filled_with():
    assert sandbox.fill("<b>{{ x }}</b>", {"x": "<script>"}, html=True) == "<b>&lt;script&gt;</b>"
    assert sandbox.fill("{{ x }} {{ y.z }}", {"x": "<a>"}) == "<a> "
    assert sandbox.fill("{{ p.__class__.__mro__ }}{{ p['__dict__'] }}", {"p": {"name": "n"}}) == ""


def test_a_template_that_cannot_be_filled_is_not_kept(office):
    with system("what every deployment has") as session:
        wording.seed(session)
        wording.seed(session)
    admin = office.browser("inbox-ada")
    page = admin.get("/r/inbox.template").text
    assert "摘要" in page
    with system("look") as session:
        ident = session.scalar(select(Template.id).where(Template.code == "digest", Template.language == "zh"))
    assert admin.get(f"/inbox/templates/{ident}/preview").status_code == 200
    assert "林知微" in admin.get(f"/r/inbox.template/{ident}").text
    with acting_as(load_principal(office.people["ada"])), pytest.raises(Invalid):
        update(db.session.scalars(select(Template).where(Template.id == ident)).one(), {"subject": "{{ bad"})
