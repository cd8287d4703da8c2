"""The one clock: aware UTC instants, and the calendar day in the deployment's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day in Asia/Shanghai."""
    return datetime.now(LOCAL).date()


def local(instant: datetime) -> datetime:
    """The instant as shown to people."""
    return instant.astimezone(LOCAL)
