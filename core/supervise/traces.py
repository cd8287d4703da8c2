"""What a running deployment leaves in its data folder: the lock, the list of its processes, `ready.json`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class AlreadyRunning(Exception):
    """Another `up` works on this data folder; the text says which."""


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder; the lock falls with the process, however it ends. Raises `AlreadyRunning`."""
    with (data / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "?"
            raise AlreadyRunning(f"{data} is in use by another `zhian up` (process {pid})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Whole or not at all: readers never see half a file."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    fresh.replace(file)


def started(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None when it is gone. Tells a process from a later namesake."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def remember(data: Path, pids: dict[str, int | None]) -> None:
    """Write down our children, so that the next start can tell what a killed parent left."""
    write_json(data / "pids.json", {name: [pid, started(pid)] for name, pid in pids.items() if pid})


def clear_predecessor(data: Path, seconds: float = 15.0) -> list[str]:
    """After a killed parent: wait for its children, which are ending, then kill. Names of the killed ones."""
    (data / "ready.json").unlink(missing_ok=True)
    file = data / "pids.json"
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    left = {name: pid for name, (pid, since) in known.items() if since and started(pid) == since}
    for pid in left.values():
        _signal(pid, signal.SIGTERM)
    end = time.monotonic() + seconds
    while time.monotonic() < end and (left := {n: p for n, p in left.items() if started(p) == known[n][1]}):
        time.sleep(0.05)
    for pid in left.values():
        _signal(pid, signal.SIGKILL)
    file.unlink(missing_ok=True)
    return sorted(left)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
