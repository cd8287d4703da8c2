"""Old rows leave the database for a file that proves itself: the chain goes on from where the file ends."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import delete, func, select

from core.audit.chain import data_folder, present_head
from core.audit.head import Head, folder_of, head_text, parse_head, sealing_alone, write_head
from core.audit.model import Seal
from core.audit.rows import Row, sealed
from core.audit.verify import Finding, Result, Walk, verify
from core.clock import now
from core.db import db, reading
from core.errors import Refused
from core.i18n import _
from core.records.audit import AuditEntry

KEPT_DAYS = 366
"""How long rows stay in the database at least; 网络安全法 art. 21 asks for logs of six months."""
_seals = Seal.__table__
_log = AuditEntry.__table__


def archive(older_than_days: int = KEPT_DAYS) -> tuple[Path | None, int]:
    """Move sealed rows older than so many days into a file below the data folder; it, and how many rows.

    Raises `Refused` for fewer than a year's days, and when the chain does not verify.
    """
    if older_than_days < KEPT_DAYS:
        raise Refused(_("Rows stay for %(n)s days at least.", n=KEPT_DAYS))
    if not verify().ok:
        raise Refused(_("The audit log does not verify. Find out why first: zhian audit verify"))
    with sealing_alone(data_folder()) as alone:
        if not alone:
            raise Refused(_("The log is being sealed at this moment. Try again."))
        return _archive(older_than_days)


def _archive(days: int) -> tuple[Path | None, int]:
    head = present_head()
    young = select(func.min(_seals.c.seq)).join(_log, _log.c.id == _seals.c.audit_id)
    with reading() as connection:
        first_kept = connection.scalar(young.where(_log.c.at >= now() - timedelta(days=days))) or head.seq + 1
        wanted = select(_seals.c.seq, _seals.c.mac).where(_seals.c.seq < first_kept).order_by(_seals.c.seq.desc())
        last = connection.execute(wanted.limit(1)).first()
    if last is None or last.seq <= head.base_seq:
        return None, 0
    file = folder_of(data_folder()) / "archive" / f"{head.base_seq + 1}-{last.seq}.jsonl.gz"
    end = head.with_values(seq=last.seq, mac=bytes(last.mac).hex(), gap="")
    written = _write(file, end)
    if not verify_file(file).ok:
        raise Refused(_("The archive could not be read back; nothing was removed."))
    write_head(data_folder(), head.with_values(base_seq=last.seq, base_mac=bytes(last.mac).hex()))
    _remove(last.seq)
    return file, written


def _write(file: Path, end: Head) -> int:
    """The rows up to the end, under a signed head that says where they begin and end."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = 0
    with gzip.open(file, "wb") as stream, reading() as connection:
        stream.write(json.dumps(json.loads(head_text(end))).encode() + b"\n")
        for batch in sealed(connection, end.base_seq):
            chosen = [row for row in batch if (row.seq or 0) <= end.seq]
            stream.writelines(orjson.dumps(_plain(row), option=orjson.OPT_NON_STR_KEYS) + b"\n" for row in chosen)
            written += len(chosen)
            if len(chosen) < len(batch):
                break
    file.chmod(0o400)
    return written


def _plain(row: Row) -> list[Any]:
    return [row.seq, row.sealed_id, row.key_id, (row.mac or b"").hex(), row.id, row.mark, row.values]


def _remove(last_seq: int, at_once: int = 2_000) -> None:
    """Delete archived rows, the log's first, then their seals, in small transactions."""
    while True:
        with db.engine.begin() as connection:
            chosen = select(_seals.c.seq, _seals.c.audit_id).where(_seals.c.seq <= last_seq).order_by(_seals.c.seq)
            found = connection.execute(chosen.limit(at_once)).all()
            if not found:
                return
            connection.execute(delete(_log).where(_log.c.id.in_([row.audit_id for row in found])))
            connection.execute(delete(_seals).where(_seals.c.seq <= found[-1].seq))


def verify_file(file: Path) -> Result:
    """Walk the chain of an archive."""
    with gzip.open(file, "rb") as stream:
        lines = iter(stream)
        end = parse_head(next(lines).decode())
        walk = Walk(end, None)
        for row in _rows(lines):
            walk.step(row)
    if walk.expected != end.seq + 1:
        walk.result.add(Finding("cut", walk.expected, count=abs(end.seq + 1 - walk.expected)))
    return walk.result


def _rows(lines: Iterator[bytes]) -> Iterator[Row]:
    for line in lines:
        seq, sealed_id, key_id, mac, ident, mark, values = orjson.loads(line)
        yield Row(seq, sealed_id, key_id, bytes.fromhex(mac), ident, mark, values)
