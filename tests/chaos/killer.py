"""kill -9 at random: a worker of the web server or its master, the worker, the scheduler, Redis, other processes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import redis

from core.jobs.embedded import Embedded
from tests.support.running import Running

AGE = 4.2  # seconds that a process lives before it may be killed again
SERVED = 5.0  # seconds that the web answers before it may be killed again: else nothing would ever be acknowledged


class Killer(threading.Thread):
    """Kills until `wanted` kills are done or it is told to stop; `kills` counts by name."""

    def __init__(self, deployment: Running, wanted: int, rng: random.Random) -> None:
        super().__init__(daemon=True, name="killer")
        self.deployment, self.wanted, self.rng = deployment, wanted, rng
        self.kills: Counter[str] = Counter()
        self.enough = threading.Event()
        self.emptied = 0
        self.up_since: float | None = None

    @property
    def total(self) -> int:
        return sum(self.kills.values())

    def run(self) -> None:
        threading.Thread(target=self._watch_web, daemon=True).start()
        while self.total < self.wanted and not self.enough.is_set():
            time.sleep(self.rng.uniform(0.2, 1.6))
            if self.rng.random() < 0.03:
                self._empty_redis()
            victims = self._victims()
            if victims:
                web = [v for v in victims if v[0] == "web" or (v[0] == "web child" and self._serves())]
                name, pid = self.rng.choice(web if web and self.rng.random() < 0.6 else victims)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills[name] += 1
                    if name.startswith("web"):
                        self.up_since = None
        self.enough.set()

    def _watch_web(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while not self.enough.is_set():
            try:
                with opener.open(f"{self.deployment.url}/healthz", timeout=2):
                    self.up_since = self.up_since or time.monotonic()
            except OSError:
                self.up_since = None
            time.sleep(0.3)

    def _serves(self) -> bool:
        return self.up_since is not None and time.monotonic() - self.up_since > SERVED

    def _empty_redis(self) -> None:
        """Everything that the queue knew is gone."""
        with contextlib.suppress(redis.RedisError, OSError):
            redis.from_url(Embedded.of(self.deployment.data).url, socket_timeout=1).flushall()
            self.emptied += 1

    def _victims(self) -> list[tuple[str, int]]:
        """Processes that have lived a while, and children of theirs, which are replaced at once."""
        found = []
        for pid in children(self.deployment.process.pid):
            name = name_of(pid)
            if age(pid) > AGE and (name != "web" or self._serves()):
                found.append((name, pid))
                found += [(f"{name} child", child) for child in children(pid) if age(child) > 1.0]
        return found


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def age(pid: int) -> float:
    """Seconds since a process began; 0 when it is gone or waits to be reaped."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] == "Z":
            return 0.0
        ticks = int(fields[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return uptime - ticks / os.sysconf("SC_CLK_TCK")
    return 0.0


def name_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        known = [w for w in words if w in ("web", "worker", "scheduler", "im-stream")]
        return (
            known[0]
            if known
            else "redis"
            if "valkey" in words[0] or "redis" in words[0]
            else words[0].rsplit("/", 1)[-1]
        )
    return "gone"
