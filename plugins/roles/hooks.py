"""What the plugin hooks into."""

from __future__ import annotations

from core import Duty, FieldRule, Grant, Role, hookimpl
from plugins.roles import pack


@hookimpl
def register_roles() -> list[Role]:
    """All roles of the pack."""
    return pack.roles()


@hookimpl
def register_grants() -> list[Grant]:
    """Their rights on the core's records."""
    return pack.core_grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Telephone numbers of colleagues are masked but for those who look after people."""
    return [FieldRule("core.user", "mobile", "masked", pack.numbers_masked_for())]


@hookimpl
def register_duties() -> list[Duty]:
    """What two persons must share."""
    return pack.duties()
