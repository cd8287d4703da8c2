"""The hooks that this plugin offers to others."""

from __future__ import annotations

from core import hookspec


@hookspec
def register_stamps() -> list[str]:
    """Stamps that parcels may carry."""
