"""What the core's room of shaping hooks into: its record, who may shape, its part of the configuration, a command."""

from __future__ import annotations

from typing import Any

from core.hooks.specs import hookimpl
from core.permissions.rules import Grant
from core.shaping import offered
from core.shaping.configuration import Configuration
from core.shaping.model import Shape


@hookimpl
def register_records() -> list[type[Any]]:
    """What was shaped."""
    return [Shape]


@hookimpl
def register_grants() -> list[Grant]:
    """The business configurator shapes; so does who has all rights."""
    return [Grant("config_admin", "core.shape", ("read", "create", "update"))]


@hookimpl
def register_configuration() -> list[Configuration]:
    """Layouts, choices, numbering rules."""
    return offered.parts()
