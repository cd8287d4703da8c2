"""Sessions of browsers as the rest of the house sees them: ended, or given a new token. Pages: `core.web.sessions`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import update

from core.clock import now
from core.permissions.org import LoginSession
from core.permissions.people import forget

_table = LoginSession.__table__


def end_sessions(connection: Any, user_ids: Iterable[int], except_id: int | None = None) -> None:
    """End the sessions of these people, but one, in the caller's transaction."""
    people = list(user_ids)
    live = (_table.c.user_id.in_(people), _table.c.id != (except_id or 0), _table.c.ended_at.is_(None))
    connection.execute(update(_table).where(*live).values(ended_at=now()))
    for ident in people:
        forget(ident)


def renew_sessions(connection: Any, user_ids: Iterable[int]) -> None:
    """The tokens of these people change at their next page, because their rights did."""
    people = list(user_ids)
    live = (_table.c.user_id.in_(people), _table.c.ended_at.is_(None))
    connection.execute(update(_table).where(*live).values(renew=True))
    for ident in people:
        forget(ident)
