"""One child process: started so that it cannot outlive its parent, restarted with a growing pause, stopped in order."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOG_LIMIT = 5_000_000  # bytes; one older log is kept
LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying
YOUNG = 4.0  # seconds; who lived longer was killed or hit by something, and starts again at once

_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Grandchildren whose parent dies become ours, so that the stop reaches them too (Linux)."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass
class Child:
    """What to run under which name, and how it fares."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    prepare: Callable[[], object] | None = None
    process: subprocess.Popen | None = None
    started_at: float = 0.0
    failures: int = 0
    next_start: float = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid if self.process and self.process.returncode is None else None

    def start(self) -> None:
        """Start in a session of its own: Ctrl-C reaches the parent alone, which stops the children in order."""
        if self.prepare:
            self.prepare()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        parent = os.getpid()
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=lambda: _die_with(parent),  # safe: the parent has one thread
            )
        self.started_at = time.monotonic()

    def ended(self) -> bool:
        """Whether it ran and is gone; plans the next start, later each time it dies young."""
        if self.process is None or self.process.poll() is None:
            return False
        lived = time.monotonic() - self.started_at
        self.failures = 0 if lived > YOUNG else self.failures + 1
        self.next_start = time.monotonic() + min(LONGEST_PAUSE, 0.2 * 2**self.failures if self.failures > 1 else 0)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal while it runs."""
        if self.pid:
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        if self.process is None:
            return True
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _die_with(parent: int) -> None:
    """In the child before exec: end by SIGTERM when the parent is killed, however it is killed (Linux)."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def descendants() -> list[int]:
    """Our direct children by the process table, adopted orphans included (Linux; else empty)."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(pid) for pid in text.split()]


def end_leftovers() -> None:
    """Kill and reap what is still ours after the orderly stop."""
    for pid in descendants():
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            continue
