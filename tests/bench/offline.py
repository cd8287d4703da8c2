"""What is measured without a server: the start of the app, deadlines derived in memory, imports."""

from __future__ import annotations

import csv
import random
import resource
import statistics
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

from core.settings import ROOT
from tests.bench import names
from tests.bench.places import Place

HEADERS = ["名称", "专利类型", "申请号", "申请日", "公开号", "公开日", "授权公告号", "授权公告日", "申请人", "发明人"]
START = "from core.app import create_app; create_app()"


def cold_start(where: Place, times: int = 5) -> tuple[float, float]:
    """Median seconds (of CPU, by the clock) from the start of the interpreter to an app that can serve.

    One run is not counted. On an idle machine both are the same.
    """
    cpu, wall = [], []
    for _ in range(times + 1):
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-P", "-c", START], env=where.environment(), cwd=ROOT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - began)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(statistics.median(cpu[1:]), 3), round(statistics.median(wall[1:]), 3)


def derive(count: int) -> tuple[int, float]:
    """(deadlines, seconds of CPU): derive at least `count` deadlines of invented cases in memory."""
    from plugins.deadlines.engine import Calendars, load_holidays, pack_data, pack_from
    from plugins.deadlines.engine.derive import Deriver

    deriver = Deriver(pack_from(pack_data()), Calendars(load_holidays()))
    as_of = date(2026, 6, 1)
    chance = random.Random(7)
    block = [_facts(chance, number) for number in range(20_000)]
    made, began = 0, time.process_time()
    while made < count:
        for facts in block:
            made += len(deriver(facts, as_of).deadlines)
            if made >= count:
                break
    return made, round(time.process_time() - began, 2)


def _facts(chance: random.Random, number: int) -> object:
    """A granted patent or a registered mark."""
    from plugins.deadlines.engine.facts import Facts

    filed = date(2012, 1, 1) + timedelta(days=chance.randrange(4500))
    if number % 2:
        registered = filed + timedelta(days=390)
        fields = {"filing_date": filed, "registration_date": registered, "application_number": str(number)}
        return Facts(str(number), "trademark", fields=fields)
    granted = filed + timedelta(days=900)
    fields = {"filing_date": filed, "publication_date": filed + timedelta(days=540), "application_number": str(number)}
    return Facts(str(number), "invention", fields=fields | {"grant_publication_date": granted})


def import_cases(where: Place, rows: int) -> tuple[float, float]:
    """Rows of `zhian import cases.case` for a second of the clock, and for a second of the command's own CPU."""
    file = _sheet(where.settings.data / "cases.csv", rows)
    report = where.settings.data / "report.json"
    command = [sys.executable, "-P", "-m", "core.cli", "import", "cases.case", str(file), "--report", str(report)]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=where.environment(), cwd=ROOT, capture_output=True, text=True)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode or f"created={rows}" not in done.stderr:
        raise RuntimeError(f"the import did not create all rows: {done.stdout} {done.stderr[-3000:]}")
    return round(rows / elapsed), round(rows / cpu)


def _sheet(file: Path, rows: int) -> Path:
    """A docket as an office exports it: patents and marks, half and half, of a few thousand applicants."""
    chance = random.Random(11)
    owners = [names.company(chance) for _ in range(max(rows // 10, 1))]
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        sheet = csv.writer(stream)
        sheet.writerow(
            ("名称", "专利类型", "申请号", "申请日", "公开号", "公开日", "授权公告号", "授权公告日", "申请人", "发明人")
        )
        for number in range(1, rows + 1):
            filed = date(2012, 1, 1) + timedelta(days=chance.randrange(4000))
            base = f"{filed.year}1{number:07d}"
            weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
            rest = sum(int(digit) * weight for digit, weight in zip(base, weights, strict=True)) % 11
            sheet.writerow(
                (
                    names.invention(chance),
                    "发明专利",
                    f"CN{base}.{'X' if rest == 10 else rest}",
                    filed,
                    f"CN{100_000_000 + number}A",
                    filed + timedelta(days=540),
                    f"CN{100_000_000 + number}B",
                    filed + timedelta(days=900),
                    chance.choice(owners),
                    names.word(chance, 3),
                )
            )
    return file
