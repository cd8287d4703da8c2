"""The table of plugins' settings: declared ones alone; secrets stand in a column of their own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.records.base import Base
from core.records.secrets import EncryptedText
from core.records.types import Instant


class PluginSetting(Base):
    """One value that somebody set, as JSON; what nobody set has its default."""

    __tablename__ = "core_plugin_setting"
    plugin: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str | None] = mapped_column(Text, nullable=True)
    secret: Mapped[str | None] = mapped_column(EncryptedText(), nullable=True)
    updated_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, default=now)
