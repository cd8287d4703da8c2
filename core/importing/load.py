"""PostgreSQL while many rows come in: search indexes collect new entries and sort them in together, not row by row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.db import db

PATIENCE = "300ms"
"""How long each index is waited for; others may be reading it."""
_SEARCH_INDEXES = text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'i' AND c.relname LIKE '%\\_bigram' AND n.nspname = current_schema() ORDER BY 1"
)


@contextlib.contextmanager
def collecting() -> Iterator[None]:
    """Inside the block GIN indexes keep new entries in their pending lists; at the end these are sorted in.

    Sorting one by one costs half of the time of an import. The open transaction must have touched no table yet. Where
    the database does not allow it, or somebody holds an index, nothing changes but the speed.
    """
    if db.engine.dialect.name != "postgresql":
        yield
        return
    _set_all("on")
    try:
        yield
    finally:
        db.session.rollback()
        _set_all("off")


def _set_all(value: str) -> None:
    with contextlib.suppress(DBAPIError), db.engine.connect() as connection:
        quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
        quiet.execute(text(f"SET lock_timeout = '{PATIENCE}'"))
        try:
            for name in quiet.execute(_SEARCH_INDEXES).scalars().all():
                _set_one(quiet, name, value)
        finally:
            quiet.execute(text("RESET lock_timeout"))


def _set_one(connection: Connection, name: str, value: str) -> None:
    connection.execute(text(f'ALTER INDEX "{name}" SET (fastupdate = {value})'))
    if value == "off":
        connection.execute(text("SELECT gin_clean_pending_list(to_regclass(:name))"), {"name": f'"{name}"'})
