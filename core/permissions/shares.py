"""Sharing one record with a person or a department for a time: who may, what it opens, how it ends."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, or_, select

from core.clock import now
from core.permissions.model import Share
from core.permissions.principal import Principal
from core.records.types import Instant


def live() -> Any:
    """Shares that have not ended; the moment is asked anew each time the statement runs."""
    return Share.__table__.c.ends_at > bindparam("shared_at", callable_=now, type_=Instant(), unique=True)


def given_to(principal: Principal) -> Any:
    """Shares with this person, or with their department or one above it."""
    table = Share.__table__.c
    mine = table.user_id == principal.user_id
    return or_(mine, table.department_id.in_(sorted(principal.above))) if principal.above else mine


def shared_ids(principal: Principal, key: str, levels: Collection[str]) -> Any:
    """Ids of the records of one type that are opened to this person at one of the levels."""
    table = Share.__table__.c
    return select(table.record_id).where(
        table.record_key == key, table.level.in_(sorted(levels)), live(), given_to(principal)
    )
