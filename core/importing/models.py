"""Tables of the importer: runs, what each run did to which record, refused rows, remembered mappings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.records.base import Base
from core.records.types import Id, Instant, Json

STATES = ("uploaded", "checking", "checked", "running", "done", "failed", "undoing", "undone")


class ImportRun(Base):
    """One import of one file by one person. `position` is the last row number whose outcome is committed."""

    __tablename__ = "core_import_run"
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    user_id: Mapped[int] = mapped_column(Id, nullable=False, index=True)
    filename: Mapped[str] = mapped_column(String(255), nullable=False)
    sha256: Mapped[str] = mapped_column(String(64), nullable=False, index=True)
    stored: Mapped[str | None] = mapped_column(String(255))
    plan: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, default=dict)
    job_id: Mapped[int | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(12), nullable=False, default="uploaded")
    total: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    position: Mapped[int] = mapped_column(Integer, nullable=False, default=-1)
    counts: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, default=dict)
    related: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, default=dict)
    check: Mapped[dict[str, Any] | None] = mapped_column(Json)
    undo: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[str | None] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(String(120))
    beat: Mapped[datetime | None] = mapped_column(Instant())
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(Instant())


class ImportEntry(Base):
    """A record that a run made or changed (its version, its old values), or a row it refused (its cells)."""

    __tablename__ = "core_import_entry"
    __table_args__ = (Index("ix_core_import_entry_run", "run_id", "outcome", "id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(Id, ForeignKey("core_import_run.id", ondelete="CASCADE"), nullable=False)
    row: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(10), nullable=False)
    record_key: Mapped[str | None] = mapped_column(String(80))
    record_id: Mapped[int | None] = mapped_column(Id)
    version: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)


class ImportMapping(Base):
    """The mapping last used for files with these headers."""

    __tablename__ = "core_import_mapping"
    record_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    signature: Mapped[str] = mapped_column(String(64), primary_key=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)
    constants: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, default=dict)
    updated_at: Mapped[datetime] = mapped_column(Instant(), nullable=False, default=now)
