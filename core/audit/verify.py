"""Verification: every seal is computed anew, and what does not fit is named by row and kind. It changes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.audit.chain import data_folder
from core.audit.head import BrokenHead, Head, folder_of, read_head, write_private
from core.audit.marks import keyring, link
from core.audit.rows import BATCH, Row, copies, genuine, sealed, unsealed
from core.clock import now
from core.db import reading
from core.i18n import _

KINDS = {
    "edited": _("edited"),
    "deleted": _("deleted"),
    "inserted": _("inserted by hand"),
    "reordered": _("moved to another place"),
    "cut": _("cut off at the end"),
    "head": _("the file of the head is missing, old or changed"),
}
PAUSE = 0.5
"""Seconds given to whoever seals at this moment."""
SHOWN = 50
"""So many findings are kept by row; all are counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit. `seq` is the place in the chain, `row` the id in the log; `count` rows are meant."""

    kind: str
    seq: int | None = None
    row: int | None = None
    count: int = 1
    note: str = ""

    def __str__(self) -> str:
        place = [f"row {self.row}" if self.row else "", f"place {self.seq}" if self.seq else ""]
        more = f"{self.count} rows" if self.count > 1 else ""
        told = ", ".join(part for part in (*place, more, self.note) if part)
        return f"{self.kind}: {told}" if told else self.kind


@dataclass
class Result:
    """What a verification found. `first` are the first findings; `bad` counts all, by kind in `kinds`."""

    sealed: int = 0
    waiting: int = 0
    bad: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    first: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    at: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was tampered with."""
        return self.bad == 0

    def add(self, finding: Finding) -> None:
        """Take a finding in."""
        self.bad += finding.count
        self.kinds[finding.kind] = self.kinds.get(finding.kind, 0) + finding.count
        if len(self.first) < SHOWN:
            self.first.append(finding)


class Walk:
    """One walk along the chain."""

    def __init__(self, head: Head, kept: Head | None) -> None:
        self.keys = keyring()
        self.head = head
        self.expected = head.base_seq + 1
        self.before: bytes | None = bytes.fromhex(head.base_mac)
        self.at_heads = {h.seq: h.mac for h in (head, kept) if h is not None}
        self.met: set[int] = {head.base_seq, 0}
        self.result = Result()

    def step(self, row: Row) -> None:
        """Judge the next seal and its row."""
        assert row.seq is not None
        assert row.mac is not None
        if row.seq != self.expected:
            missing = abs(row.seq - self.expected)
            self.result.add(Finding("deleted", self.expected, count=max(1, missing)))
            self.before = None
        if (finding := self._judged(row)) is not None:
            self.result.add(finding)
        if (told := self.at_heads.get(row.seq)) is not None:
            self.met.add(row.seq)
            if told != row.mac.hex() and finding is None:
                self.result.add(Finding("edited", row.seq, row.sealed_id, note="the kept head says otherwise"))
        self.result.sealed += 1
        self.before, self.expected = row.mac, row.seq + 1

    def _judged(self, row: Row) -> Finding | None:
        if row.values is None:
            return Finding("deleted", row.seq, row.sealed_id)
        mac = genuine(row, self.keys, self.head.unmarked)
        key = self.keys.get(row.key_id or "")
        if mac is None or key is None:
            return Finding("edited", row.seq, row.id)
        if self.before is not None and link(key, self.before, row.id or 0, mac) != row.mac:
            return Finding("edited" if row.mark is None else "reordered", row.seq, row.id)
        return None


def verify(progress: Callable[[int], None] | None = None, kept: Head | None = None) -> Result:
    """Walk the whole chain. `kept` is a copy of a head that was stored elsewhere; `progress(rows)` is told at times."""
    began = time.monotonic()
    head, trouble = _head()
    walk = Walk(head, kept)
    after, last = head.base_seq, head.base_seq
    with reading() as connection:
        for batch in sealed(connection, after):
            for row in batch:
                walk.step(row)
            last = batch[-1].seq or last
            if progress:
                progress(walk.result.sealed)
    result = walk.result
    _judge_end(walk, last, trouble)
    _judge_unsealed(walk)
    result.seconds, result.at = round(time.monotonic() - began, 2), f"{now():%Y-%m-%dT%H:%M:%S+00:00}"
    return result


def _head() -> tuple[Head, str]:
    """The kept head, and what is wrong with it."""
    try:
        head = read_head(data_folder())
    except BrokenHead as problem:
        return Head(), f"changed by hand: {problem}"
    if head is None:
        return Head(), "missing"
    return head, head.gap and f"made anew, it was {head.gap}"


def _judge_end(walk: Walk, last: int, trouble: str) -> None:
    """The end of the chain against the heads: nothing was cut off, and the head itself is there and up to date."""
    for seq in sorted(walk.at_heads.keys() - walk.met):
        if seq > last:
            walk.result.add(Finding("cut", last + 1, count=seq - last))
    if not trouble and last > walk.head.seq:
        time.sleep(PAUSE)  # who seals writes the head right after the rows
        trouble = "" if _head()[0].seq >= last else "old: more rows are sealed than it knows of"
    if trouble and (walk.result.sealed or trouble != "missing"):
        walk.result.add(Finding("head", note=trouble))


def _judge_unsealed(walk: Walk) -> None:
    """Rows without a seal are waiting when their mark fits, else somebody put them there."""
    after = 0
    while True:
        with reading() as connection:
            rows = unsealed(connection, after, BATCH)
            twice = copies(connection, rows)
        for row in rows:
            if (row.mark in twice and row.mark is not None) or genuine(row, walk.keys, walk.head.unmarked) is None:
                walk.result.add(Finding("inserted", row=row.id))
            else:
                walk.result.waiting += 1
        if len(rows) < BATCH:
            return
        after = rows[-1].id or after


def keep_result(result: Result) -> None:
    """Remember the outcome beside the head, for the page, the banner and `zhian doctor`."""
    write_private(_result_file(), json.dumps(asdict(result), ensure_ascii=False))


def last_result() -> Result | None:
    """The outcome of the last verification, or None."""
    try:
        kept: dict[str, Any] = json.loads(_result_file().read_text("utf-8"))
        kept["first"] = [Finding(**one) for one in kept["first"]]
        return Result(**kept)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def instant(result: Result | None) -> datetime | None:
    """When a verification was made."""
    return datetime.fromisoformat(result.at) if result and result.at else None


def _result_file() -> Path:
    return folder_of(data_folder()) / "verified.json"
