"""What was set up in this database, so that it is not done twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Instant


class SetupMark(Base):
    """One finished step; `fingerprint` tells whether its source has changed since."""

    __tablename__ = "core_setup_mark"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), nullable=False, default="")
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
