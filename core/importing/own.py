"""What the importer contributes to the core through the hooks that plugins use: its job and its pages."""

from __future__ import annotations

from core.endpoints import Endpoints
from core.hooks.specs import hookimpl
from core.registry import Job, Schedule

from .jobs import run_import, tidy, undo_import


@hookimpl
def register_jobs() -> list[Job]:
    """Imports and their undoing run in the background, on the queue of long work."""
    return [
        Job("core.import", run_import, timeout=7200, bulk=True),
        Job("core.import_undo", undo_import, timeout=7200, bulk=True),
        Job("core.import_tidy", tidy),
    ]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Old uploads go at night."""
    return [Schedule("core.import_tidy", "core.import_tidy", daily="03:40")]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The wizard."""
    from .web import endpoints

    return [endpoints]
