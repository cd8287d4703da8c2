"""`python -m tests.chaos --database sqlite --kills 200 --clients 20`: exit code 0 when nothing was lost or doubled."""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from core.settings import ROOT
from tests.chaos import agency, verdict
from tests.chaos.caller import Caller, GaveUp
from tests.chaos.killer import Killer
from tests.chaos.story import Ledger, Story, Unexpected
from tests.standins import kingdee
from tests.support.running import Running, command, start

PLUGINS = (
    "roles",
    "clients",
    "cases",
    "deadlines",
    "workflow",
    "documents",
    "billing",
    "portal",
    "finance_bridge",
    "im_bridge",
)


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="zhian-chaos-"))
    try:
        with _database(options.database, folder) as url, _ledger() as (address, standin):
            return _trial(options, folder, url, address, standin)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="leave the data folder for a look")
    return parser.parse_args()


def _trial(options: argparse.Namespace, folder: Path, url: str, address: str, standin: Any) -> int:
    data, config = folder / "data", folder / "config.toml"
    config.write_text(f"plugins = {json.dumps(PLUGINS)}\n" + (f'database_url = "{url}"\n' if url else ""))
    environment = {"ZHIAN_CONFIG": str(config), "ZHIAN_DATA": str(data)}
    command("db", "upgrade", env=environment)
    made = agency.found(config, data, address)
    deployment = start(data, env={"ZHIAN_CONFIG": str(config)})
    try:
        deployment.await_ready()
        ledger, killer = _storm(options, deployment, made, standin)
        print(f"{killer.total} kills: {dict(killer.kills)}, Redis emptied {killer.emptied} times", flush=True)
        problems = verdict.judge(deployment, made, ledger, standin)
    finally:
        deployment.stop()
    for problem in problems + ledger.failures:
        print(f"WRONG: {problem}")
    print(verdict.summary(ledger, standin, problems))
    return 1 if problems or ledger.failures else 0


def _storm(
    options: argparse.Namespace, deployment: Running, made: dict[str, Any], standin: Any
) -> tuple[Ledger, Killer]:
    """Storytellers and the killer, until the kills are done; each story is told to its end."""
    ledger, stop = Ledger(), threading.Event()
    killer = Killer(deployment, options.kills, random.Random(options.seed))
    address = deployment.url

    def told(number: int) -> None:
        people = {login: Caller(lambda: address, key, stop) for login, key in made["keys"].items()}
        story = Story(number, people, made, ledger)
        while not stop.is_set():
            try:
                story.tell()
            except (Unexpected, GaveUp, LookupError, TypeError) as problem:
                with ledger.lock:
                    ledger.failures.append(f"client {number}: {type(problem).__name__} {problem}")

    tellers = [threading.Thread(target=told, args=(n,), daemon=True) for n in range(options.clients)]
    for teller in tellers:
        teller.start()
    killer.start()
    threading.Thread(target=_pay_parts, args=(standin, stop), daemon=True).start()
    while killer.is_alive() or ledger.stories + len(ledger.failures) < options.clients:
        time.sleep(10)
        print(f"  {killer.total} kills, {ledger.stories} stories, {len(ledger.failures)} failures", flush=True)
    stop.set()
    for teller in tellers:
        teller.join(300)
    return ledger, killer


def _pay_parts(standin: Any, stop: threading.Event) -> None:
    """Finance receives some of the money while the storm goes on."""
    rng = random.Random(7)
    while not stop.wait(0.7):
        rows = [
            (ident, row) for ident, row in list(standin.of("AR_receivable").items()) if row["FWRITTENOFFSTATUS"] == "A"
        ]
        if rows:
            ident, row = rng.choice(rows)
            standin.pay(ident, (Decimal(row["FALLAMOUNTFOR"]) / 2).quantize(Decimal("0.01")))


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """An address for PostgreSQL in a private cluster; nothing for SQLite in the data folder."""
    if kind == "sqlite":
        yield ""
        return
    from tests.support.databases import _command, _url
    from tests.support.postgres import Cluster

    with Cluster() as server:
        _command(server, "CREATE DATABASE chaos")
        yield _url(server, "chaos")


@contextmanager
def _ledger() -> Iterator[tuple[str, Any]]:
    """The finance system, which nobody kills."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = kingdee.create()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.port}", app.standin
    finally:
        server.shutdown()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
