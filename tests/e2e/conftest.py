"""A live server of the desk deployment and pages that record every policy violation and every request to outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.e2e.desk import PASSWORD

REPORT = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"""


@pytest.fixture(scope="module")
def site(desk: SimpleNamespace) -> Iterator[str]:
    """Address of the live server."""
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)


@pytest.fixture
def open_page(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """`open_page("ann", width=390)`: a signed-in page. In the end no script error, violation or outside request."""
    contexts, faults = [], []

    def make(login: str | None = "ann", width: int = 1440, **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, base_url=site, locale="en-US", **options
        )
        context.set_default_timeout(8000)
        contexts.append(context)
        context.add_init_script(REPORT)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("console", lambda m: faults.append(m.text) if m.text.startswith("CSP") else None)
        page.on("request", lambda r: None if r.url.startswith((site, "data:")) else faults.append(f"outside: {r.url}"))
        if login:
            page.goto("/login")
            page.fill("#u", login)
            page.fill("#p", PASSWORD)
            page.click("button.go")
            page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []
