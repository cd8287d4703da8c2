"""The hook that this plugin offers to others."""

from __future__ import annotations

from typing import Any

from core import hookspec


@hookspec
def register_automation_steps() -> list[Any]:
    """Further kinds of steps for rules, as `StepKind`; a plugin that does not require this one marks it optional."""
