"""Workers killed with −9 anywhere on the way, most of all between sending and writing down: still exactly once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from core import record_class, system
from core.settings import ROOT

NURSERY = """
import os, signal, sys
from core.app import create_app
from core.settings import DEFAULT_CONFIG, load_settings
from pathlib import Path
data, secret, plugins, url = sys.argv[1:5]
settings = load_settings(DEFAULT_CONFIG, data=Path(data), secret=secret, plugins=tuple(plugins.split(",")),
                         database_url=url or None, testing=True)
app = create_app(settings, web=False)
with app.app_context():
    from core.db import db
    from plugins.finance_bridge.payments import poll_all
    from plugins.finance_bridge.sending import push_due
    db.engine.dispose()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for _line in sys.stdin:
    if os.fork() == 0:
        try:
            with app.app_context():
                print(os.getpid(), flush=True)
                while True:
                    push_due()
                    poll_all()
        finally:
            os._exit(1)
"""
"""One process that is ready to work, and forks a worker for each line it reads: starting takes no time."""


@pytest.fixture(scope="module")
def nursery(app, settings):
    """The process from which the workers of this deployment come."""
    given = [str(settings.data), settings.secret, ",".join(settings.plugins), settings.database_url]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-c", NURSERY, *given]
    mother = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
    assert mother.stdout.readline() == "ready\n"
    yield mother
    mother.kill()
    mother.wait()
    for pipe in (mother.stdin, mother.stdout):
        pipe.close()


@pytest.fixture
def start(nursery):
    """`start()`: a worker in a process of its own; its id."""
    running = []

    def begin():
        nursery.stdin.write("go\n")
        nursery.stdin.flush()
        running.append(int(nursery.stdout.readline()))
        return running[-1]

    yield begin
    for worker in running:
        kill(worker)


def kill(worker):
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{worker}").exists())


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
