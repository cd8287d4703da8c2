"""Tables of the outbox: what happened, and one delivery per subscriber."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant, Json


class OutboxEvent(Base):
    """Something that happened. `key` makes the same happening count once, `payload` is what subscribers get."""

    __tablename__ = "core_outbox"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    event: Mapped[str] = mapped_column(String(120), nullable=False)
    payload: Mapped[dict] = mapped_column(Json, nullable=False)
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    actor_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, index=True)


class Delivery(Base):
    """One event on its way to one subscriber. `state` is new, running, done or dead; `holder` the process at work."""

    __tablename__ = "core_delivery"
    __table_args__ = (
        UniqueConstraint("outbox_id", "subscriber"),
        Index("ix_core_delivery_open", "state", "next_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    outbox_id: Mapped[str] = mapped_column(ForeignKey("core_outbox.id", ondelete="CASCADE"), nullable=False)
    subscriber: Mapped[str] = mapped_column(String(120), nullable=False)
    state: Mapped[str] = mapped_column(String(10), nullable=False, default="new")
    attempts: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    next_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    lease_until: Mapped[datetime | None] = mapped_column(Instant())
    holder: Mapped[str | None] = mapped_column(String(120))
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(Instant())
