"""Tables of one person's desk and of the recycle bin. Who may see what they point at is asked when they are read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant, Json


class Favourite(Base):
    """A record that somebody put a star on."""

    __tablename__ = "core_favourite"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    record_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    record_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class Recent(Base):
    """A record that somebody opened, and when last."""

    __tablename__ = "core_recent"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    record_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    record_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class Trail(Base):
    """The list that somebody came from: its address, by a token that their browser made."""

    __tablename__ = "core_trail"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(String(24), primary_key=True)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    address: Mapped[str] = mapped_column(Text, nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class Draft(Base):
    """What somebody typed into the form at `place` and has not saved; `data` is {input: values}, `version` the record's
    when they began."""

    __tablename__ = "core_draft"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(String(300), primary_key=True)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    record_id: Mapped[int | None] = mapped_column(Id)
    version: Mapped[int | None] = mapped_column(Integer)
    data: Mapped[dict] = mapped_column(Json, nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class Binned(Base):
    """A deleted record: `content` holds its row, the rows that went with it, and the links to it that were cut."""

    __tablename__ = "core_bin"
    __table_args__ = (
        Index("ix_core_bin_record", "record_key", "id"),
        Index("ix_core_bin_at", "at"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    record_id: Mapped[int] = mapped_column(Id, nullable=False)
    title: Mapped[str] = mapped_column(String(300), nullable=False)
    content: Mapped[dict] = mapped_column(Json, nullable=False)
    hung: Mapped[int] = mapped_column(Integer, nullable=False)
    user_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)
