"""Workers killed with −9 anywhere on the way, most of all between sending and writing down: still exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from core import record_class, system
from core.settings import ROOT

WORKER = """
import sys
from core.app import create_app
from core.settings import DEFAULT_CONFIG, load_settings
from pathlib import Path
data, secret, plugins, url = sys.argv[1:5]
settings = load_settings(DEFAULT_CONFIG, data=Path(data), secret=secret, plugins=tuple(plugins.split(",")),
                         database_url=url or None, testing=True)
app = create_app(settings, web=False)
with app.app_context():
    from plugins.finance_bridge.payments import poll_all
    from plugins.finance_bridge.sending import push_due
    print("ready", flush=True)
    while True:
        push_due()
        poll_all()
"""


@pytest.fixture
def start(settings):
    """`start()`: a worker of this deployment in a process of its own."""
    running = []

    def begin():
        given = [str(settings.data), settings.secret, ",".join(settings.plugins), settings.database_url]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        worker = subprocess.Popen([sys.executable, "-c", WORKER, *given], stdout=subprocess.PIPE, env=environment)
        running.append(worker)
        assert worker.stdout.readline() == b"ready\n"
        return worker

    yield begin
    for worker in running:
        worker.kill()
        worker.wait()
        worker.stdout.close()


def kill(worker):
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def leases_end():
    """The claims of dead workers run out."""
    model = record_class("finance_bridge.document")
    with system("time passes") as session:
        for document in session.scalars(select(model).where(model.claim.is_not(None))):
            document.claimed_until = None


def until(check, seconds=20.0):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    assert check()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["receivable", "voucher"])
def test_killed_between_sending_and_writing_down(desk, start, mode):
    desk.book(mode, connection={"timeout": 60})
    bill = desk.bill()
    desk.deliver()
    desk.standin.hang = 2.0
    desk.standin.misbehave("timeout_after_commit", "Save")
    worker = start()
    until(lambda: len(desk.remote(mode)) == 1)
    kill(worker)
    assert desk.document(bill).state == "sent"
    leases_end()
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.attempts, len(desk.remote(mode))) == ("confirmed", 1, 1)


@pytest.mark.slow
def test_killed_again_and_again_while_sending_and_polling(desk, start):
    desk.book("receivable")
    chance = random.Random(7)
    bills = [desk.bill() for _n in range(12)]
    desk.deliver()
    for _kill in range(6):
        worker = start()
        time.sleep(chance.uniform(0.0, 0.5))
        kill(worker)
        leases_end()
        for bill in bills[:4]:
            if desk.document(bill).state == "confirmed":
                desk.pay(bill, "1330")
        desk.hurry()
    leases_end()
    desk.push(rounds=40)
    for bill in bills[:4]:
        desk.pay(bill, "1330")
    desk.poll()
    assert {desk.document(bill).state for bill in bills} == {"confirmed"}
    assert sorted(d["FBillNo"] for d in desk.remote()) == sorted(desk.document(bill).external_key for bill in bills)
    assert [str(desk.stored_bill(bill).paid) for bill in bills] == ["1330.00"] * 4 + ["0.00"] * 8
