"""Server processes under measurement: started on a free port, their workers' CPU read from /proc."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.settings import ROOT

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A gunicorn master and the port of its workers."""

    process: subprocess.Popen[bytes]
    port: int

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def cpu(self) -> float:
        """Seconds of CPU that the workers have used so far, user and system."""
        total = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def product(env: dict[str, str]) -> Iterator[Server]:
    """`zhian web` with two workers."""
    port = free_port()
    with _running([sys.executable, "-P", "-m", "core.cli", "web", "--port", str(port)], port, env, "/healthz") as up:
        yield up


@contextmanager
def bare(env: dict[str, str]) -> Iterator[Server]:
    """The bare endpoint with two workers."""
    port = free_port()
    with _running([sys.executable, "-P", "-m", "tests.bench.bare", str(port)], port, env, "/clients.client/1") as up:
        yield up


@contextmanager
def _running(command: list[str], port: int, env: dict[str, str], probe: str) -> Iterator[Server]:
    log = Path(env["ZHIAN_DATA"]) / f"bench-{port}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=out, stderr=out)
    try:
        _wait(process, port, probe, log)
        yield Server(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, probe: str, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", probe)
            if connection.getresponse().status < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the server does not answer:\n{log.read_text(errors='replace')[-3000:]}")
