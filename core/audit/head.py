"""The head of the chain, kept outside of the database: how many rows are sealed, and the last link. Files only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.audit.marks import keyring

START = "00" * 32
"""The link before the first one."""


@dataclass(frozen=True)
class Head:
    """`seq` and `mac` of the last sealed row; the chain begins behind `base_seq` and `base_mac` (after archiving).

    `floor`: every row up to this id is settled, so that the next look for new rows begins there. `watched_id` and
    `watched_at` (epoch seconds) are the floor to come. `unmarked`: rows up to this id may be without a mark.
    `gap` tells of a head that had to be made anew: since then nobody confirmed that nothing was lost.
    """

    seq: int = 0
    mac: str = START
    key_id: str = ""
    base_seq: int = 0
    base_mac: str = START
    floor: int = 0
    watched_id: int = 0
    watched_at: float = 0.0
    unmarked: int = 0
    gap: str = ""
    at: str = ""

    def with_values(self, **values: Any) -> Head:
        """A copy with other values."""
        return replace(self, **values)


class BrokenHead(Exception):
    """The file of the head was changed by hand, or is not readable."""


def folder_of(data: Path) -> Path:
    """Where head, results and archives lie."""
    return data / "audit"


def read_head(data: Path) -> Head | None:
    """The kept head, or None when there is none; raises `BrokenHead`."""
    file = folder_of(data) / "head.json"
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    return parse_head(text)


def parse_head(text: str) -> Head:
    """A head from its file's text; raises `BrokenHead` when its signature does not fit."""
    try:
        kept = json.loads(text)
        signature = kept.pop("signature")
        head = Head(**kept)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise BrokenHead(str(problem)) from None
    if not any(hmac.compare_digest(signature, _signature(head, key)) for key in keyring().values()):
        raise BrokenHead("its signature does not fit")
    return head


def head_text(head: Head) -> str:
    """A head as its file has it, signed; a copy of it can be kept elsewhere."""
    key = next(iter(keyring().values()))
    return json.dumps(asdict(head) | {"signature": _signature(head, key)}, indent=1) + "\n"


def _signature(head: Head, key: bytes) -> str:
    told = json.dumps(asdict(head), sort_keys=True).encode()
    return hmac.digest(key, b"head " + told, hashlib.sha256).hex()


def write_head(data: Path, head: Head) -> None:
    """Replace the kept head, whole or not at all."""
    write_private(folder_of(data) / "head.json", head_text(head))


def write_private(file: Path, text: str) -> None:
    """Replace a file that its owner alone may read; it is on the disk when this returns."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


@contextlib.contextmanager
def sealing_alone(data: Path) -> Iterator[bool]:
    """Inside the block this process is the only one on this data folder that seals; False: another one is at it."""
    folder_of(data).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder_of(data) / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
