"""The jobs of search, registered through the hooks that plugins use."""

from __future__ import annotations

from typing import Any

from core.hooks.specs import hookimpl
from core.registry import Job, Schedule
from core.search.rebuilding import CATCH_UP, SWEEP, catch_up, rebuild


def sweep() -> dict[str, Any]:
    """At night: what a statement past the records changed is found again."""
    return {key: count for key, count in rebuild().items() if count}


@hookimpl
def register_jobs() -> list[Job]:
    """Taking in what waits; looking through everything."""
    return [Job(CATCH_UP, catch_up, timeout=3600, bulk=True), Job(SWEEP, sweep, timeout=3600, bulk=True)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """The nightly look."""
    return [Schedule(SWEEP, SWEEP, daily="03:50")]
