"""`/settings/fields`: where administrators make custom fields, order them, put them away, and see the form with them.

What a definition must be is checked below, in `core.records.custom`; here are pages alone.
"""

from __future__ import annotations

from flask import Blueprint

from core.web.custom import editor, overview


def register(web: Blueprint) -> None:
    """The routes of this room."""
    for module in (overview, editor):
        module.register(web)
