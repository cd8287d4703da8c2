"""Samples for the conformance suite."""

from __future__ import annotations

import datetime
from typing import Any

from core import db, record_class


def _assessment() -> dict[str, Any]:
    client = record_class("clients.client")(name="Sample of risk")
    db.session.add(client)
    db.session.flush()
    return {"client": client.id, "rating": "low", "reason": "Sample", "assessed_on": datetime.date(2026, 3, 2)}


SAMPLES = {"risk.assessment": _assessment}
