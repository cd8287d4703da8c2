"""A private PostgreSQL cluster for tests: started by the first who needs it, shared, thrown away by the last."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bootstrap.system import postgres_bin
from core.settings import ROOT

_OPTIONS = {
    "listen_addresses": "''",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "10min",
}


class Cluster:
    """One per checkout and user; `with Cluster() as url` gives the address of its maintenance database."""

    def __init__(self) -> None:
        mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]
        self.folder = Path(tempfile.gettempdir()) / f"zhian-test-pg-{os.getuid()}-{mark}"
        self.data = self.folder / "data"
        programs = postgres_bin()
        if programs is None:
            raise LookupError("PostgreSQL server programs are missing; `./zhian test` installs them")
        self.programs = programs
        self.owner = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root

    def __enter__(self) -> str:
        lock = self.folder.with_suffix(".lock")
        self.users = lock.open("a")
        fcntl.flock(self.users, fcntl.LOCK_SH)  # waits while the last user of before tidies up
        with lock.with_suffix(".start").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not self._runs():
                self._start()
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def __exit__(self, *_: object) -> None:
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still needs it
        finally_stop = [str(self.programs / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"]
        self._as_owner(finally_stop, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.users.close()

    def _runs(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder)]
        return self.folder.exists() and subprocess.run(command).returncode == 0

    def _start(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        if self.owner:
            shutil.chown(self.folder, self.owner)
        initdb = [str(self.programs / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=trust", "--no-sync"]
        self._as_owner([*initdb, "--encoding=UTF8", "--locale=C.UTF-8"])
        options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
        options += f" -c unix_socket_directories={self.folder}"
        start = [
            str(self.programs / "pg_ctl"),
            "-D",
            str(self.data),
            "-w",
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
        ]
        self._as_owner([*start, "start"])

    def _as_owner(self, command: list[str], check: bool = True) -> None:
        change = {"user": self.owner, "group": self.owner, "extra_groups": []} if self.owner else {}
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **change)
        if check and done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
