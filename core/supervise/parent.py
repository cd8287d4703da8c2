"""The parent of a deployment on one machine: starts its processes, watches them, says when it is ready, stops them."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from core.hooks.manifest import discover
from core.hooks.resolver import resolve
from core.jobs.embedded import Embedded, server_binary
from core.settings import Settings
from core.supervise import traces
from core.supervise.children import Child, adopt_orphans, end_leftovers

START_LIMIT = 60.0  # seconds from the start to the first healthy answer
SCHEDULER_LIMIT = 5.0  # seconds in which the scheduler should show itself; later is late, not fatal
STOP_LIMIT = 6.0  # seconds for the orderly end of a child


class CannotStart(Exception):
    """The deployment does not come up; the text says why and what to do."""


class Parent:
    """Runs until SIGTERM, SIGINT or a failed start."""

    def __init__(self, settings: Settings, listener: socket.socket, host: str, version: str) -> None:
        self.settings = settings
        self.data = settings.data
        self.listener = listener
        self.version = version
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
        self.url = f"http://{f'[{shown}]' if ':' in shown else shown}:{listener.getsockname()[1]}"
        self.embedded = Embedded.of(self.data)
        self.children: dict[str, Child] = {}
        self.stopping = False
        self.ready = False

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Start everything, call `on_ready(url)` when it is healthy, then watch until told to stop."""
        adopt_orphans()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start_redis()
            self._start(self._python("web"))  # alone first: the first page has the machine to itself
            self._remember()
            self._await(START_LIMIT, lambda: _health(self.url))
            for name in ("scheduler",) if self.inline else ("scheduler", "worker"):
                self._start(self._python(name))
            for name, command in processes_of(self.settings).items():
                self._start(self._python(name, command))
            self._remember()
            self._await(SCHEDULER_LIMIT, lambda: _health(self.url, part="scheduler"), must=False)
            if not self.stopping:
                self.ready = True
                self._remember()
                on_ready(self.url)
            self._watch()
        finally:
            self.stop()

    @property
    def inline(self) -> bool:
        """Whether there is no Redis at all, so that the scheduler runs the jobs itself."""
        return not self.settings.redis_url and "redis" not in self.children

    def _start_redis(self) -> None:
        if self.settings.redis_url:
            return
        binary = None if os.environ.get("ZHIAN_INLINE_JOBS") == "1" else server_binary()
        if binary is None:
            _say("No Redis or Valkey: jobs run one by one in the scheduler. `zhian doctor` says more.")
            return
        config = self.embedded.folder / "valkey.conf"
        log = self.data / "log" / "redis.log"
        child = Child("redis", [binary, str(config)], log, prepare=self.embedded.prepare)
        self._start(child)
        if not self.embedded.wait(5, lambda: child.process.poll() is None):
            self._mend_redis(child)

    def _mend_redis(self, child: Child) -> None:
        """A second start without the old data: the database knows all jobs and events."""
        if child.pid:
            child.signal(signal.SIGKILL)
        child.wait(5)
        _say("Valkey did not start with its old data; they are put aside, jobs come back from the database.")
        self.embedded.put_aside()
        child.start()
        if not self.embedded.wait(5, lambda: child.process.poll() is None):
            raise CannotStart(f"Valkey does not start: see {self.embedded.folder / 'valkey.log'}\n{child.last_words()}")

    def _python(self, name: str, arguments: list[str] | None = None) -> Child:
        command = [sys.executable, "-P", "-m", "core.cli", *(arguments or [name])]
        environment = {"ZHIAN_DATA": str(self.data)}
        if self.settings.config_file:
            environment["ZHIAN_CONFIG"] = str(self.settings.config_file)
        if self.settings.demo:
            environment["ZHIAN_DEMO"] = "1"
        fds: tuple[int, ...] = ()
        if name == "web":
            fds = (self.listener.fileno(),)
            command += ["--fd", str(self.listener.fileno())]
        if self.inline:
            environment["ZHIAN_INLINE_JOBS"] = "1"
        return Child(name, command, self.data / "log" / f"{name}.log", environment, fds)

    def _start(self, child: Child) -> None:
        self.children[child.name] = child
        child.start()

    def _remember(self) -> None:
        pids = {name: child.pid for name, child in self.children.items()}
        traces.remember(self.data, pids)
        if self.ready:
            everything = {name: pids.get(name) for name in ("web", "worker", "scheduler", "redis")}
            traces.write_json(self.data / "ready.json", {"url": self.url, "pids": everything, "version": self.version})

    def _await(self, seconds: float, ask: Callable[[], tuple[bool, str]], must: bool = True) -> None:
        """Ask until the answer is yes; raises `CannotStart` with the last answer when it `must` be and never is."""
        end = time.monotonic() + seconds
        while not self.stopping:
            self._revive(give_up=True)
            well, answer = ask()
            if well:
                return
            if time.monotonic() > end:
                if must:
                    place = f"{self.url}/healthz"
                    raise CannotStart(f"{place} does not become healthy: {answer}\nLogs: {self.data / 'log'}")
                return
            time.sleep(0.05)

    def _watch(self) -> None:
        while not self.stopping:
            self._revive()
            time.sleep(0.25)

    def _revive(self, give_up: bool = False) -> None:
        """Start again what died; with `give_up`, one that dies at once thrice stops the start."""
        changed = False
        for child in self.children.values():
            if child.process and child.ended():
                _say(f"{child.name} ended with {child.process.returncode}, starting it again")
                child.process = None
                if give_up and child.failures >= 3:
                    raise CannotStart(f"{child.name} does not start:\n{child.last_words()}\nLog: {child.log}")
            if child.process is None and time.monotonic() >= child.next_start and not self.stopping:
                child.start()
                changed = True
        if changed:
            self._remember()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.stopping:  # a second Ctrl-C: now
            for child in self.children.values():
                child.signal(signal.SIGKILL)
        self.stopping = True

    def stop(self) -> None:
        """End all: first who takes work, Valkey last; leave no process and no `ready.json`."""
        self.stopping = True
        (self.data / "ready.json").unlink(missing_ok=True)
        workers = [child for name, child in self.children.items() if name != "redis"]
        for child in workers:
            child.signal(signal.SIGTERM)
        end = time.monotonic() + STOP_LIMIT
        for child in workers:
            if not child.wait(max(0.0, end - time.monotonic())):
                child.signal(signal.SIGTERM)  # the second one makes a worker drop its job, which runs again later
                if not child.wait(2):
                    child.signal(signal.SIGKILL)
                    child.wait(5)
        if store := self.children.get("redis"):
            store.signal(signal.SIGTERM)
            if not store.wait(5):
                store.signal(signal.SIGKILL)
                store.wait(5)
        end_leftovers()
        self.embedded.socket.unlink(missing_ok=True)
        (self.data / "pids.json").unlink(missing_ok=True)


def processes_of(settings: Settings) -> dict[str, list[str]]:
    """What enabled plugins want kept running: name and arguments of the command line, from their manifests."""
    manifests, _problems = resolve(settings.plugins, discover()[0])
    return {name: command for manifest in manifests for name, command in manifest.processes.items()}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that web inherits, so that a restart of web refuses nobody. Raises `CannotStart`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise CannotStart(f"Cannot listen on {host}:{port}: {problem.strerror}. Choose another with --port.") from None
    listener.listen(2048)
    return listener


def _health(url: str, part: str = "") -> tuple[bool, str]:
    """Whether `/healthz` answers 200, and its `part` is well; else what it said."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=5) as answer:
            body = json.load(answer)
            return answer.status == 200 and (not part or body[part]["ok"]), str(body)
    except urllib.error.HTTPError as problem:
        return False, f"{problem.code} {problem.read(500).decode(errors='replace')}"
    except (OSError, ValueError, LookupError) as problem:
        return False, str(problem)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the parent has no log of its own


def ready_file(data: Path) -> dict | None:
    """What a running deployment says of itself, None when none runs here."""
    try:
        content = json.loads((data / "ready.json").read_text())
    except (OSError, ValueError):
        return None
    return content if os.path.exists(f"/proc/{content['pids']['web']}") else None
