"""The page of background work: administrators see what is stuck and set it going, others do not."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from core.db import db, transaction
from core.events import delivery
from core.events.model import Delivery
from core.events.outbox import emit
from core.jobs import status
from core.registry import Subscriber, registry

pytest_plugins = ("tests.e2e.fixtures",)
EVENT = "core.test.page"


@pytest.fixture
def dead_letter(desk):
    """The id of one, on a deployment that warns at once."""
    status._warned = (0.0, [])
    registry().events[EVENT].append(Subscriber("test.bank", EVENT, lambda payload, key: None))
    table = Delivery.__table__
    with desk.app.app_context():
        with transaction():
            emit(EVENT, {"number": 1})
        with db.engine.begin() as connection:
            connection.execute(update(table).values(state="dead", attempts=8, last_error="bank away <b>"))
            found = connection.execute(select(table.c.id)).scalar_one()
    yield found
    del registry().events[EVENT]
    with desk.app.app_context(), db.engine.begin() as connection:
        connection.execute(table.delete())


def test_an_administrator_sees_a_dead_letter_on_every_page_and_tries_it_again(desk, visit, dead_letter):
    root = visit("root")
    assert "could not be delivered" in root.get("/inbox").text
    page = root.get("/background").text
    assert "test.bank" in page
    assert "bank away &lt;b&gt;" in page
    assert root.post(f"/background/retry/{dead_letter}").status_code == 303
    with desk.app.app_context():
        assert delivery.undelivered("dead") == []
        assert [row["id"] for row in delivery.undelivered("new")] == [dead_letter]
    assert root.post(f"/background/retry/{dead_letter}").status_code == 404


def test_others_neither_see_nor_repair_background_work(visit, dead_letter):
    ann = visit("ann")
    assert "could not be delivered" not in ann.get("/inbox").text
    assert ann.get("/background").status_code == 403
    assert ann.post(f"/background/retry/{dead_letter}").status_code == 403
