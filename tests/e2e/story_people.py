"""People of the story at their screens: staff at desks, somebody with a messenger on a phone, the client on a phone."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.e2e.story_world import PASSWORD, World

SHOTS = os.environ.get("ZHIAN_STORY_SHOTS", "")
REPORT = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"""
expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
DESK, PHONE = (1440, 900), (390, 844)


class Seat:
    """A browser of its own; what goes wrong in its pages is kept in `faults`."""

    def __init__(self, browser: Any, world: World, base: str, size: tuple[int, int], language: str = "zh-CN") -> None:
        self.world, self.faults, self.base = world, [], base
        viewport = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(viewport=viewport, base_url=base, locale=language, has_touch=size == PHONE)
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(REPORT)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda m: self.faults.append(m.text) if m.text.startswith("CSP") else None)
        self.page.on("response", self._look)

    def _look(self, answer: Any) -> None:
        if answer.status >= 500:
            self.faults.append(f"{answer.status} {answer.url}")

    def go(self, path: str) -> Any:
        """Open a page."""
        self.page.goto(path)
        return self.page

    def shot(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture where a folder for pictures is given; no page is wider than its screen."""
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=whole)

    def close(self) -> None:
        """Leave."""
        with suppress(Exception):
            self.context.close()


class Desk(Seat):
    """Somebody of the agency, signed in."""

    def __init__(
        self, browser: Any, world: World, login: str, size: tuple[int, int] = DESK, language: str = "zh-CN"
    ) -> None:
        super().__init__(browser, world, world.url, size, language)
        self.login = login
        page = self.go("/login")
        page.fill("#u", login)
        page.fill("#p", PASSWORD)
        page.click("button.go")
        page.wait_for_url(lambda url: "/login" not in url)

    def pick(self, name: str, words: str) -> None:
        """Choose a linked record by typing."""
        self.page.fill(f"#f-{name}", words)
        self.page.locator(f"#f-{name}-list li", has_text=words).first.click()

    def act(self, key: str, record: int, action: str, **given: str | Path) -> None:
        """Use a named action of a record through its dialog, and see that it went through."""
        page = self.page
        if not page.url.endswith(f"/r/{key}/{record}"):
            self.go(f"/r/{key}/{record}")
        href = f"/r/{key}/{record}/-/do/{action}"
        button = page.locator(f"main a[href='{href}']").first
        if not button.is_visible():
            page.locator("main details.z-menu > summary").first.click()
        button.click()
        dialog = page.locator("#ask")
        expect(dialog).to_be_visible()
        for name, value in given.items():
            self._enter(dialog.locator(f"[name={name}]").first, value)
        self.send(dialog)

    @staticmethod
    def _enter(field: Any, value: str | Path) -> None:
        if isinstance(value, Path):
            field.set_input_files(value)
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)

    def send(self, dialog: Any) -> None:
        """Press the dialog's main button and wait until it is through."""
        dialog.locator("footer .z-btn-primary, footer .z-btn-danger").first.click()
        expect(dialog).to_be_hidden()
        self.page.wait_for_load_state()

    def open_waiting(self, words: str) -> None:
        """From one's own list of approvals into the one that is about these words."""
        self.go("/workflow").locator("main a[href^='/r/workflow.task/']", has_text=words).first.click()
        self.page.wait_for_url(re.compile("/r/workflow.task/"))

    def decide(self, decision: str, opinion: str = "", files: dict[str, Path] | None = None, **values: str) -> None:
        """Decide the approval that is open: what is asked for, an opinion, the button."""
        page = self.page
        for name, value in values.items():
            page.fill(f"[name='values.{name}']", value)
        for name, file in (files or {}).items():
            page.set_input_files(f"[name='needs.{name}']", file)
        if opinion:
            page.fill("#f-opinion", opinion)
        with page.expect_navigation():
            page.locator(f"button[name=decision][value={decision}]").click()

    def save(self, **values: str) -> None:
        """Fill a form and save it."""
        for name, value in values.items():
            self.page.fill(f"#f-{name}", value)
        with self.page.expect_navigation():
            self.page.locator(".z-foot .z-btn-primary").click()

    def record(self, case: int, event: str, paper: Path, **values: str) -> None:
        """Put an official paper on record from the case's page, its move chosen from those that are open."""
        page = self.go(f"/r/cases.case/{case}")
        page.locator("main a[href$='/-/do/record_event']").first.click()
        page.locator(f"#ask a[href*='event={event}']").first.click()
        page.wait_for_selector(f"#ask input[name=event][value={event}]", state="attached")
        for summary in page.locator("#ask details:not([open]) > summary").all():
            summary.click()
        for name, value in values.items():
            self._enter(page.locator(f"#ask [name={name}]").first, value)
        page.set_input_files("#ask [name='paper:event']", paper)
        self.shot(f"event-{event.lower()}")
        with page.expect_navigation():
            page.locator("#ask footer .z-btn-primary").click()

    def timeline(self) -> list[tuple[str, str]]:
        """Who did what on the page that is open, oldest first."""
        rows, older = self.page.locator(".z-tl > li"), self.page.locator(".z-older a")
        while older.count():
            shown = rows.count()
            older.first.click()
            expect(rows.nth(shown)).to_be_attached()
        read = "rows => rows.map(li => [li.querySelector('b')?.textContent ?? '', li.textContent])"
        return [(who, words) for who, words in reversed(rows.evaluate_all(read))]


def record_id(url: str) -> int:
    """The id at the end of a record's address."""
    found = re.search(r"/r/[a-z_.]+/(\d+)", url)
    assert found, url
    return int(found[1])
