"""The table of seals. It stands beside the log, so that sealing never touches a row that somebody wrote."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id


class Seal(Base):
    """The link of one audit row in the chain; `seq` is its place, `key_id` names the key."""

    __tablename__ = "core_audit_seal"

    seq: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(Id, nullable=False, unique=True)
    key_id: Mapped[str] = mapped_column(String(8), nullable=False)
    mac: Mapped[bytes] = mapped_column(LargeBinary(32), nullable=False)
