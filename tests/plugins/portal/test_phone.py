"""The portal in a real browser at 360 px: nothing wider than the screen, targets a thumb can hit, no console errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.plugins.portal.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.one_database]
SMALL = """() => [...document.querySelectorAll('a, button, select, textarea, input:not([type=hidden])')].filter(e => {
  const r = e.getBoundingClientRect();
  const inText = e.closest('p') || e.type === 'checkbox' || e.classList.contains('z-skip');
  return r.width > 0 && r.height > 0 && r.height < 43.5 && !inText;
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def site(app: Any, mirror: Any) -> Iterator[str]:
    """Address of this deployment, served for a browser."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_page_is_made_for_a_thumb(browser, site, mirror, locale):
    told: list[str] = []
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    context.add_cookies([{"name": "zhian_locale", "value": locale, "url": site}])
    page = context.new_page()
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.goto(f"{site}/portal/login")
    wrong = [("login", *page.evaluate(SMALL))] if page.evaluate(SMALL) else []
    page.fill("#u", "owner@left.example")
    page.fill("#p", PASSWORD)
    page.click("button.go")
    paths = ["/portal", "/portal/cases", "/portal/files", "/portal/messages", "/portal/orders", "/portal/account"]
    paths += [f"/portal/cases/{mirror.left.cases[0]}"]
    paths += [f"/portal/questions/{ident}" for ident in mirror.left.questions]
    paths += [f"/portal/bills/{ident}" for ident in mirror.left.bills] + (
        ["/portal/bills"] if mirror.left.bills else []
    )
    for path in paths:
        answer = page.goto(f"{site}{path}")
        assert answer.status == 200, path
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            wrong.append((path, "wider than the screen"))
        wrong += [(path, each) for each in page.evaluate(SMALL)]
    context.close()
    assert (wrong, told) == ([], [])


def test_the_paper_of_a_question_is_shown_in_its_page(browser, site, mirror):
    if not mirror.left.questions:
        pytest.skip("no flows in this deployment")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/portal/login")
    page.fill("#u", "owner@left.example")
    page.fill("#p", PASSWORD)
    page.click("button.go")
    with page.expect_response(lambda response: "view=1" in response.url) as paper:
        page.goto(f"{site}/portal/questions/{mirror.left.questions[0]}")
    assert paper.value.status == 200
    assert paper.value.headers["x-frame-options"] == "SAMEORIGIN"
    context.close()
