"""Background jobs of the importer; both may be started again after their process died and then continue."""

from __future__ import annotations

from typing import Any

from core.db import db, write_intent
from core.errors import ZhianError
from core.jobs.progress import report_progress

from . import files, run
from .models import ImportRun
from .sandbox import FileRefused
from .undo import undo


def run_import(import_id: int) -> dict[str, Any]:
    """Check or bring in an uploaded file, as its run's state says; the counts."""
    found = run.find(import_id)
    checking = found.state == "checking"
    try:
        plan = files.plan_of(found)
        if checking:
            outcome = _check(import_id, plan)
        else:
            outcome = run.execute(plan, found, lambda done, _total: report_progress(done, found.total or None))
    except (FileRefused, ZhianError) as error:
        db.session.rollback()
        _fail(import_id, str(error))
        raise
    return {name: outcome[name] for name in ("rows", "created", "updated", "unchanged", "refused")}


def _check(import_id: int, plan: run.Plan) -> dict[str, Any]:
    """The dry run, without holding a write lock for as long as it takes."""
    db.session.commit()
    token = write_intent.set(False)
    try:
        outcome = run.check(plan, lambda done, _total: report_progress(done))
        db.session.rollback()
    finally:
        write_intent.reset(token)
    files.keep_check(run.find(import_id), outcome)
    return outcome


def _fail(import_id: int, reason: str) -> None:
    failed: ImportRun = run.find(import_id)
    failed.error = reason
    if failed.state == "checking":
        failed.state = "failed"
    db.session.commit()


def tidy() -> dict[str, Any]:
    """Delete old uploads; how many."""
    return {"files": files.forget_old()}


def undo_import(import_id: int) -> dict[str, Any]:
    """Take an import back; what was removed, restored and left."""
    return undo(import_id, lambda done, _total: report_progress(done))
