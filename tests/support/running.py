"""A real `zhian up` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.settings import ROOT

ADMIN = ("admin", "a-long-password-1")
_OWN = ("DATABASE_URL", "REDIS_URL", "ZHIAN_DATA", "ZHIAN_CONFIG", "ZHIAN_SECRET", "ZHIAN_DEMO", "ZHIAN_INLINE_JOBS")


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would lead to another deployment."""
    clean = {name: value for name, value in os.environ.items() if name not in _OWN}
    return clean | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


def command(*arguments: object, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `zhian …` to its end."""
    line = [sys.executable, "-P", "-m", "core.cli", *map(str, arguments)]
    env = environment(**options.pop("env", {}))
    done = subprocess.run(line, capture_output=True, text=True, env=env, timeout=options.pop("timeout", 120), **options)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(line)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


@dataclass
class Running:
    """A deployment that is up. `ready` is the content of `ready.json`."""

    process: subprocess.Popen[str]
    data: Path
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.ready["url"]

    def pids(self) -> dict[str, int | None]:
        return json.loads((self.data / "ready.json").read_text())["pids"]

    def await_ready(self, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (self.data / "ready.json").exists():
                self.ready = json.loads((self.data / "ready.json").read_text())
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"not ready (exit {self.process.poll()}):\n{self.output()}")

    def output(self) -> str:
        logs = [self.data / "up.out", *sorted((self.data / "log").glob("*.log"))]
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs if log.exists())

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)


def start(data: Path, *arguments: object, env: dict[str, str] | None = None) -> Running:
    """Start `zhian up` on a free port; the caller stops it."""
    data.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-P", "-m", "core.cli", "up", "--data", str(data), "--port", "0", *map(str, arguments)]
    admin = {"ZHIAN_ADMIN_LOGIN": ADMIN[0], "ZHIAN_ADMIN_PASSWORD": ADMIN[1]}
    with (data / "up.out").open("w") as out:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(**(admin | (env or {}))),
        )
    return Running(process, data)


@contextmanager
def running(
    data: Path, *arguments: object, env: dict[str, str] | None = None, seconds: float = 60.0
) -> Iterator[Running]:
    """A deployment that is ready, stopped at the end."""
    deployment = start(data, *arguments, env=env)
    try:
        deployment.await_ready(seconds)
        yield deployment
    finally:
        if deployment.process.poll() is None:
            try:
                deployment.stop()
            except subprocess.TimeoutExpired:
                deployment.process.kill()
