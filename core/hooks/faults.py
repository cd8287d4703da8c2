"""Contributions that were left out, kept for administrators: what one process dropped is told by all of them."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, String, Text, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import db, impatient, reading, write_intent
from core.hooks.manager import Fault, Hooks
from core.records.base import Base
from core.records.types import Instant

log = logging.getLogger("zhian.hooks")
TOLD_FOR = timedelta(hours=24)
"""So long after it last failed the banner names a contribution."""
AGAIN = 60.0
"""Seconds in which one process writes the same fault once."""


class FaultRow(Base):
    """The last failure of one contribution, and how often it was written down."""

    __tablename__ = "core_fault"
    plugin: Mapped[str] = mapped_column(String(120), primary_key=True)
    hook: Mapped[str] = mapped_column(String(120), primary_key=True)
    error: Mapped[str] = mapped_column(Text, nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    count: Mapped[int] = mapped_column(Integer, nullable=False, default=1)


_table = FaultRow.__table__
_written: dict[tuple[str, str], float] = {}


def save(hooks: Hooks) -> None:
    """Write down what failed since the last time, in a transaction of its own that gives way to any other writer."""
    found: dict[tuple[str, str], Fault] = {}
    while hooks.unsaved:
        fault = hooks.unsaved.popleft()
        if _written.get((fault.plugin, fault.hook), 0.0) < time.monotonic() - AGAIN:
            found[fault.plugin, fault.hook] = fault
    if not found:
        return
    token = write_intent.set(False)
    try:
        with contextlib.suppress(SQLAlchemyError), db.engine.connect() as connection:
            with impatient(connection):
                for fault in found.values():
                    _write(connection, fault)
                connection.commit()
            _written.update(dict.fromkeys(found, time.monotonic()))
    finally:
        write_intent.reset(token)


def _write(connection: Any, fault: Fault) -> None:
    mine = (_table.c.plugin == fault.plugin[:120], _table.c.hook == fault.hook[:120])
    before = connection.scalar(select(_table.c.count).where(*mine)) or 0
    connection.execute(delete(_table).where(*mine))
    row = {"plugin": fault.plugin[:120], "hook": fault.hook[:120], "error": fault.error[:2000], "at": fault.at}
    connection.execute(insert(_table).values(row | {"count": before + 1}))


def recent() -> list[Fault]:
    """What failed in any process within the last day, the last one first."""
    query = select(_table).where(_table.c.at > now() - TOLD_FOR).order_by(_table.c.at.desc()).limit(100)
    with reading() as connection:
        return [Fault(row.plugin, row.hook, row.error, row.at) for row in connection.execute(query)]
