"""The pages of rules and calendars: what they show to whom, and that a posted form becomes the draft that it shows."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core import NotFound, db, system, today
from plugins.deadlines import calendaring, calendarpages, rulepages, ruling, simulating
from plugins.deadlines.engine import load_holidays
from plugins.deadlines.records import CalendarDay, Computation, RuleChange

CODE = "CN.TM.REFUSAL_REVIEW"
YEAR = max(load_holidays().years) + 1
FORM = {
    "n": "15",
    "unit": "day",
    "roll": "tm",
    "severity": "fatal",
    "internal": "6",
    "steps": "15d, 3d",
    "effect_from": today().isoformat(),
    "reason": "partners' meeting",
}


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """Pages do not depend on the database; what they do is asked on both in test_ruling."""
    return request.param


@pytest.fixture
def tidy(context):
    yield
    with system("tidy up") as session:
        for model in (RuleChange, Computation):
            for row in session.scalars(select(model)):
                session.delete(row)
        for row in session.scalars(select(CalendarDay).where(CalendarDay.year == YEAR)):
            session.delete(row)


def seen(app, acting, login, page, *given, **request):
    """What a page answers to a person: its text, or the answer to a form."""
    with app.test_request_context("/", **request), acting(login):
        return page(*given)


def test_figures_that_read_as_shipped_are_no_change():
    assert rulepages.read(CODE, MultiDict(FORM)) == {
        "internal": 6,
        "reminders": {"steps": ["15d", "3d"], "strong": False},
    }
    assert rulepages.read(CODE, MultiDict(FORM | {"n": "10", "off": ""}))["period"] == {"n": 10, "unit": "day"}
    assert rulepages.read(CODE, MultiDict(FORM | {"off": "1"})) == {"off": True}


def test_a_posted_draft_is_shown_tried_and_published_by_somebody_else(app, acting, docket, tidy):
    docket.refused_mark()
    answer = seen(app, acting, "author", rulepages.save, CODE, method="POST", data=FORM | {"n": "10", "do": "try"})
    assert answer.status_code == 303
    with system("look"):
        draft = ruling.draft_of(CODE)
        run = simulating.latest(simulating.rule_subject(draft)).id
    waiting = seen(app, acting, "author", rulepages.one, CODE)
    assert "every 1s" in waiting
    simulating.simulate(run)
    page = seen(app, acting, "author", rulepages.one, CODE)
    assert "partners&#39; meeting" in page
    assert f"/deadlines/rules/{CODE}/publish" not in page
    page = seen(app, acting, "reviewer", rulepages.one, CODE)
    assert f"/deadlines/rules/{CODE}/publish" in page
    assert 'value="try"' not in page
    assert seen(app, acting, "reviewer", rulepages.publish, CODE, method="POST").status_code == 303
    assert "deadlines/rules/CN.TM.REFUSAL_REVIEW" in seen(app, acting, "clerk", rulepages.overview)


def test_the_configurator_sees_counts_and_days_but_no_names_of_cases(app, acting, docket, tidy):
    row = docket.refused_mark()
    seen(app, acting, "author", rulepages.save, CODE, method="POST", data=FORM | {"n": "10", "do": "try"})
    with system("look"):
        run = simulating.latest(simulating.rule_subject(ruling.draft_of(CODE))).id
    simulating.simulate(run)
    with system("look"):
        name = db.session.get(type(row), row.id).heading.split(" · ")[0]
    page = seen(app, acting, "author", rulepages.progress, run)
    assert row.due.isoformat() in page
    assert name not in page


def test_a_form_that_cannot_be_comes_back_with_its_faults(app, acting, tidy):
    page, status = seen(
        app, acting, "author", rulepages.save, CODE, method="POST", data=FORM | {"reason": "", "n": "0"}
    )
    assert status == 422
    assert page.count('class="err"') >= 2
    with pytest.raises(NotFound):
        seen(app, acting, "author", rulepages.one, "CN.NOWHERE")
    new = {
        "code": "own.tm.report",
        "zh": "报告",
        "en": "Report",
        "trigger": "TM_REFUSAL_ISSUED",
        "base": "dispatch_date",
    }
    data = MultiDict([*(FORM | new).items(), ("right_kinds", "trademark")])
    assert seen(app, acting, "author", rulepages.save, "new", method="POST", data=data).status_code == 303
    with system("look"):
        assert ruling.draft_of("OWN.TM.REPORT").changes["new"]["right_kinds"] == ["trademark"]


def test_a_year_is_entered_by_one_and_published_by_another(app, acting, tidy):
    bad, status = seen(app, acting, "author", calendarpages.enter, YEAR, method="POST", data={"table": "soon,off"})
    assert status == 422
    assert "soon" in bad
    table = f"{YEAR}-01-01,off,元旦"
    answer = seen(app, acting, "author", calendarpages.enter, YEAR, method="POST", data={"table": table})
    assert answer.status_code == 303
    with system("look"):
        simulating.simulate(simulating.latest(simulating.year_subject(YEAR)).id)
    assert f"/deadlines/calendar/{YEAR}/publish" not in seen(app, acting, "author", calendarpages.one, YEAR)
    assert f"/deadlines/calendar/{YEAR}/publish" in seen(app, acting, "reviewer", calendarpages.one, YEAR)
    assert seen(app, acting, "reviewer", calendarpages.publish, YEAR, method="POST").status_code == 303
    with system("look"):
        assert next(y for y in calendaring.years() if y["year"] == YEAR)["official"]
    assert str(YEAR) in seen(app, acting, "clerk", calendarpages.overview)
    with pytest.raises(NotFound):
        seen(app, acting, "clerk", calendarpages.one, 1999)
