"""The audit log, the spine of history: a row per write, action, sign-in, export or elevation, in its transaction."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.audit.marks import marked
from core.clock import now
from core.permissions.attributing import attributed
from core.permissions.principal import current_principal
from core.records.base import Base
from core.records.behind import behind
from core.records.types import Id, Instant, Json


@dataclass(frozen=True)
class Origin:
    """From where a person acts: `via` is web, api, import, job, cli or system; `key_id` names the API key.

    `told` collects the actions that were logged on this way, so that what was told is not told again.
    """

    via: str = "system"
    ip: str | None = None
    request_id: str | None = None
    key_id: str | None = None
    told: set[str] = field(default_factory=set, compare=False, repr=False)


RIGHT = "core.audit"
"""What grants name that open the log: it hangs on no record type. Actions are read, export and verify."""
MANY = 100
"""From so many rows on the database takes them as a stream."""

origin: ContextVar[Origin] = ContextVar("zhian_origin", default=Origin())  # noqa: B039 - frozen


def current_way() -> str:
    """How the person acts now, as the audit log keeps it: web, api, a channel such as wecom, a realm such as portal."""
    return origin.get().via


class AuditEntry(Base):
    """Who did what to which record, when and from where; `changes` is {field: [old, new]}."""

    __tablename__ = "core_audit"
    __table_args__ = (
        Index("ix_core_audit_record", "record_key", "record_id", "id"),
        Index("ix_core_audit_actor", "actor_id", "id"),
        Index("ix_core_audit_action", "action", "id"),
        Index("ix_core_audit_at", "at"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    actor_id: Mapped[int | None] = mapped_column(Id)
    actor: Mapped[str] = mapped_column(String(80), nullable=False, default="")
    via: Mapped[str] = mapped_column(String(12), nullable=False)
    ip: Mapped[str | None] = mapped_column(String(60))
    request_id: Mapped[str | None] = mapped_column(String(40))
    key_id: Mapped[str | None] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60), nullable=False)
    record_key: Mapped[str | None] = mapped_column(String(80))
    record_id: Mapped[int | None] = mapped_column(Id)
    title: Mapped[str | None] = mapped_column(String(300))
    changes: Mapped[dict | None] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(Text)
    mark: Mapped[str | None] = mapped_column(String(40))
    """The writer's MAC of the row; None in rows that are older than marks."""


def entry(action: str, record_key: str | None = None, record_id: int | None = None, **more: Any) -> dict[str, Any]:
    """One audit row as a dict, with the actor and origin of now."""
    who, where = current_principal(), origin.get()
    return {
        "at": now(),
        "actor_id": who.user_id,
        "actor": who.name or who.login,
        "via": where.via,
        "ip": where.ip,
        "request_id": where.request_id,
        "key_id": where.key_id,
        "action": action,
        "record_key": record_key,
        "record_id": record_id,
        "title": None,
        "changes": None,
        "reason": None,
    } | more


def write(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert audit rows in the session's transaction."""
    if rows:
        origin.get().told.update(row["action"] for row in rows)
        rows = marked(attributed(rows))
        session.info["wrote"] = True
        connection = session.connection()
        if len(rows) >= MANY or behind(connection):
            from core.records.bulk import insert_rows

            insert_rows(connection, AuditEntry.__table__, rows)
        else:
            connection.execute(insert(AuditEntry.__table__), rows)


def note_action(
    session: Session, action: str, record: Any = None, *, reason: str | None = None, changes: dict | None = None
) -> None:
    """Audit something that is not a plain write: a transition, a sign-in, an export, a download, an elevation."""
    key = record.__record__["key"] if record is not None else None
    title = record.called[:300] if record is not None else None
    write(
        session,
        [entry(action, key, record.id if record is not None else None, title=title, changes=changes, reason=reason)],
    )
