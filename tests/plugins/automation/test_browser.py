"""One way through a real browser: a rule is built without code and tried out, it makes a to-do, which is ticked off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from core.testing import Deployment

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """The browser does not care about the database."""
    return request.param


@pytest.fixture
def site(app: Any) -> Iterator[str]:
    """Address of a live server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


@pytest.fixture
def open_page(app: Any, settings: Any, agency: Any, browser: Any, site: str) -> Iterator[Any]:
    """`open_page("root")`: a page of that person; in the end no script error and no violation of the page's policy."""
    contexts, faults = [], []

    def make(login: str, width: int = 1440) -> Any:
        client = Deployment(app, settings).browser(getattr(agency, login))
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=site, locale="en-US")
        context.set_default_timeout(8000)
        contexts.append(context)
        context.add_cookies([{"name": "zhian", "value": client.get_cookie("zhian").value, "url": site}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if "Content Security" in m.text else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []


def test_a_rule_is_built_tried_out_and_gives_a_to_do(open_page, rules, agency):
    page = open_page("root")
    page.goto("/r/automation.rule/new")
    page.fill("#f-name", "Read it again")
    page.select_option("#f-trigger", "changed")
    page.locator('input[name="when.fields"][value="mark_name"]').check()
    page.get_by_role("button", name="Add a condition").click()
    page.select_option(".z-tree-r select.f", "mark_name")
    page.fill(".z-tree-r input[type=text]", "云岫茶")
    page.locator("summary", has_text="Add a step").click()
    page.get_by_role("button", name="Give a to-do").click()
    page.locator('input[name="s0.to"][value="field:agent"]').check()
    page.locator('[name="s0.title"]').fill("Check ")
    page.locator("summary", has_text="Fields that texts may name").click()
    page.locator('[data-insert="{mark_name}"]').click()
    expect(page.locator('[name="s0.title"]')).to_have_value("Check {mark_name}")
    page.locator('[name="s0.due"]').fill("today")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("h1")).to_contain_text("Read it again")
    page.get_by_role("link", name="Try out").first.click()
    page.locator("#ask button", has_text="Try out").click()
    expect(page.locator(".z-note")).to_contain_text("Nothing was written")
    page.get_by_role("link", name="Back to the rule").click()
    page.get_by_role("link", name="Switch on").first.click()
    page.locator("#ask button", has_text="Switch on").click()
    expect(page.locator(".au-state")).to_contain_text("switched on")
    case = rules.case()
    rules.write(case, mark_name="云岫茶")
    assert rules.work()["done"] == 1
    desk = open_page("agent", width=390)
    desk.goto("/todos")
    desk.get_by_role("button", name="Mark as done: Check 云岫茶").click()
    expect(desk.locator(".z-toast")).to_contain_text("Done")
    assert desk.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
