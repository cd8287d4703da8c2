"""Whether anything that makes a deployment ready has changed since it was made ready: a quick look at files alone."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import entry_points
from pathlib import Path

from core.settings import ROOT, Settings
from core.supervise.traces import write_json

_KINDS = {".py", ".toml", ".yaml", ".json", ".jsonl", ".csv"}


def fingerprint(settings: Settings) -> str:
    """Changes with the settings, the code and data of core and plugins, and the versions of plugins from elsewhere."""
    digest = hashlib.sha256(repr((settings.database, settings.plugins, settings.demo)).encode())
    for folder in (ROOT / "core", ROOT / "plugins"):
        for file in sorted(folder.rglob("*")):
            if file.suffix in _KINDS and "static" not in file.parts:
                state = file.stat()
                digest.update(f"{file} {state.st_size} {state.st_mtime_ns}".encode())
    for entry in sorted(entry_points(group="zhian.plugins"), key=lambda e: e.name):
        digest.update(f"{entry.name} {entry.dist.version if entry.dist else ''}".encode())
    return digest.hexdigest()


def lines_when_ready(settings: Settings) -> list[str] | None:
    """What was said at the last start, when nothing changed since; None when the deployment must be made ready."""
    database = settings.data / "zhian.db"
    if settings.is_sqlite and not settings.database_url and not database.exists():
        return None
    try:
        known = json.loads(_file(settings).read_text())
    except (OSError, ValueError):
        return None
    return known["lines"] if known.get("fingerprint") == fingerprint(settings) else None


def remember(settings: Settings, lines: list[str]) -> None:
    """The deployment is ready; `lines` are said again at the next start."""
    write_json(_file(settings), {"fingerprint": fingerprint(settings), "lines": lines})


def forget(settings: Settings) -> None:
    """The next start looks again: the database may be an older one put back."""
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.data / "prepared.json"
