"""One day of an inbox in a real browser: live count, panel, keys, putting off, the pop-up until acted on."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from plugins.inbox import live
from tests.plugins.inbox.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request):
    """What a browser does is the same on both databases."""
    return request.param


@pytest.fixture
def page(agency, browser, monkeypatch):
    """Ben, signed in at a live server; nothing that the page policy forbids happens."""
    monkeypatch.setattr(live, "LOOK_EVERY", 0.2)
    monkeypatch.setattr(live, "BEAT", 0.5)
    server = make_server("127.0.0.1", 0, agency.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(base_url=f"http://127.0.0.1:{server.server_port}", locale="zh-CN")
    context.set_default_timeout(8000)
    found, faults = context.new_page(), []
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
    found.goto("/login")
    found.fill("#u", "inbox-ben")
    found.fill("#p", PASSWORD)
    found.click("button.go")
    found.wait_for_url(lambda url: "/login" not in url)
    yield found
    context.close()
    server.shutdown()
    assert faults == []


def test_a_day_of_an_inbox(office, page):
    bell, rows = page.locator('.z-top a.z-ib[href="/inbox"]'), page.locator("#inbox-list tr.r")
    with page.expect_response("**/inbox/stream"):
        page.goto("/")
    expect(bell.locator(".z-dot")).to_have_count(0)
    page.wait_for_timeout(500)
    office.tell("ben", "Words of a colleague")
    expect(bell.locator(".z-dot")).to_have_text("1")
    expect(page.locator("#toasts")).to_contain_text("Words of a colleague")
    bell.click()
    expect(page.locator(".inbox-panel li")).to_contain_text("Words of a colleague")
    page.keyboard.press("Escape")
    expect(page.locator(".inbox-panel")).to_be_hidden()
    office.tell("ben", "A right ends", severity="fatal")
    pop = page.locator(".inbox-strong")
    expect(pop).to_contain_text("A right ends")
    page.goto("/settings")
    expect(pop).to_contain_text("A right ends")
    page.goto("/inbox")
    expect(rows).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(rows).to_have_count(1)
    expect(bell.locator(".z-dot")).to_have_text("1")
    pop.locator("[data-inbox-fold]").click()
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.locator("#inbox-list .z-menu[open] button", has_text="一小时后").click()
    expect(rows).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("再提醒")
    page.get_by_role("link", name="稍后提醒").click()
    expect(rows).to_have_count(1)
    expect(pop).to_have_count(0)
    page.locator("[data-inbox-key=e]").click()
    page.goto("/inbox?box=all")
    rows.filter(has_text="A right ends").locator("[data-inbox-key=e]").click()
    expect(pop).to_contain_text("A right ends")
    pop.locator("[data-inbox-fold]").click()
    pop.get_by_role("button", name="我来跟进").click()
    expect(pop).to_have_count(0)
    page.goto("/settings")
    expect(bell).to_be_visible()
    expect(pop).to_have_count(0)
    page.goto("/inbox/preferences")
    page.select_option("select[name='wish:core.mention:inbox.mail']", "off")
    page.fill("#f-quiet_from", "22:00")
    page.fill("#f-quiet_to", "07:30")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#toasts")).to_contain_text("已保存")
    expect(page.locator("select[name='wish:core.mention:inbox.mail']")).to_have_value("off")
