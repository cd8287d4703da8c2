"""`python -m tests.bench`: builds the data, measures, prints a table, writes JSON; exit 1 when a target is missed."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import custom, offline, places, search, servers
from tests.bench.load import measure
from tests.bench.report import Line, at_least, at_most, table, write
from tests.bench.scenarios import CASE, CLIENT, Ground, Scenario, scenarios

PARTS = ("requests", "search", "start", "engine", "import", "custom")


def main() -> int:
    """Run what was asked for."""
    chosen = _arguments()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="zhian-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    lines: list[Line] = []
    if "engine" in chosen.parts:
        made, seconds = offline.derive(chosen.deadlines)
        lines.append(at_most("", f"{made:,} deadlines in memory", seconds, "s", 8 * chosen.deadlines / 1_000_000))
    for database in chosen.database:
        with _server(database, folder) as server:
            lines += _measure(database, server, folder, chosen)
    print(table(lines))
    write(lines, chosen.json, machine=platform.platform(), cores=os.cpu_count(), size=chosen.size)
    return 1 if any(line.ok is False for line in lines) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    both = ("sqlite", "postgresql")
    parser.add_argument("--database", choices=both, action="append", help="default: both")
    parser.add_argument("--size", type=int, default=100_000, help="clients, and as many cases")
    parser.add_argument("--deadlines", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each request and server")
    parser.add_argument("--rows", type=int, default=20_000, help="of the imported sheet")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, two seconds each")
    parser.add_argument("--only", dest="parts", choices=PARTS, action="append", help="default: everything")
    parser.add_argument("--login", default="bench1", help="bench1 manages a branch; bench13 heads a department in it")
    parser.add_argument("--match", default="", help="only requests whose name contains this")
    parser.add_argument("--keep", type=Path, help="folder whose databases are used again")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the result goes")
    chosen = parser.parse_args()
    chosen.database, chosen.parts = chosen.database or both, chosen.parts or PARTS
    if chosen.quick:
        chosen.size, chosen.deadlines, chosen.seconds, chosen.rows = 10_000, 100_000, 2.0, 3_000
    return chosen


@contextlib.contextmanager
def _server(database: str, folder: Path) -> Iterator[str | None]:
    if database == "sqlite":
        yield None
        return
    with places.KeptCluster(folder / "cluster") as url:
        yield url


def _measure(database: str, server: str | None, folder: Path, chosen: argparse.Namespace) -> list[Line]:
    lines: list[Line] = []
    where = places.place(folder, server, f"bench_{database}_{chosen.size}_{chosen.deadlines}")
    if {"requests", "search", "start"} & set(chosen.parts) and not places.is_built(where):
        _say(f"{database}: building {chosen.size:,} clients and cases, {chosen.deadlines:,} deadlines")
        places.make(where, server)
        places.fill(where, chosen.size, chosen.deadlines)
        places.mark_built(where)
    if "start" in chosen.parts:
        cpu, wall = offline.cold_start(where)
        lines.append(at_most(database, "cold start", cpu, "s CPU", 1.2, wall=wall))
    if "requests" in chosen.parts:
        lines += _requests(database, where, chosen)
    if "search" in chosen.parts:
        lines += _searches(database, where, chosen)
    if "import" in chosen.parts:
        lines += _imports(database, server, folder, chosen.rows)
    if "custom" in chosen.parts:
        _say(f"{database}: custom fields of {chosen.size:,} clients")
        own = places.place(folder, server, f"bench_custom_{database}_{chosen.size}")
        lines += custom.measure(own, server, chosen.size, database)
    return lines


def _requests(database: str, where: places.Place, chosen: argparse.Namespace) -> list[Line]:
    with places.opened(where):
        ids = {key: places.untouched(key) for key in (CLIENT, CASE)}
        ground = Ground(places.key_of(chosen.login), places.cookie_of(chosen.login), ids)
    environment = where.environment()
    lines = []
    with servers.product(environment) as ours, servers.bare(environment) as bare:
        for scenario in scenarios(ground):
            if chosen.match in scenario.name:
                _say(f"{database}: {scenario.name}")
                try:
                    lines.append(_line(database, scenario, ours, bare, chosen.seconds))
                except AssertionError as broken:
                    _say(str(broken))
                    lines.append(Line(database, scenario.name, 0, "broken", ok=False))
    return lines


def _searches(database: str, where: places.Place, chosen: argparse.Namespace) -> list[Line]:
    _say(f"{database}: search")
    with places.opened(where):
        cookie = places.cookie_of(chosen.login)
    with servers.product(where.environment()) as ours:
        return search.lines(database, ours, cookie, chosen.size, chosen.seconds)


def _line(database: str, scenario: Scenario, ours: servers.Server, bare: servers.Server, seconds: float) -> Line:
    mine = measure(ours, scenario.ours, seconds, scenario.expect)
    if scenario.bare is None:
        return at_most(database, scenario.name, mine.cpu, "ms CPU", scenario.limit, ours=mine.plain())
    theirs = measure(bare, scenario.bare, seconds, scenario.expect)
    found = at_most(
        database,
        scenario.name,
        round(mine.cpu / theirs.cpu, 2),
        "x bare",
        scenario.ratio,
        ours=mine.plain(),
        bare=theirs.plain(),
    )
    if scenario.limit is not None and database == "postgresql" and mine.cpu > scenario.limit:
        target = f"{found.target}, {scenario.limit:g} ms"
        return Line(found.database, found.name, found.figure, found.unit, target, ok=False, details=found.details)
    return found


def _imports(database: str, server: str | None, folder: Path, rows: int) -> list[Line]:
    lines = []
    for plugins, limit, words in (
        (places.PLUGINS[:-1], 3000, "without deadlines"),
        (places.PLUGINS, 800, "with deadlines"),
    ):
        _say(f"{database}: import {words}")
        where = places.place(folder, server, f"import_{database}", plugins)
        places.make(where, server)
        rate, by_cpu = offline.import_cases(where, rows)
        if database == "postgresql":
            lines.append(at_least(database, f"import of cases {words}", rate, "rows/s", limit, rows_per_cpu=by_cpu))
        else:
            details = {"rows_per_cpu": by_cpu}
            lines.append(Line(database, f"import of cases {words}", rate, "rows/s", details=details))
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
