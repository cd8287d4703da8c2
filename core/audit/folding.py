"""Repeats of the same refusal become one row with a count, so that a flood of them cannot fill the log."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from core.audit.marks import marked
from core.clock import now
from core.db import db, write_intent
from core.records.audit import AuditEntry

WINDOW = 600.0
"""Seconds in which the same happening is one row, and its repeats another."""
MOST = 400
"""Different happenings that one process tells apart in a window; what comes on top is one happening."""
OVERFLOW = ("…",)
Key = tuple[Any, ...]


@dataclass
class Fold:
    """A happening that was logged once: its row, and how often it came again."""

    row: dict[str, Any]
    times: int = 0


_folds: dict[Key, Fold] = {}
_until = 0.0
_lock = threading.Lock()


def write_apart(rows: list[dict[str, Any]]) -> None:
    """Insert audit rows in a transaction of their own. The caller's own one must not have written."""
    token = write_intent.set(True)
    try:
        with db.engine.begin() as connection:
            connection.execute(insert(AuditEntry.__table__), marked(rows))
    finally:
        write_intent.reset(token)


def note_folded(key: Key, row: dict[str, Any]) -> bool:
    """Log a row, or count it when the same `key` was logged a moment ago; whether a row was written."""
    global _until
    with _lock:
        closed = _take() if _until < time.monotonic() else []
        if not _folds:
            _until = time.monotonic() + WINDOW
        if key not in _folds and len(_folds) >= MOST:
            key = OVERFLOW
        fold = _folds.get(key)
        if fold is None:
            _folds[key] = Fold(row)
        else:
            fold.times += 1
            if fold.times == 1:
                _wake(current_app._get_current_object())  # type: ignore[attr-defined]
    rows = [*closed, *([row] if fold is None else [])]
    if rows:
        write_apart(rows)
    return fold is None


def close_folds() -> int:
    """Log the counts of the window that is open now, and begin a new one; how many rows."""
    with _lock:
        rows = _take()
    if rows:
        write_apart(rows)
    return len(rows)


def _take() -> list[dict[str, Any]]:
    rows = [told_again(fold) for fold in _folds.values() if fold.times]
    _folds.clear()
    return rows


def told_again(fold: Fold) -> dict[str, Any]:
    """The row that counts the repeats."""
    return fold.row | {"at": now(), "changes": (fold.row["changes"] or {}) | {"repeated": fold.times}}


def _wake(app: Flask) -> None:
    """Log the counts at the end of the window also when nobody is refused any more."""
    timer = threading.Timer(max(0.0, _until - time.monotonic()) + 1.0, _close_in, (app,))
    timer.daemon = True
    timer.start()


def _close_in(app: Flask) -> None:
    with app.app_context():
        if _until < time.monotonic():
            try:
                close_folds()
            except SQLAlchemyError:
                app.logger.exception("the counts of refusals of the last minutes could not be written")
