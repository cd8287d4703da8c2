"""The agency's name, logo and colour as the portal shows them; read anew every few seconds."""

from __future__ import annotations

import time
from typing import Any

from flask import current_app
from sqlalchemy import select

from core import current_locale, db, elevated
from plugins.portal import colours
from plugins.portal.records import Look

FRESH_SECONDS = 5.0
KEPT = "portal.look"


def look() -> dict[str, Any]:
    """name, name_en, colour, logo (attachment id or None) and a stamp that changes with them."""
    kept = current_app.extensions.get(KEPT)
    if kept is None or kept[0] < time.monotonic():
        kept = (time.monotonic() + FRESH_SECONDS, _read())
        current_app.extensions[KEPT] = kept
    return dict(kept[1])


def forget() -> None:
    """After a change in this process; the others follow within seconds."""
    current_app.extensions.pop(KEPT, None)


def _read() -> dict[str, Any]:
    settings = current_app.config["ZHIAN"]
    with elevated("everybody sees the agency's name and colour"):
        row = db.session.execute(
            select(Look.name, Look.name_en, Look.colour, Look.logo_id, Look.version).order_by(Look.id)
        ).first()
    return {
        "name": (row and row.name) or settings.agency,
        "name_en": (row and (row.name_en or row.name)) or settings.agency_en,
        "colour": (row and row.colour) or colours.DEFAULT,
        "logo": row and row.logo_id,
        "stamp": f"{row.version if row else 0}",
    }


def agency_name() -> str:
    """In the current language."""
    found = look()
    return str(found["name"] if current_locale() == "zh" else found["name_en"])
