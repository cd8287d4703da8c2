"""Uploaded files on their way through the wizard: stored in the data folder, opened again by jobs, forgotten later."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

from flask import current_app

from core.db import db
from core.permissions.principal import current_principal

from . import run
from .models import ImportRun

KEEP_DAYS = 30
KEEP_REFUSED = 2000
"""Refused rows of a dry run that are kept for the page and the sheet; the counts are always whole."""


def folder() -> Path:
    """Where uploads of imports lie, readable by the product alone."""
    place = current_app.config["ZHIAN"].data / "imports"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def receive(record_key: str, stream: Any, filename: str) -> ImportRun:
    """Store an upload under a name of our own and make its run; the outline is read by `open_plan`."""
    suffix = Path(filename).suffix.lower()[:8]
    stored = f"{secrets.token_hex(16)}{suffix if suffix.isascii() else ''}"
    path = folder() / stored
    stream.save(path)
    path.chmod(0o600)
    return ImportRun(
        record_key=record_key,
        user_id=current_principal().user_id or 0,
        filename=Path(filename.replace("\\", "/")).name[:255] or "upload",
        sha256=run.file_digest(path),
        stored=stored,
        plan={},
    )


def path_of(found: ImportRun) -> Path:
    """The stored file of a run."""
    return folder() / (found.stored or "missing")


def plan_of(found: ImportRun) -> run.Plan:
    """The run's file and mapping, as they were confirmed; guessed where nothing was yet."""
    settled = found.plan or {}
    return run.open_plan(
        found.record_key,
        path_of(found),
        filename=found.filename,
        sheet=settled.get("sheet"),
        mapping=settled.get("mapping"),
        constants=settled.get("constants"),
        keys=tuple(settled.get("keys", ())),
        fixes=settled.get("fixes"),
    )


def keep_check(found: ImportRun, outcome: dict[str, Any]) -> None:
    """Keep the result of a dry run for its page."""
    kept = outcome | {"refused_rows": outcome["refused_rows"][:KEEP_REFUSED]}
    found.check = kept
    found.total = outcome["rows"]
    found.state = "checked"
    db.session.commit()


def forget_old() -> int:
    """Delete uploads that nobody continued or looked at for `KEEP_DAYS`; reports and undoing do not need them."""
    before = time.time() - KEEP_DAYS * 86_400
    old = [path for path in folder().iterdir() if path.stat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def discard(found: ImportRun) -> None:
    """Delete the stored file."""
    path_of(found).unlink(missing_ok=True)
