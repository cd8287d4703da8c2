"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from core import hookimpl
from plant_varieties import records, types
from plugins.cases import CaseType
from plugins.deadlines import RestDays, RulePack

__all__ = ["records"]


@hookimpl
def register_case_types() -> list[CaseType]:
    """Applications for plant variety rights."""
    return types.case_types()


@hookimpl
def register_calendars() -> list[RestDays]:
    """Rest days of the offices for plant varieties."""
    return types.calendars()


@hookimpl
def register_deadline_rules() -> list[RulePack]:
    """Their deadlines."""
    return types.rule_packs()
