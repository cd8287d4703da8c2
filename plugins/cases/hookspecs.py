"""The hooks that this plugin offers to others."""

from __future__ import annotations

from core import hookspec
from plugins.cases.status import CaseType


@hookspec
def register_case_types() -> list[CaseType]:
    """Case types with status model, events and needs; they are offered, moved and searched like the shipped ones."""
