"""What the plugin hooks into."""

from __future__ import annotations

from core import Demo, hookimpl
from plugins.demo import cases, clients, docket, people


@hookimpl
def register_demo() -> list[Demo]:
    """The chapters of the story, in order."""
    return [Demo(10, people.load), Demo(20, clients.load), Demo(30, cases.load), Demo(40, docket.load)]
