"""Sealing: rows get their links in the hash chain in the order in which they are found, while writers go on writing."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.audit.head import BrokenHead, Head, read_head, sealing_alone, write_head
from core.audit.marks import keyring, link
from core.audit.model import Seal
from core.audit.rows import BATCH, Row, copies, genuine, unsealed
from core.clock import now
from core.db import db, reading, system
from core.records.audit import AuditEntry, note_action
from core.records.bulk import insert_rows

log = logging.getLogger("zhian.audit")

EVERY = 15.0
"""Seconds between two rounds of the scheduler that seal."""
SETTLED = 3600.0
"""Seconds after which no transaction may bring a row with a lower id any more; a nightly look finds even those."""
_seals = Seal.__table__
_log = AuditEntry.__table__
_next = 0.0


def data_folder() -> Path:
    """The data folder of this deployment."""
    return current_app.config["ZHIAN"].data


def seal_due() -> int:
    """Seal what waits, when the last time was long enough ago; how many rows."""
    global _next
    if time.monotonic() < _next:
        return 0
    _next = time.monotonic() + EVERY
    return seal(seconds=4.0)


def seal(seconds: float = 600.0, *, thorough: bool = False) -> int:
    """Seal unsealed rows for at most so many seconds; how many. `thorough` looks through the whole log for them.

    Rows whose mark does not fit, and copies of rows, are never sealed: `verify` tells of them.
    """
    with sealing_alone(data_folder()) as alone:
        return _seal(time.monotonic() + seconds, thorough) if alone else 0


def _seal(until: float, thorough: bool) -> int:
    head, keys = present_head(), keyring()
    first, after, drained = head.seq, 0 if thorough else head.floor, False
    while not drained and time.monotonic() < until:
        with reading() as connection:
            rows = unsealed(connection, after, BATCH)
            twice = copies(connection, rows)
        head = _add(head, [row for row in rows if row.mark is None or row.mark not in twice], keys)
        after = max([after, *(row.id or 0 for row in rows)])
        drained = len(rows) < BATCH
    write_head(data_folder(), _with_floor(head, after) if drained else head)
    return head.seq - first


def present_head() -> Head:
    """The head to go on from. What was lost or changed is never smoothed over: missing places stay open."""
    last = last_seal()
    try:
        head = read_head(data_folder())
        gap = "missing"
    except BrokenHead as problem:
        head, gap = None, f"changed: {problem}"
    if head is None:
        if last is None:
            return Head(unmarked=_last_unmarked())
        log.error("the head of the audit chain was %s; sealing goes on behind row %s", gap, last.seq)
        return head_behind(last).with_values(gap=f"{gap}, {now():%Y-%m-%d %H:%M} UTC")
    if last is not None and last.seq > head.seq:  # a process ended between the two
        return head.with_values(seq=last.seq, mac=bytes(last.mac).hex(), key_id=last.key_id)
    return head


def last_seal() -> Any:
    """The last seal in the database, or None."""
    with reading() as connection:
        return connection.execute(select(_seals).order_by(_seals.c.seq.desc()).limit(1)).first()


def head_behind(last: Any) -> Head:
    """A head behind this seal, for a chain whose own one is gone; what begins before it is unknown."""
    with reading() as connection:
        first = connection.execute(select(_seals).order_by(_seals.c.seq).limit(1)).one()
        old = select(func.max(_log.c.id)).where(_log.c.mark.is_(None), _seals.c.audit_id == _log.c.id)
        unmarked = connection.scalar(old) or 0
    base = {} if first.seq == 1 else {"base_seq": first.seq, "base_mac": bytes(first.mac).hex()}
    return Head(last.seq, bytes(last.mac).hex(), last.key_id, unmarked=unmarked, **base)


def _last_unmarked() -> int:
    with reading() as connection:
        return connection.scalar(select(func.max(_log.c.id)).where(_log.c.mark.is_(None))) or 0


def _add(head: Head, rows: list[Row], keys: dict[str, bytes]) -> Head:
    """Append the links of these rows; the head behind them. Another machine that seals at once makes this one stop."""
    name, key = next(iter(keys.items()))
    seq, before, made = head.seq, bytes.fromhex(head.mac), []
    for row in rows:
        mac = genuine(row, keys, head.unmarked)
        if mac is None or row.id is None:
            continue
        seq, before = seq + 1, link(key, before, row.id, mac)
        made.append({"seq": seq, "audit_id": row.id, "key_id": name, "mac": before})
    if not made:
        return head
    try:
        with db.engine.begin() as connection:
            insert_rows(connection, _seals, made)
    except IntegrityError:
        log.warning("another process seals the audit log as well; it goes on")
        return head
    head = head.with_values(seq=seq, mac=before.hex(), key_id=name, at=f"{now():%Y-%m-%d %H:%M:%S}")
    write_head(data_folder(), head)
    return head


def _with_floor(head: Head, seen: int) -> Head:
    """Where the next look begins. SQLite has one writer: its rows come in the order of their ids."""
    if db.engine.dialect.name == "sqlite":
        return head.with_values(floor=max(head.floor, seen))
    if time.time() - head.watched_at < SETTLED:
        return head
    with reading() as connection:
        highest = connection.scalar(select(func.max(_log.c.id))) or 0
    return head.with_values(floor=head.watched_id, watched_id=highest, watched_at=time.time())


def accept_database(reason: str) -> tuple[int, int]:
    """Go on from the last seal in the database, logged with the reason; the head's place before, and the new one."""
    try:
        before = read_head(data_folder())
    except BrokenHead:
        before = None
    last = last_seal()
    if last is None:
        head = Head(unmarked=_last_unmarked())
    else:
        head = head_behind(last)
        if before is not None and before.base_seq <= last.seq:
            head = head.with_values(base_seq=before.base_seq, base_mac=before.base_mac, unmarked=before.unmarked)
    with sealing_alone(data_folder()):
        write_head(data_folder(), head)
    with system("the audit log goes on from the database") as session:
        note_action(
            session, "audit_accepted", None, reason=reason, changes={"before": before and before.seq, "place": head.seq}
        )
    return (before.seq if before else 0), head.seq


def waiting() -> int:
    """How many rows are not sealed yet."""
    try:
        head = read_head(data_folder()) or Head()
    except BrokenHead:
        head = Head()
    open_ones = select(func.count()).select_from(_log).where(_log.c.id > head.floor)
    unsealed_ones = open_ones.where(~select(_seals.c.seq).where(_seals.c.audit_id == _log.c.id).exists())
    with reading() as connection:
        return connection.scalar(unsealed_ones) or 0
