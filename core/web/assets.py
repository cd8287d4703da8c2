"""Where static files are served from: `/static/<stamp>/<room>/…`; the stamp changes with the files."""

from __future__ import annotations

import hashlib
from pathlib import Path

_rooms: dict[str, Path] = {}
_stamp = ""


def set_rooms(rooms: dict[str, Path]) -> None:
    """Tell which folder each room (core, or a plugin's name) serves; computes the stamp of the deployment."""
    global _stamp
    _rooms.clear()
    _rooms.update(rooms)
    digest = hashlib.sha256()
    for room, folder in sorted(rooms.items()):
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                about = file.stat()
                digest.update(f"{room}/{file.relative_to(folder)}:{about.st_size}:{about.st_mtime_ns}\n".encode())
    _stamp = digest.hexdigest()[:10]


def asset(room: str, path: str) -> str:
    """The address of a static file: `asset("core", "icons.svg")`, `asset("deadlines", "deadlines.css")`."""
    return f"/static/{_stamp}/{room}/{path}"


def folder_of(room: str) -> Path | None:
    """The static folder of a room, or None."""
    return _rooms.get(room)
