"""The hooks that this plugin offers to others."""

from __future__ import annotations

from core import hookspec
from plugins.deadlines.engine import RestDays, RulePack


@hookspec
def register_deadline_rules() -> list[RulePack]:
    """Rules of deadlines with their worked examples, for case types of one's own or for shipped ones."""


@hookspec
def register_calendars() -> list[RestDays]:
    """Further calendars of rest days, which rules name in `roll`."""
