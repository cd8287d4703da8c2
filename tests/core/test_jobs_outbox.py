"""The outbox: nothing lost, nothing sent for what was rolled back, one effect for each event."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update

from core.db import db, system, transaction
from core.events import delivery
from core.events.model import Delivery, OutboxEvent
from core.events.outbox import emit
from core.jobs.own import tidy
from core.permissions.org import Team
from core.registry import Subscriber, registry

EVENT = "core.test.happened"


@pytest.fixture
def heard(context):
    """What the subscriber of `EVENT` got: (payload, key)."""
    got: list[tuple[dict, str]] = []
    with subscribed(lambda payload, key: got.append((payload, key))):
        yield got
    with db.engine.begin() as connection:
        connection.execute(delete(Delivery.__table__))
        connection.execute(delete(OutboxEvent.__table__))


@contextmanager
def subscribed(fn, name: str = "test.listener"):
    """One more subscriber of `EVENT`."""
    subscriber = Subscriber(name, EVENT, fn)
    registry().events[EVENT].append(subscriber)
    try:
        yield
    finally:
        registry().events[EVENT].remove(subscriber)
        if not registry().events[EVENT]:
            del registry().events[EVENT]


def say(number: int, key: str | None = None) -> None:
    with transaction():
        emit(EVENT, {"number": number}, key=key)


def say_and_break() -> None:
    emit(EVENT, {"number": 1})
    raise ZeroDivisionError


def states() -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.execute(select(Delivery.__table__.c.state).order_by(Delivery.__table__.c.id)).scalars())


def test_an_event_reaches_its_subscriber_after_the_commit(heard):
    say(1)
    assert heard == []
    assert delivery.deliver_pending() == 1
    assert [payload for payload, _key in heard] == [{"number": 1}]
    assert states() == ["done"]
    assert delivery.deliver_pending() == 0


def test_what_is_rolled_back_is_never_told(heard):
    with pytest.raises(ZeroDivisionError), transaction():
        say_and_break()
    assert delivery.deliver_pending() == 0
    assert heard == []


def test_the_same_key_counts_once_and_each_retry_carries_the_same_key(heard):
    say(1, key="case 5 filed")
    say(2, key="case 5 filed")
    keys = []

    def fail_first(payload, key):
        keys.append(key)
        if len(keys) == 1:
            raise ConnectionError("mail server away")

    with subscribed(fail_first, "test.second"):
        say(3)
        delivery.deliver_pending()
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=True):
            delivery.deliver_pending()
    assert [payload["number"] for payload, _key in heard] == [1, 3]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_failing_subscriber_is_retried_with_growing_pauses_then_kept_as_a_dead_letter(heard):
    calls: list[str] = []
    bank = {"away": True}

    def pay(payload, key):
        calls.append(key)
        if bank["away"]:
            raise ConnectionError("bank away")

    with subscribed(pay, "test.failing"):
        say(1)
        with time_machine.travel(datetime.now(UTC), tick=True) as clock:
            for pause in (*delivery.PAUSES, 0, 0):
                delivery.deliver_pending()
                clock.shift(timedelta(seconds=pause + 1))
        assert len(calls) == len(delivery.PAUSES) + 1
        (dead,) = delivery.undelivered("dead")
        assert dead["subscriber"] == "test.failing"
        assert "bank away" in dead["last_error"]
        assert len(heard) == 1, "another subscriber is not held up"
        bank["away"] = False
        with transaction():
            assert delivery.retry(dead["id"])
        delivery.deliver_pending()
    assert len(calls) == len(delivery.PAUSES) + 2
    assert delivery.undelivered("dead") == []


def test_what_a_subscriber_wrote_is_undone_with_its_failure(heard):
    def write_and_fail(payload, key):
        db.session.add(Team(name=f"half {payload['number']}"))
        db.session.flush()
        raise ValueError("after the write")

    with subscribed(write_and_fail, "test.writer"):
        say(7)
        delivery.deliver_pending()
    with system("look") as session:
        assert session.scalars(select(Team).where(Team.name == "half 7")).all() == []
    assert "new" in states()


def test_what_a_dead_process_held_is_delivered_by_another(heard):
    say(1)
    table = Delivery.__table__
    gone = f"{socket.gethostname()}|999999|12345"
    with db.engine.begin() as connection:
        connection.execute(
            update(table).values(state="running", holder=gone, attempts=1, lease_until=datetime.now(UTC))
        )
    assert delivery.deliver_pending() == 0
    assert delivery.recover() == 1
    delivery.deliver_pending()
    assert len(heard) == 1


def test_a_claim_of_another_machine_holds_as_long_as_its_lease(heard):
    say(1)
    table = Delivery.__table__
    there = update(table).values(state="running", holder="elsewhere|5|77", attempts=1)
    with db.engine.begin() as connection:
        connection.execute(there.values(lease_until=datetime.now(UTC) + timedelta(seconds=30)))
    assert delivery.recover() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=31), tick=True):
        assert delivery.recover() == 1


def test_several_workers_at_once_deliver_each_event_once(app, heard):
    for number in range(30):
        say(number)

    def work():
        with app.app_context():
            delivery.deliver_pending()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(payload["number"] for payload, _key in heard) == list(range(30))
    assert set(states()) == {"done"}


def test_tidying_forgets_what_was_delivered_long_ago_and_nothing_else(heard):
    say(1)
    delivery.deliver_pending()
    assert tidy()["events"] == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=True):
        say(2)
        assert tidy()["events"] == 1
    assert states() == ["new"]


def test_looking_for_work_waits_for_no_writer(app, heard):
    say(1)
    looked = []

    def look():
        with app.app_context():
            begin = time.monotonic()
            looked.append((delivery.any_due(), delivery.pending()[0], time.monotonic() - begin))

    with system("hold the database for a while") as session:
        session.add(Team(name="held"))
        session.flush()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(20)
    assert [entry[:2] for entry in looked] == [(True, 1)]
    assert looked[0][2] < 5
