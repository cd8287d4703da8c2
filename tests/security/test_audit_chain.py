"""The audit log shows whatever is done to it by SQL, on both databases, and goes on while everybody writes."""

from __future__ import annotations

import json
import random
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from core.audit import archive, chain, verify
from core.audit.folding import write_apart
from core.audit.head import folder_of, head_text, parse_head, read_head
from core.audit.marks import COLUMNS
from core.audit.model import Seal
from core.clock import now, standing_at
from core.db import db
from core.errors import Refused
from core.records.audit import AuditEntry, entry

LOG, SEALS = AuditEntry.__table__, Seal.__table__
SEALED, WAITING = 30, 4
"""Rows of the little log."""
TAMPERINGS = {False: 70, True: 500}
"""On each of the two databases: every day ten of each way, and in the long form a thousand in all."""
ODD = {"float": 1e16, "small": 1e-7, "zero": -0.0, "名": ["旧", "新"], "deep": {"b": [1, None], "a": True}, "5": 5}


def rows_of(connection, table):
    return [dict(row._mapping) for row in connection.execute(select(table).order_by(next(iter(table.primary_key))))]


def some(number, first=0):
    kinds = ("update", "create", "sign_in", "action:file", "export")
    return [
        entry(kinds[n % 5], "clients.client", n + 1, title=f"客户 {n}", reason=None if n % 2 else "why", changes=ODD)
        | {"ip": "10.0.0.1", "request_id": f"r{n}", "actor_id": 7, "key_id": "k1"}
        for n in range(first, first + number)
    ]


class Little:
    """A small sealed log that is put back after each tampering."""

    def __init__(self, app):
        self.app = app
        with db.engine.begin() as connection:
            connection.execute(delete(SEALS))
            connection.execute(delete(LOG))
        (folder_of(app.config["ZHIAN"].data) / "head.json").unlink(missing_ok=True)
        write_apart(some(SEALED))
        assert chain.seal() == SEALED
        write_apart(some(WAITING, SEALED))
        with db.engine.connect() as connection:
            self.log, self.seals = rows_of(connection, LOG), rows_of(connection, SEALS)
        self.head = head_text(read_head(chain.data_folder()))

    def put_back(self):
        with db.engine.begin() as connection:
            connection.execute(delete(SEALS))
            connection.execute(delete(LOG))
            connection.execute(insert(LOG), self.log)
            connection.execute(insert(SEALS), self.seals)


@pytest.fixture(scope="module")
def little(app):
    with app.app_context():
        yield Little(app)


def other(chance, column, value):
    if column == "at":
        return value + timedelta(microseconds=chance.choice((1, 10**6, -(10**9))))
    if column == "changes":
        return chance.choice(({}, None, {**(value or {}), "x": 1}, {**(value or {}), "float": 3}))
    if isinstance(value, int) or column in ("actor_id", "record_id"):
        return chance.choice(((value or 0) + 1, None))
    return chance.choice(((value or "") + "x", "forged", "")) if value != "" else "x"


def edit(chance, c, little):
    row, column = chance.choice(little.log), chance.choice((*COLUMNS, "mark"))
    if column == "mark":
        c.execute(
            update(LOG).where(LOG.c.id == row["id"]).values(mark=chance.choice((None, "0" * 40, row["mark"][:8])))
        )
        return
    fresh = other(chance, column, row[column])
    if fresh is None and column in ("actor", "via", "action"):
        fresh = "zz"
    c.execute(update(LOG).where(LOG.c.id == row["id"]).values({column: fresh if fresh != row[column] else "zz"}))


def remove(chance, c, little):
    """Of the sealed rows, alone or with its seal, or so that the places close up behind it."""
    seal, how = chance.choice(little.seals), chance.randrange(3)
    c.execute(delete(LOG).where(LOG.c.id == seal["audit_id"]))
    if how:
        c.execute(delete(SEALS).where(SEALS.c.seq == seal["seq"]))
    if how == 2:
        for later in little.seals:
            if later["seq"] > seal["seq"]:
                c.execute(update(SEALS).where(SEALS.c.seq == later["seq"]).values(seq=later["seq"] - 1))


def reorder(chance, c, little):
    """Two rows change their contents, or two seals their rows or their links."""
    one, two = chance.sample(little.seals, 2)
    rows = {row["id"]: row for row in little.log}
    first, second = rows[one["audit_id"]], rows[two["audit_id"]]
    how = chance.randrange(3)
    if how == 0:
        for target, source in ((first, second), (second, first)):
            c.execute(update(LOG).where(LOG.c.id == target["id"]).values({k: source[k] for k in (*COLUMNS, "mark")}))
    elif how == 1:
        c.execute(update(SEALS).where(SEALS.c.seq == one["seq"]).values(audit_id=10**9))
        c.execute(update(SEALS).where(SEALS.c.seq == two["seq"]).values(audit_id=one["audit_id"]))
        c.execute(update(SEALS).where(SEALS.c.seq == one["seq"]).values(audit_id=two["audit_id"]))
    else:
        for target, source in ((one, two), (two, one)):
            c.execute(update(SEALS).where(SEALS.c.seq == target["seq"]).values(mac=source["mac"]))


def cut(chance, c, little):
    """The end is gone, with or without its seals, with or without what waits behind it."""
    at = chance.choice(little.seals)
    above = (
        LOG.c.id >= at["audit_id"] if chance.random() < 0.5 else LOG.c.id.between(at["audit_id"], last_sealed(little))
    )
    c.execute(delete(LOG).where(above))
    if chance.random() < 0.7:
        c.execute(delete(SEALS).where(SEALS.c.seq >= at["seq"]))


def last_sealed(little):
    return little.seals[-1]["audit_id"]


def put_in(chance, c, little):
    """A row of one's own, or a copy of another, at the end; at times with a seal made by hand."""
    row = dict(chance.choice(little.log))
    row["id"] = max(r["id"] for r in little.log) + chance.randrange(1, 9)
    how = chance.randrange(4)
    if how == 0:
        row |= {"title": "forged", "mark": None}
    elif how == 1:
        row |= {"title": "forged", "mark": "ab" * 20}
    elif how == 2:
        row |= {"at": now()}
    c.execute(insert(LOG), [row])
    if chance.random() < 0.3:
        last = little.seals[-1]
        c.execute(insert(SEALS), [last | {"seq": last["seq"] + 1, "audit_id": row["id"], "mac": b"\1" * 32}])


def touch_seal(chance, c, little):
    seal = chance.choice(little.seals)
    fresh = chance.choice(({"mac": bytes(32)}, {"key_id": "00000000"}, {"seq": 10**6 + seal["seq"]}))
    c.execute(update(SEALS).where(SEALS.c.seq == seal["seq"]).values(fresh))


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
def test_every_random_tampering_by_sql_is_found(little, monkeypatch, whole):
    monkeypatch.setattr(verify, "PAUSE", 0.0)
    chance, missed = random.Random(20261122 + whole), []
    ways = (edit, edit, remove, reorder, cut, put_in, touch_seal)
    found_kinds: dict[str, int] = {}
    assert verify.verify().ok
    for number in range(TAMPERINGS[whole]):
        way = ways[number % len(ways)]
        with db.engine.begin() as connection:
            way(chance, connection, little)
        result = verify.verify()
        if result.ok:
            missed.append((number, way.__name__))
        for kind in result.kinds:
            found_kinds[kind] = found_kinds.get(kind, 0) + 1
        little.put_back()
    assert missed == []
    assert {"edited", "deleted", "inserted", "reordered", "cut"} <= found_kinds.keys()
    result = verify.verify()
    assert (result.ok, result.sealed, result.waiting) == (True, SEALED, WAITING)


@pytest.mark.parametrize(
    ("way", "kind"), [(remove, "deleted"), (cut, "cut"), (put_in, "inserted"), (reorder, "reordered"), (edit, "edited")]
)
def test_the_first_bad_row_and_its_kind_are_named(little, way, kind):
    simple = {
        remove: lambda c: c.execute(delete(LOG).where(LOG.c.id == little.seals[9]["audit_id"])),
        cut: lambda c: (
            c.execute(delete(LOG).where(LOG.c.id >= little.seals[20]["audit_id"])),
            c.execute(delete(SEALS).where(SEALS.c.seq >= little.seals[20]["seq"])),
        ),
        put_in: lambda c: c.execute(insert(LOG), [little.log[3] | {"id": 10**6}]),
        reorder: lambda c: reorder(random.Random(1), c, little),
        edit: lambda c: c.execute(update(LOG).where(LOG.c.id == little.seals[4]["audit_id"]).values(actor="x")),
    }[way]
    try:
        with db.engine.begin() as connection:
            simple(connection)
        first = verify.verify().first[0]
        assert first.kind == kind
        if way is edit:
            assert (first.seq, first.row) == (5, little.seals[4]["audit_id"])
        if way is cut:
            assert (first.seq, first.count) == (21, SEALED - 20)
    finally:
        little.put_back()


def test_a_missing_old_or_changed_head_is_told(little):
    file = folder_of(chain.data_folder()) / "head.json"
    before = file.read_text()
    try:
        file.unlink()
        assert verify.verify().kinds == {"head": 1}
        file.write_text(before.replace('"seq": 30', '"seq": 29'))
        assert verify.verify().kinds == {"head": 1}
        older = parse_head(before).with_values(seq=10, mac=bytes(little.seals[9]["mac"]).hex())
        file.write_text(head_text(older))
        assert verify.verify().kinds == {"head": 1}
    finally:
        file.write_text(before)
    assert verify.verify().ok


def test_sealing_heals_nothing(little):
    """What was cut stays missing, what was forged stays unsealed, and a lost head is told until somebody accepts it."""
    file = folder_of(chain.data_folder()) / "head.json"
    before = file.read_text()
    try:
        with db.engine.begin() as connection:
            connection.execute(delete(SEALS).where(SEALS.c.seq > 20))
            connection.execute(delete(LOG).where(LOG.c.id > little.seals[19]["audit_id"]))
            connection.execute(insert(LOG), [little.log[0] | {"id": 10**6, "mark": "12" * 20}])
        write_apart(some(3, 100))
        assert chain.seal(thorough=True) == 3
        result = verify.verify()
        assert result.kinds == {"deleted": SEALED - 20, "inserted": 1}
        file.unlink()
        chain.seal(thorough=True)
        assert "head" in verify.verify().kinds
    finally:
        little.put_back()
        file.write_text(before)


def test_a_copy_of_the_head_elsewhere_shows_an_older_database_with_its_own_head(little):
    file = folder_of(chain.data_folder()) / "head.json"
    before = file.read_text()
    older = parse_head(before).with_values(seq=10, mac=bytes(little.seals[9]["mac"]).hex())
    try:
        with db.engine.begin() as connection:
            connection.execute(delete(SEALS).where(SEALS.c.seq > 10))
            connection.execute(delete(LOG).where(LOG.c.id > little.seals[9]["audit_id"]))
        file.write_text(head_text(older))
        assert verify.verify().ok
        assert verify.verify(kept=parse_head(little.head)).kinds == {"cut": SEALED - 10}
        chain.accept_database("a drill")
    finally:
        little.put_back()
        file.write_text(before)


def test_rows_of_before_a_change_of_the_secret_still_verify(little, monkeypatch):
    settings = little.app.config["ZHIAN"]
    monkeypatch.setitem(little.app.config, "SECRET_KEY", "n" * 40)
    assert not verify.verify().ok
    object.__setattr__(settings, "old_secrets", ("s" * 40,))
    try:
        assert verify.verify().ok
    finally:
        object.__setattr__(settings, "old_secrets", ())


def test_writers_do_not_wait_and_sealers_at_once_seal_each_row_once(little):
    stop, waits, app = threading.Event(), [], little.app

    def write():
        with app.app_context():
            while not stop.is_set():
                began = time.monotonic()
                write_apart(some(5, 1000))
                waits.append(time.monotonic() - began)
                time.sleep(0.002)

    def seal():
        with app.app_context():
            while not stop.is_set():
                chain.seal(0.5)

    threads = [threading.Thread(target=one) for one in (write, write, seal, seal)]
    for one in threads:
        one.start()
    time.sleep(1.5)
    stop.set()
    for one in threads:
        one.join()
    chain.seal(thorough=True)
    result = verify.verify()
    with db.engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(LOG))
    assert (result.ok, result.sealed, result.waiting) == (True, total, 0)
    assert sorted(waits)[len(waits) // 2] < 0.1
    little.put_back()
    file = folder_of(chain.data_folder()) / "head.json"
    file.write_text(little.head)


def test_old_rows_go_into_an_archive_that_proves_itself(little):
    file = folder_of(chain.data_folder()) / "head.json"
    try:
        with db.engine.begin() as connection:
            connection.execute(delete(SEALS))
            connection.execute(delete(LOG))
        file.unlink()
        with standing_at(now() - timedelta(days=500)):
            write_apart(some(12))
        write_apart(some(5, 50))
        chain.seal()
        with pytest.raises(Refused):
            archive.archive(30)
        stored, count = archive.archive()
        assert count == 12
        assert archive.verify_file(stored).ok
        result = verify.verify()
        assert (result.ok, result.sealed) == (True, 5)
        write_apart(some(2, 80))
        assert chain.seal() == 2
        assert verify.verify().ok
        with db.engine.begin() as connection:
            first = connection.scalar(select(func.min(SEALS.c.seq)))
            connection.execute(delete(SEALS).where(SEALS.c.seq == first))
        assert verify.verify().kinds["deleted"] == 1
    finally:
        little.put_back()
        file.write_text(little.head)


def test_the_outcome_is_kept_and_shown(little):
    result = verify.verify()
    verify.keep_result(result)
    assert verify.last_result() == result
    kept = json.loads((folder_of(chain.data_folder()) / "verified.json").read_text())
    assert kept["sealed"] == SEALED
