"""The one clock: aware UTC instants, and the calendar day in the deployment's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")

_standing: ContextVar[datetime | None] = ContextVar("zhian_clock_standing", default=None)


def now() -> datetime:
    """The instant, aware, in UTC."""
    return _standing.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in Asia/Shanghai."""
    return now().astimezone(LOCAL).date()


@contextmanager
def standing_at(instant: datetime) -> Iterator[None]:
    """Inside the block the clock stands at `instant`: for demo data that lived through past days."""
    token = _standing.set(instant)
    try:
        yield
    finally:
        _standing.reset(token)


def local(instant: datetime) -> datetime:
    """The instant as shown to people."""
    return instant.astimezone(LOCAL)
