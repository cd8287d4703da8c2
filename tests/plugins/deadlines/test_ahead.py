"""The panel of the coming weeks: its figures are those of the lists behind them, and it draws in a real browser."""

import html
import json
import re
import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import expect
from sqlalchemy import event
from werkzeug.serving import make_server

from core import create, db, record_class, system, today
from core.api.keys import issue_key
from core.permissions.passwords import hash_password
from plugins.deadlines import ahead
from plugins.deadlines.records import Deadline
from tests.e2e.conftest import REPORT
from tests.e2e.desk import PASSWORD, Visitor
from tests.support.lab import Client

LINK = re.compile(r'href="/r/deadlines\.deadline\?([^"]+)"[^>]*>(?:<i[^>]*></i>[^<]*<b class="z-num">)?(?:All )?(\d+)<')


@pytest.fixture(scope="module")
def filled(app, agency):
    """Dates of every severity over some weeks, of the agent, of a colleague and of another department."""
    with app.app_context(), system("dates ahead") as session:
        for login in ("agent", "stranger", "head"):
            user = session.get(record_class("core.user"), getattr(agency, login))
            user.password_hash, user.locale = hash_password(PASSWORD), "en"
        for agent, place in (("agent", "marks"), ("verifier", "marks"), ("stranger", "patents")):
            who, where = getattr(agency, agent), getattr(agency, place)
            values = {"case_type": "tm_application", "mark_name": "云岫", "agent": who, "department": where}
            case = create(record_class("cases.case"), values | {"branch": agency.branch})
            for number, severity in enumerate(("fatal", "curable", "adverse", "info", "fatal", "fatal")):
                _date(case.id, who, where, severity, number * 9)
            _date(case.id, who, where, "fatal", -1)
            _date(case.id, who, where, "fatal", 7 * ahead.WEEKS)
            _date(case.id, who, where, "fatal", 3, optional=True)
            _date(case.id, who, where, "fatal", 3, status="met")


def _date(case_id, who, where, severity, days, **more):
    day = today() + timedelta(days)
    values = {"case_id": case_id, "name": "期限", "severity": severity, "due": day, "safe_date": day}
    values |= {"internal_date": day, "nominal_date": day, "calendar": "official", "kind": "deadline"}
    values |= {"responsible_id": who, "department_id": where, "fact": "x", "occurrence": "1", "rule_code": "TEST"}
    identity = f"{severity}{days}{more}"
    db.session.add(Deadline(**{"status": "open", "identity": identity, **values, **more}))


def panel_of(app, login):
    """The panel on the home page of a person, as markup."""
    page = Visitor(app, login).get("/").text
    found = re.search(r'<section class="z-sec dl-ahead".*?</section>', page, re.S)
    return found.group(0) if found else ""


def options_of(markup):
    """The options of the chart."""
    return json.loads(html.unescape(re.search(r'data-chart="([^"]+)"', markup).group(1)))


@pytest.mark.parametrize(("login", "total"), [("agent", 6), ("head", 12), ("stranger", 6)])
def test_each_figure_is_the_count_of_the_list_behind_it(app, filled, agency, login, total):
    markup = panel_of(app, login)
    points = [p for s in options_of(markup)["series"] if s["type"] == "bar" for p in s["data"] if p]
    assert sum(point["value"] for point in points) == total
    links = {html.unescape(query): int(count) for query, count in LINK.findall(markup)}
    links |= {point["href"].partition("?")[2]: point["value"] for point in points}
    assert total in links.values()
    assert len(links) > len(points)
    with app.app_context():
        program = Client(app, issue_key(getattr(agency, login), ["*"]), {})
    for query, count in links.items():
        listed = program.get("deadlines.deadline?" + query.removeprefix("view=-&sort=due&") + "&limit=100")
        assert (len(listed.get_json()["data"]), query) == (count, query)


def test_a_bar_opens_its_list(app, filled):
    markup = panel_of(app, "agent")
    point = next(p for p in options_of(markup)["series"][0]["data"] if p)
    listed = Visitor(app, "agent").get(point["href"])
    assert listed.status_code == 200
    assert listed.text.count('<tr class="r"') == point["value"]


def test_dates_of_other_departments_are_not_counted(acting, filled, agency):
    with acting("head"):
        assert sum(ahead.counts(today(), own=False).values()) == 12
    with acting("partner"):
        assert sum(ahead.counts(today(), own=False).values()) >= 12
    with acting("stranger"):
        assert sum(ahead.counts(today(), own=False).values()) == 6


def test_one_statement_counts(acting, filled):
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    with acting("head"):
        event.listen(db.engine, "before_cursor_execute", note)
        ahead.counts(today(), own=False)
        event.remove(db.engine, "before_cursor_execute", note)
    assert sum("FROM deadlines_deadline" in statement for statement in seen) == 1


def test_weeks_begin_today_and_then_on_mondays():
    day = today()
    found = ahead.weeks(day)
    assert len(found) == ahead.WEEKS
    assert found[0].first == day
    assert {week.last.weekday() for week in found} == {6}
    assert all(later.first == earlier.last + timedelta(1) for earlier, later in pairwise(found))


def test_who_has_nothing_ahead_has_no_panel(acting, filled):
    with acting("clerk"):
        assert ahead.panel(own=True) == []


@pytest.fixture
def site(app, filled):
    """Address of the live server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


@pytest.mark.browser
def test_it_draws_without_violations_opens_and_prints_as_a_table(browser, site):
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(8000)
    context.add_init_script(REPORT)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "CSP" in said.text else None)
    page.goto("/login")
    page.fill("#u", "agent")
    page.fill("#p", PASSWORD)
    page.click("button.go")
    drawn = page.locator(".dl-chart canvas")
    expect(drawn).to_be_visible()
    before = drawn.evaluate("(canvas) => canvas.toDataURL()")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert (
        drawn.evaluate("(canvas) => new Promise((done) => setTimeout(() => done(canvas.toDataURL()), 200))") != before
    )
    table = page.locator(".dl-twin table")
    expect(table).to_be_hidden()
    page.emulate_media(media="print")
    expect(table).to_be_visible()
    expect(page.locator(".dl-chart")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_text("As a table").click()
    expect(table).to_be_visible()
    place = "echarts.getInstanceByDom(document.querySelector('.dl-chart')).convertToPixel('grid', [0, 0.5])"
    x, y = page.evaluate(place)
    page.locator(".dl-chart").click(position={"x": x, "y": y})
    page.wait_for_url(lambda url: "severity=fatal" in url)
    expect(page.locator("tr.r")).to_have_count(1)
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [name for name in loaded if "echarts" in name or "charts.js" in name]
    context.close()
    assert faults == []
