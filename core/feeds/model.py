"""The table of subscriptions; of their secret addresses only the hash is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant


class CalendarFeed(Base):
    """One address of one person: of their own dates, or of the view `view_id`. Who ended it is deleted with it."""

    __tablename__ = "core_calendar_feed"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Id, nullable=False, index=True)
    view_id: Mapped[int | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(120), nullable=False)
    token_hash: Mapped[str] = mapped_column(String(64), nullable=False, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    read_on: Mapped[datetime | None] = mapped_column(Instant())
