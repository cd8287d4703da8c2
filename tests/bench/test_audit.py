"""The audit log of a large agency: sealing, verifying, a page of a search. Figure: 50,000 rows verified a second."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.audit import chain, search, verify
from core.audit.marks import marked
from core.clock import now, today
from core.db import db
from core.records.audit import AuditEntry, entry
from core.records.bulk import insert_rows

pytestmark = pytest.mark.bench
ROWS = int(os.environ.get("ZHIAN_BENCH_AUDIT", "1000000"))
AT_ONCE = 20_000
LONG_AGO = str(today() - timedelta(days=300))


@pytest.fixture(scope="module")
def large(app):
    with app.app_context():
        begin = now() - timedelta(days=365)
        same = entry("update", "clients.client")
        kinds = ("update", "create", "update", "file_read", "update", "action:file", "sign_in", "update")
        for start in range(0, ROWS, AT_ONCE):
            rows = [
                same
                | {
                    "at": begin + timedelta(seconds=n * 365 * 86_400 / ROWS),
                    "actor_id": n % 90,
                    "actor": f"某人 {n % 90}",
                    "via": "api" if n % 50 == 0 else "web",
                    "ip": f"10.0.{n % 7}.{n % 250}",
                    "request_id": f"{n // 3:012x}",
                    "action": "export" if n % 99_991 == 0 else kinds[n % 8],
                    "record_id": n % 40_000,
                    "title": f"广州某某知识产权有限公司 {n % 40_000}",
                    "changes": {"name": [f"旧 {n}", f"新 {n}"], "region": ["guangdong", "zhejiang"]},
                }
                for n in range(start, start + AT_ONCE)
            ]
            with db.engine.begin() as connection:
                insert_rows(connection, AuditEntry.__table__, marked(rows))
        yield app


def told(what, seconds, rows=None):
    print(f"\n  {what}: {seconds:.2f} s" + (f", {rows / seconds:,.0f} rows/s" if rows else ""))


def test_sealing_and_verifying(large):
    began = time.perf_counter()
    sealed = chain.seal(3600)
    told("sealed", time.perf_counter() - began, sealed)
    result = verify.verify()
    told("verified", result.seconds, result.sealed)
    assert result.ok
    assert result.sealed >= ROWS
    assert result.sealed / result.seconds >= 50_000


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("newest", {}),
        ("person", {"person": "nobody of this name"}),
        ("rare action", {"action": "export"}),
        ("record", {"record": "clients.client", "record_id": "777"}),
        ("a day of long ago", {"since": LONG_AGO, "until": LONG_AGO}),
        ("words", {"text": "公司 39999"}),
        ("words that stand nowhere", {"text": "nowhere to be found"}),
        ("address", {"ip": "10.0.6.24"}),
        ("way", {"via": "cli"}),
    ],
)  # fmt: skip
def test_a_page_of_a_search(large, name, asked):
    began = time.perf_counter()
    found = search.find(search.Wanted.of(asked))
    seconds = time.perf_counter() - began
    told(f"search, {name} ({len(found.rows)} rows{', stopped' if found.stopped else ''})", seconds)
    assert seconds < search.PATIENCE + 1.0


def test_what_waits_is_counted_quickly(large):
    began = time.perf_counter()
    waiting = chain.waiting()
    told(f"{waiting} waiting counted", time.perf_counter() - began)
    with db.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditEntry.__table__)) >= ROWS
    assert time.perf_counter() - began < 5
