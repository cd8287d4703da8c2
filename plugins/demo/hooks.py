"""What the plugin hooks into."""

from __future__ import annotations

from core import Demo, hookimpl
from plugins.demo import around, cases, clients, docket, people


@hookimpl
def register_demo() -> list[Demo]:
    """The chapters of the story, in order."""
    chapters = (people.load, clients.load, cases.load, around.load, docket.load)
    return [Demo(10 * number, chapter) for number, chapter in enumerate(chapters, 1)]
