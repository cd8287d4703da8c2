"""The tables of the index: a row per record, what still waits to be taken in, and what each type was indexed by.

On SQLite the words are searched through the FTS5 table `core_search_fts`, which triggers keep the same.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core.records.base import Base
from core.records.types import Id, Instant

Words = Text().with_variant(TSVECTOR(), "postgresql")


class SearchEntry(Base):
    """The pieces of one record. Its id is that of the record beyond the base of its type, so newer ones are greater.

    `mark` is a check sum of the words: what did not change is not written.
    """

    __tablename__ = "core_search"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    record_id: Mapped[int] = mapped_column(Id, nullable=False)
    mark: Mapped[int] = mapped_column(BigInteger, nullable=False)
    words: Mapped[str] = mapped_column(Words, nullable=False)


class SearchWait(Base):
    """Records that came in by the hundred and are taken in a few seconds later; till then their texts are read."""

    __tablename__ = "core_search_wait"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    record_key: Mapped[str] = mapped_column(String(80), nullable=False)
    first_id: Mapped[int] = mapped_column(Id, nullable=False)
    last_id: Mapped[int] = mapped_column(Id, nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


class SearchState(Base):
    """By which fields, in which parts, a type was indexed; where that changed it is indexed again."""

    __tablename__ = "core_search_state"

    record_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), nullable=False)
