"""Pages on which administrators shape forms, pages, lists, choices and numbers, and the configuration as a file.

They show record types, never records: who shapes may have no right to read what is filed.
"""

from __future__ import annotations

from flask import Blueprint

from core.web.shaping import choices, configuration, index, layouts, numbers


def register(web: Blueprint) -> None:
    """The routes of this room."""
    for module in (index, layouts, choices, numbers, configuration):
        module.register(web)
