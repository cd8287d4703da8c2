"""Where shaped things are kept and read: one small table, held in each process and looked at anew every second."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import has_app_context
from sqlalchemy import event, func, select
from sqlalchemy.exc import DatabaseError

from core.db import db, reading
from core.records import service
from core.records.audit import AuditEntry
from core.shaping.model import Shape

FRESH_SECONDS = 0.8
RIGHT = ("core.shape", "update")
"""The right to shape."""
_NOTHING: dict[str, Any] = {}
_lock = threading.RLock()


@dataclass
class _Kept:
    """What this process knows. `stamp` tells whether the table has changed; `number` counts the changes seen."""

    until: float = 0.0
    stamp: tuple[Any, ...] | None = None
    number: int = 0
    data: dict[str, dict[str, Any]] = field(default_factory=dict)


_kept = _Kept()


def shapes(kind: str) -> Mapping[str, Any]:
    """All shaped things of one kind by name; None stands for what was given back to how it is shipped."""
    _freshen()
    return _kept.data.get(kind, _NOTHING)


def shape(kind: str, name: str) -> Any:
    """The data of one shaped thing, or None."""
    return shapes(kind).get(name)


def shape_generation() -> int:
    """A number that changes whenever anything was shaped; for what is computed from shapes and remembered."""
    _freshen()
    return _kept.number


def forget_shapes() -> None:
    """Look again at the next question; the other processes follow within a second."""
    _kept.until = 0.0


def forget_all() -> None:
    """For a new deployment in the same process."""
    _kept.until, _kept.stamp, _kept.data = 0.0, None, {}
    _kept.number += 1


def save_shape(kind: str, name: str, data: Any) -> None:
    """Keep new data for one shaped thing (None: as shipped) in the caller's transaction, audited with old and new.

    Raises `Forbidden` without the right to shape.
    """
    found = db.session.scalars(select(Shape).where(Shape.kind == kind, Shape.name == name)).first()
    if found is not None:
        service.update(found, {"data": data})
    elif data is not None:
        service.create(Shape, {"kind": kind, "name": name, "data": data})
    event.listen(db.session(), "after_commit", lambda session: forget_shapes(), once=True)


@dataclass(frozen=True)
class Version:
    """One earlier state: who made it and when, and the data."""

    id: int
    at: Any
    actor: str
    data: Any


def shape_versions(kind: str, name: str, limit: int = 20) -> list[Version]:
    """The states that a shaped thing had, the newest first, out of the audit log."""
    log, table = AuditEntry.__table__.c, Shape.__table__.c
    ident = select(table.id).where(table.kind == kind, table.name == name).scalar_subquery()
    chosen = select(log.id, log.at, log.actor, log.changes).where(
        log.record_key == "core.shape", log.record_id == ident
    )
    with reading() as connection:
        rows = connection.execute(chosen.order_by(log.id.desc()).limit(limit)).all()
    return [Version(r.id, r.at, r.actor, r.changes["data"][1]) for r in rows if "data" in (r.changes or {})]


def _freshen() -> None:
    if _kept.until > time.monotonic() or not has_app_context():
        return
    if not _lock.acquire(blocking=_kept.stamp is None):
        return
    try:
        if _kept.until <= time.monotonic():
            _kept.until = time.monotonic() + FRESH_SECONDS
            _read()
    finally:
        _lock.release()


def _read() -> None:
    """On a connection of its own that only reads. Before the table exists nothing is shaped."""
    table = Shape.__table__.c
    picture = select(func.count(table.id), func.sum(table.version), func.max(table.id), func.max(table.updated_at))
    try:
        with reading() as connection:
            stamp = tuple(connection.execute(picture).one())
            if stamp == _kept.stamp:
                return
            found: dict[str, dict[str, Any]] = {}
            for kind, name, data in connection.execute(select(table.kind, table.name, table.data)):
                found.setdefault(kind, {})[name] = data
    except DatabaseError:
        stamp, found = (), {}
    _kept.stamp, _kept.data = stamp, found
    _kept.number += 1
