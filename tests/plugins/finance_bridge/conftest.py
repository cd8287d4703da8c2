"""The Kingdee stand-in on a free port, and clients of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from plugins.finance_bridge.drivers.base import Trace
from plugins.finance_bridge.drivers.kingdee import Account, Client, KingdeeDriver
from tests.standins import kingdee


class Served:
    """A stand-in that answers at `url`."""

    def __init__(self, url: str, standin: kingdee.Standin) -> None:
        self.url, self.standin = url, standin

    def account(self, **changes: Any) -> Account:
        """How our client reaches it."""
        given = {"address": f"{self.url}/k3cloud", "account_set": kingdee.ACCOUNT_SET, "user": kingdee.USER}
        given |= {"app_id": kingdee.APP_ID, "app_secret": kingdee.APP_SECRET, "org": "100", "timeout": 2.0}
        return Account(**given | changes)

    def driver(self, traces: list[Trace] | None = None, **changes: Any) -> KingdeeDriver:
        """A driver of it; `key_field`, `prefix` or parts of the account may be changed."""
        own = {name: changes.pop(name) for name in ("key_field", "prefix", "audit") if name in changes}
        kept: list[Trace] = [] if traces is None else traces
        return KingdeeDriver(Client(self.account(**changes), kept.append), **{"prefix": "ZA", **own})


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The stand-in of this module."""
    app = kingdee.create()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.port}", app.standin)
    server.shutdown()
    thread.join(5)


@pytest.fixture
def books(served: Served) -> Iterator[Served]:
    """The stand-in, empty and well-behaved again."""
    served.standin.reset()
    served.standin.closed_periods.clear()
    served.standin.require_session = False
    served.standin.hang = 3.0
    yield served
    served.standin.reset()
