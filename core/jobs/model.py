"""Tables of background work: runs of jobs, the state of schedules, and signs of life of processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant, Json


class JobRun(Base):
    """One run of a job. `state` is queued, running, done, failed or cancelled; with `user_id` it acts as them."""

    __tablename__ = "core_job_run"
    __table_args__ = (
        Index("ix_core_job_run_open", "state", "run_at", "id"),
        Index(
            "uq_core_job_run_key",
            "key",
            unique=True,
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(120), nullable=False)
    args: Mapped[dict] = mapped_column(Json, nullable=False)
    key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), nullable=False, default="queued")
    user_id: Mapped[int | None] = mapped_column(Id, index=True)
    attempts: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    run_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    lease_until: Mapped[datetime | None] = mapped_column(Instant())
    holder: Mapped[str | None] = mapped_column(String(120))
    rows_done: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    rows_total: Mapped[int | None] = mapped_column(Integer)
    message: Mapped[str | None] = mapped_column(String(500))
    result: Mapped[dict | None] = mapped_column(Json)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    started_at: Mapped[datetime | None] = mapped_column(Instant())
    finished_at: Mapped[datetime | None] = mapped_column(Instant())


class ScheduleState(Base):
    """When a schedule runs next; `spec` is the timing it was computed from."""

    __tablename__ = "core_schedule"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    spec: Mapped[str] = mapped_column(String(120), nullable=False)
    next_at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    last_at: Mapped[datetime | None] = mapped_column(Instant())
    last_job_id: Mapped[int | None] = mapped_column(Id)
    made_up: Mapped[int] = mapped_column(Integer, nullable=False, default=0)


class Heartbeat(Base):
    """The last sign of life of a kind of process on a machine."""

    __tablename__ = "core_heartbeat"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120), nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
    detail: Mapped[dict | None] = mapped_column(Json)
