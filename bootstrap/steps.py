"""A set-up step with the fingerprint of what it depends on, the stamp of steps done, and how both talk to people."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """Set-up cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Step:
    """`fingerprint` changes when `run` has to be run again; `present` says whether its result still stands."""

    name: str
    fingerprint: str
    run: Callable[[], None]
    present: Callable[[], bool] = lambda: True


class Stamp:
    """Which steps were done, by name and fingerprint, in one small file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.done: dict[str, str] = {}
        self.reload()

    def reload(self) -> None:
        """Read the file again: another start may have written it."""
        try:
            self.done = json.loads(self.file.read_text())
        except (OSError, ValueError):
            self.done = {}

    def holds(self, step: Step) -> bool:
        """Whether `step` need not run."""
        return self.done.get(step.name) == step.fingerprint and step.present()

    def add(self, step: Step) -> None:
        """Remember `step` as done."""
        self.reload()
        self.done[step.name] = step.fingerprint
        fresh = self.file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(self.done, indent=1))
        fresh.replace(self.file)


def fingerprint(parts: Iterable[Path | str]) -> str:
    """One hash over the contents of the files and the texts given."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def say(text: str) -> None:
    """Set-up talks on stderr; stdout belongs to results."""
    print(f"zhian: {text}", file=sys.stderr, flush=True)


def run(command: list[str], what: str, log: Path, **options: object) -> None:
    """Run quietly into `log`; on failure raise `Failed` with the command and its last words."""
    say(what + " …")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        start = stream.tell()
        stream.write(f"$ {' '.join(command)}\n".encode())
        stream.flush()
        try:
            code = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, **options
            ).returncode
        except OSError as problem:
            raise Failed(f"{what}: {problem}") from problem
    if code:
        with log.open("rb") as stream:
            stream.seek(start)
            words = stream.read().decode(errors="replace").splitlines()[-25:]
        raise Failed(f"{what} failed (exit {code}):\n  " + "\n  ".join(words) + f"\nWhole log: {log}")
