"""The table behind `Idempotency-Key`; how it is used stands in `idempotency.py`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant, Json

MAX_KEY = 200


class IdempotentRequest(Base):
    """A request that was sent with a key: running under a lease, or done with its answer."""

    __tablename__ = "core_idempotency"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(MAX_KEY), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), nullable=False)
    holder: Mapped[str] = mapped_column(String(32), nullable=False)
    leased_until: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, index=True)
    status: Mapped[int | None] = mapped_column()
    headers: Mapped[dict | None] = mapped_column(Json)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
