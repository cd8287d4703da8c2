"""Every main page in a browser, once: the rules of axe in both themes, nothing wider than a phone, one language."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from werkzeug.serving import make_server

from core import create, hash_password, record_class, system
from core.settings import ROOT
from tests.plugins.portal.conftest import PASSWORD, mirror

__all__ = ["mirror"]
pytestmark = [pytest.mark.browser, pytest.mark.one_database]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = {
    "light": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""The theme changes colours alone."""
CHECK = """async ([theme, wanted]) => {
  document.documentElement.setAttribute("data-bs-theme", theme);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => 0)));
  const found = await axe.run(document, {runOnly: wanted, resultTypes: ["violations"]});
  return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact))
    .flatMap((rule) => rule.nodes.map((node) => `${theme} ${rule.id} ${node.html.slice(0, 160)}`));
}"""
WORDS = """() => {
  const told = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    if (!at.closest("script, style, textarea, [lang]:not(html)")) told.push(walk.currentNode.data.trim());
  }
  for (const each of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) told.push(each.getAttribute(name) ?? "");
  return told.filter(Boolean);
}"""
OPENED = {"/r/cases.case": "f", "/r/clients.client": "?", "/": "Control+k"}
"""Keys pressed on a page before it is looked at: the filter builder, the sheet of keys, the palette."""


@pytest.fixture(scope="module")
def site(app: Any, mirror: Any) -> Iterator[str]:
    """Address of this deployment with one person who may see every page."""
    with app.app_context(), system("who looks at every page") as session:
        boss = record_class("core.user")(login="boss", name="Boss", realm="staff", active=True)
        boss.password_hash = hash_password(PASSWORD)
        session.add(boss)
        session.flush()
        for role in ("administrator", "partner", "security_admin", "tm_agent"):
            create(record_class("core.user_role"), {"user": boss.id, "role": role})
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)


@pytest.fixture(scope="module")
def pages(mirror: Any) -> list[str]:
    """What staff see most, and what was added to it."""
    case, client, deadline = mirror.left.cases[0], mirror.left.client, mirror.left.deadlines[0]
    return [
        "/",
        "/r/cases.case",
        "/r/cases.case?as=board",
        f"/r/cases.case/{case}",
        "/r/clients.client",
        f"/r/clients.client/{client}",
        "/r/clients.client/new",
        "/r/deadlines.deadline",
        f"/r/deadlines.deadline/{deadline}",
        "/import/clients.client",
        "/inbox",
        "/find?q=YUNXIU",
        "/todos",
        "/todos/people",
        "/r/automation.rule/new",
        "/exports",
        "/settings",
        "/settings/me",
        "/settings/roles",
        "/settings/walls",
        "/settings/organisation",
        "/settings/shaping",
        "/styleguide",
        "/more",
    ]


def opened(browser: Any, site: str, locale: str, width: int, realm: str = "", login: str = "boss") -> Any:
    """A page of somebody signed in."""
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=site, reduced_motion="reduce")
    context.add_cookies([{"name": "zhian_locale", "value": locale, "url": site}])
    page = context.new_page()
    page.goto(f"{realm}/login?locale={locale}")
    page.fill("#u", login)
    page.fill("#p", PASSWORD)
    page.click("button.go")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def faults(page: Any) -> list[str]:
    """What axe finds serious or critical, in the light and the dark theme."""
    page.evaluate(AXE.read_text() + ";0")
    return [fault for theme, wanted in RULES.items() for fault in page.evaluate(CHECK, [theme, wanted])]


def test_axe_finds_nothing_serious_in_either_theme(browser, site, pages, mirror):
    wrong = []
    stranger = browser.new_context(base_url=site).new_page()
    for path in ("/login", "/portal/login"):
        stranger.goto(path)
        wrong += [(path, fault) for fault in faults(stranger)]
    stranger.context.close()
    staff = opened(browser, site, "en", 1440)
    for path in pages:
        assert staff.goto(path).status == 200, path
        wrong += [(path, fault) for fault in faults(staff)]
        if key := OPENED.get(path):
            staff.keyboard.press(key)
            staff.wait_for_load_state("networkidle")
            wrong += [(f"{path} {key}", fault) for fault in faults(staff)]
    staff.context.close()
    client = opened(browser, site, "en", 1440, "/portal", "owner@left.example")
    for path in ("/portal", f"/portal/cases/{mirror.left.cases[0]}"):
        client.goto(path)
        wrong += [(path, fault) for fault in faults(client)]
    client.context.close()
    assert not wrong, "\n".join(sorted(map(str, wrong)))


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_on_a_phone_no_page_is_too_wide_or_in_two_languages(browser, site, pages, settings, locale):
    page = opened(browser, site, locale, 360)
    texts, data, wrong = catalogue(), stored(settings.data / "zhian.db"), []
    for path in pages:
        if path == "/styleguide":  # its examples are names and papers
            continue
        assert page.goto(path).status == 200, path
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            wrong.append((path, "wider than the screen"))
        wrong += [(path, text) for text in page.evaluate(WORDS) if foreign(text, locale, texts, data)]
    page.context.close()
    assert not wrong, "\n".join(sorted(map(str, wrong)))


def catalogue() -> dict[str, str]:
    """Every English text with its Chinese, of core and all plugins."""
    texts = {}
    for room in (ROOT / "core", *(ROOT / "plugins").iterdir()):
        file = room / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
        if not file.exists():
            continue
        with file.open("rb") as stream:
            texts |= {m.id: m.string for m in read_po(stream, locale="zh") if m.id and isinstance(m.id, str)}
    return texts


def stored(database: Path) -> str:
    """All text of the deployment's database: what people wrote is in their language, not in the reader's."""
    with sqlite3.connect(database) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = (row for table in tables for row in connection.execute(f'select * from "{table}"'))
        return "\n".join(str(value) for row in rows for value in row if isinstance(value, str))


def foreign(text: str, locale: str, texts: dict[str, str], data: str) -> bool:
    """Whether a text of the program stands on the page in the other language."""
    if locale == "zh":
        return text in texts and texts[text] != text and text not in data
    chinese = re.findall("[\u4e00-\u9fff]+", text)
    return any(run not in data for run in chinese) and text not in texts
