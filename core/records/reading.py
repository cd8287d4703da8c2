"""How core rooms run selects that carry the record rules in their own WHERE: past the ORM, on the connection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult

from core.db import db


def run(statement: Any, parameters: dict[str, Any] | None = None) -> CursorResult[Any]:
    """Execute in the session's transaction; what the session has not written yet is written first, as the ORM would."""
    session = db.session()
    session._autoflush()
    return session.connection().execute(statement, parameters)
