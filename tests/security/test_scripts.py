"""Scripts in every text of every record, in names of files and subjects of mails: shown as they are, never run."""

from __future__ import annotations

import io
import itertools
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from markupsafe import escape
from sqlalchemy import update
from werkzeug.serving import make_server

from core import db
from core.db import write_intent
from tests.security.marks import Marks
from tests.security.offices import PASSWORD
from tests.security.scripts import PAYLOADS, executable
from tests.security.world import STAFF, World

WATCH = """window.zx = (n) => console.error(`EXECUTED ${n}`);
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => console.error(`EXECUTED ${name}`);
document.addEventListener("securitypolicyviolation", (e) =>
  console.error(`CSP ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));"""
PAGES = (
    *("clients.client", "cases.case", "billing.bill", "documents.document", "workflow.task", "core.user"),
    "core.mail",
)
"""Record types whose page is opened in the browser every day; the long form opens all."""


OWN_WORDS = ("record_key", "sha256", "mime", "language", "locale")
OWN_KEYS = {("workflow.task", "node"), ("core.webhook_message", "body"), ("deadlines.reminder", "step")}
"""Texts that nobody types and that are looked up or parsed: with another content their record is broken, not unsafe."""
ROUNDS = slice(*(int(n) for n in os.environ.get("ZHIAN_TEST_PAYLOADS", "0:60").split(":")))
"""Which payloads the long form takes; all."""


class Scripts(Marks):
    """Every text is as many payloads as fit; all sixty where there is room."""

    def word(self, kind: Any, spec: Any, side: str, number: int) -> str:
        return text_for(self.kinds.index(kind) * 7 + number * 5, side, spec.max_length or 4000)


def text_for(start: int, side: str, room: int) -> str:
    """Payloads from `start` on, one after another, and the side, so that unique fields differ."""
    ring = itertools.chain(PAYLOADS[start % 60 :], PAYLOADS[: start % 60])
    found = side[0]
    for payload in ring:
        if len(found) + len(payload) > room:
            break
        found += payload
    return found if len(found) > 1 else (side[0] + PAYLOADS[start % 60])[:room]


@pytest.fixture(scope="module", params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """What a page looks like does not depend on the database."""
    return request.param


@pytest.fixture(scope="module")
def world(app):
    return World(app, Scripts)


def addresses(world: World, portal: bool = False, sides: tuple[str, ...] = ("here", "there")) -> list[str]:
    """The pages of all records: list, record, form; and what stands beside them."""
    if portal:
        ids = world.marks.ids["here"]
        about = [f"/portal/cases/{ids['cases.case']}", f"/portal/bills/{ids['billing.bill']}"]
        return ["/portal", "/portal/cases", "/portal/files", "/portal/messages", "/portal/orders", "/portal/bills",
                "/portal/account", "/portal/statement", *about]  # fmt: skip
    found = ["/", "/find?q=%3Cscript", "/inbox", "/more", "/settings", "/workflow", "/finance", "/import"]
    found += ["/background", "/settings/roles", "/documents/templates"]
    for kind in (k for k in world.marks.kinds if k.public):
        base = f"/r/{kind.key}"
        found += [base, f"{base}?view=-", f"{base}?view=-&as=board", f"{base}/-/pick?q=s", f"{base}/new"]
        for side in sides:
            ident = world.marks.ids[side][kind.key]
            found += [f"{base}/{ident}", f"{base}/{ident}?tab=all", f"{base}/{ident}/edit", f"{base}/{ident}/-/peek"]
    return found


def wrong_pages(world: World, kind: str, paths: list[str]) -> list[tuple[str, list[str]]]:
    wrong = []
    for path in paths:
        answer = world.ask(kind, "GET", path)
        if answer.status_code >= 500:
            wrong.append((path, [f"fault {answer.status_code}"]))
        if answer.mimetype == "text/html":
            wrong += [(path, found)] if (found := executable(answer.text)) else []
            assert "unsafe-" not in answer.headers["Content-Security-Policy"], path
        else:
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
    return wrong


def test_the_detector_sees_each_payload():
    """Each payload that is markup of its own is found when a page shows it unescaped; in text it is not."""
    places = ("<p title='%s'>x", '<p title="%s">x', "<p>%s", "<textarea>%s</textarea>")
    blind = [p for p in PAYLOADS[:45] if not any(executable(place.replace("%s", p)) for place in places)]
    assert blind == ["` zxa onfocus=zx(11) `"], "backticks quote nothing in any browser of today"
    assert [p for p in PAYLOADS if executable(f'<p title="{escape(p)}">{escape(p)}</p>')] == []


@pytest.mark.parametrize("kind", ["admin", "portal_owner"])
def test_every_page_shows_scripts_as_text(world, kind):
    paths = addresses(world, kind == "portal_owner", sides=("here",))  # the other side holds the same payloads
    assert wrong_pages(world, kind, paths) == []


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_every_payload_in_every_text(world):
    """Sixty rounds: in each, every text of every record is the next payload."""
    paths = [path for path in addresses(world, sides=("here",)) if not path.endswith(("/new", "as=board"))]
    for turn, payload in enumerate(PAYLOADS[ROUNDS]):
        rewrite(world, payload)
        assert wrong_pages(world, "admin", paths) == [], f"payload {turn + 1} of the round: {payload}"
        print(f"\n  {payload} on {len(paths)} pages: shown as text", end="", flush=True)


def rewrite(world: World, payload: str) -> None:
    """Put this payload into every text."""
    with world.app.app_context():
        write_intent.set(True)
        with db.engine.begin() as connection:
            for side in ("here", "there"):
                for kind in (kind for kind in world.marks.kinds if kind.key in world.marks.ids[side]):
                    texts = [f for f in kind.fields.values() if f.kind in ("text", "long_text")]
                    texts = [f for f in texts if f.name not in OWN_WORDS and (kind.key, f.name) not in OWN_KEYS]
                    values = {f.attr: f"{side[0]}{payload}"[: f.max_length or 4000] for f in texts}
                    table = kind.model.__table__
                    row = update(table).where(table.c.id == world.marks.ids[side][kind.key])
                    connection.execute(row.values(**values)) if values else None


@pytest.fixture(scope="module")
def site(world) -> Iterator[str]:
    """A live server of that world."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


@pytest.fixture
def page(browser, site) -> Iterator[tuple[Any, list[str]]]:
    """A signed-in page of the administrator, and what ran, was refused or asked for elsewhere."""
    context = browser.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    context.add_init_script(WATCH)
    opened, faults = context.new_page(), []
    opened.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
    opened.on("console", lambda m: faults.append(m.text) if m.text.startswith(("EXECUTED", "CSP")) else None)
    opened.on("request", lambda r: None if r.url.startswith((site, "data:")) else faults.append(r.url))
    opened.goto("/login")
    opened.fill("#u", STAFF["admin"])
    opened.fill("#p", PASSWORD)
    opened.click("button.go")
    opened.wait_for_url(lambda url: "/login" not in url)
    yield opened, faults
    context.close()


def visit(page: Any, faults: list[str], paths: list[str]) -> None:
    """Open each address and touch what lies there."""
    for path in paths:
        page.goto(path, wait_until="load")
        page.evaluate("document.querySelectorAll('main [tabindex], main a').forEach((e, i) => i < 25 && e.focus())")
        assert faults == [], (path, faults)


@pytest.mark.browser
def test_no_script_runs_in_a_real_browser(world, page):
    opened, faults = page
    ids = world.marks.ids["here"]
    lists = [f"/r/{key}" for key in PAGES if key in ids]
    visit(opened, faults, ["/", "/find?q=%3Cscript", *lists, *(f"/r/{key}/{ids[key]}" for key in PAGES if key in ids)])
    opened.goto(f"/r/cases.case/{ids['cases.case']}/edit")
    assert faults == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.browser
def test_no_script_runs_on_any_page_in_a_real_browser(world, page):
    opened, faults = page
    visit(opened, faults, [p for p in addresses(world) if "/-/" not in p])


LYING = {
    "page.html": b"<script>zx(1)</script>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="zx(1)"><script>zx(1)</script></svg>',
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>zx(1)</script></html>',
    "feed.xml": b'<?xml-stylesheet href="javascript:zx(1)"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">zx(1)</x:script>',
    "picture.png": b"\x89PNG\r\n\x1a\n<script>zx(1)</script>",
    "paper.pdf": b"%PDF-1.4\n<script>zx(1)</script>",
    "none": b"<script>zx(1)</script>",
    "mail.eml": b"Content-Type: text/html\r\n\r\n<script>zx(1)</script>",
    "old.mht": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<script>zx(1)</script>",
}


@pytest.mark.browser
def test_uploaded_pages_and_pictures_run_nothing(world, page):
    """Opened by their address they are downloads, drawn within a page they are pictures or nothing."""
    opened, faults = page
    case = world.marks.ids["here"]["cases.case"]
    parts = [(io.BytesIO(content), name) for name, content in LYING.items()]
    parts += [(io.BytesIO(b"x"), f"{payload}.txt") for payload in PAYLOADS]
    sent = world.ask("admin", "POST", f"/r/cases.case/{case}/-/file", data={"file": parts})
    assert sent.status_code == 303, sent.text[-500:]
    shown = world.ask("admin", "GET", f"/r/cases.case/{case}?tab=files")
    assert executable(shown.text) == []
    listed = world.ask("admin", "GET", f"/api/v1/cases.case/{case}/files").json["data"]
    assert len(listed) >= len(LYING)
    for file in listed[-len(LYING) - 8 :]:
        answer = world.ask("admin", "GET", f"/files/{file['id']}")
        assert answer.headers["Content-Disposition"].startswith("attachment"), file
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    visit(opened, faults, [f"/r/cases.case/{case}?tab=files"])
    for file in (f for f in listed if f["filename"] in LYING):
        opened.evaluate(
            """async (src) => { for (const tag of ["img", "iframe", "object", "embed"]) {
                 const made = document.createElement(tag); made[tag === "object" ? "data" : "src"] = src;
                 document.body.append(made); await new Promise((done) => setTimeout(done, 40)); } }""",
            f"/files/{file['id']}",
        )
    assert [fault for fault in faults if fault.startswith(("EXECUTED", "dialog"))] == []
