"""One step back: what a page or a bulk change wrote, kept for ten minutes and reversed through the services.

Each reverse write asks rights anew and is made only where nobody has written since. Imports keep their own way back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import db
from core.errors import Forbidden, Invalid, NotFound, Refused, Stale
from core.i18n import _
from core.permissions.principal import current_principal
from core.records import service
from core.records.audit import note_action
from core.records.base import Base, Record
from core.records.changes import specs_of
from core.records.types import Id, Instant, Json
from core.registry import registry

OFFERED = timedelta(minutes=10)
"""How long a change can be taken back by this way; the message that offers it stands ten seconds."""
NOT_TAKEN_BACK = frozenset({"secret"})
Step = dict[str, Any]


class UndoRow(Base):
    """A change that can be taken back: its steps, in the order in which they were made."""

    __tablename__ = "core_undo"
    __table_args__ = (Index("ix_core_undo_at", "at"),)
    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, nullable=False)
    label: Mapped[str] = mapped_column(String(300), nullable=False)
    steps: Mapped[list] = mapped_column(Json, nullable=False)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False)


_table = UndoRow.__table__


@dataclass
class Undone:
    """How taking back ended: (record key, id) of what is as before, and why the others stayed."""

    label: str
    done: list[tuple[str, int]] = field(default_factory=list)
    kept: list[tuple[str, int, str]] = field(default_factory=list)


def values_before(record: Record, names: Any) -> dict[str, Any]:
    """The values of these fields as they are, ready to be kept; what can never be written back is left out."""
    specs = {s.name: s for s in specs_of(type(record)) if s.writable and s.kind not in NOT_TAKEN_BACK}
    return {name: _plain(getattr(record, specs[name].attr)) for name in names if name in specs}


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def change_step(record: Record, before: dict[str, Any]) -> Step | None:
    """The step that brings back `before` (of `values_before`) after `service.update`; None when nothing changed."""
    after = values_before(record, before)
    old = {name: value for name, value in before.items() if value != after[name]}
    return _step("update", record) | {"values": old} if old else None


def archive_step(record: Record) -> Step:
    """The step that turns an archiving or a restoring round; call it after the fact."""
    return _step("restore" if record.archived_at is not None else "archive", record)


def made_step(record: Record) -> Step:
    """The step that takes away a record that was just made."""
    return _step("delete", record)


def bin_step(bin_id: int) -> Step:
    """The step that brings back what lies in the bin under this number."""
    return {"do": "bin", "id": bin_id}


def _step(do: str, record: Record) -> Step:
    return {"do": do, "key": record.__record__["key"], "id": record.id, "version": record.version}


def keep(label: str, steps: list[Step | None]) -> str | None:
    """Keep the steps in the caller's transaction, after the flush; the token for `/undo/<token>`, None without any."""
    found = [step for step in steps if step]
    who = current_principal().user_id
    if not found or who is None:
        return None
    token = secrets.token_urlsafe(18)
    session = db.session()
    session.info["wrote"] = True
    values = {"token": token, "user_id": who, "label": label[:300], "steps": found, "at": now()}
    session.connection().execute(insert(_table).values(values))
    return token


def undo(token: str) -> Undone:
    """Take a change of one's own back, the last step first. Raises `NotFound` when it is too late or done already."""
    session = db.session()
    mine = (_table.c.token == token, _table.c.user_id == current_principal().user_id, _table.c.at > now() - OFFERED)
    row = session.connection().execute(select(_table.c.label, _table.c.steps).where(*mine)).first()
    if row is None:
        raise NotFound(_("This cannot be taken back any more. The timeline of the record tells what was changed."))
    session.connection().execute(delete(_table).where(_table.c.token == token))
    session.info["wrote"] = True
    result = Undone(row.label)
    for step in reversed(row.steps):
        _reverse(step, result)
    return result


def _reverse(step: Step, result: Undone) -> None:
    key, ident = step.get("key", ""), step["id"]
    try:
        with db.session.begin_nested():
            key, ident = _apply(step)
    except (Forbidden, Invalid, NotFound, Refused, Stale) as error:
        result.kept.append((key, ident, str(error)))
    else:
        result.done.append((key, ident))


def _apply(step: Step) -> tuple[str, int]:
    if step["do"] == "bin":
        from core.desk import bin as recycle  # what lies there is made of records

        record = recycle.restore(step["id"])
        return record.__record__["key"], record.id
    record = service.get(registry().types[step["key"]].model, step["id"])
    version = step["version"]
    if step["do"] == "update":
        service.update(record, step["values"], version)
    elif step["do"] == "delete":
        service.delete(record, version)
    else:
        {"archive": service.archive, "restore": service.restore}[step["do"]](record, version)
    if step["do"] != "delete":
        note_action(db.session(), "undo", record)
    return step["key"], step["id"]


def forget_old() -> int:
    """Delete what is too old to be taken back; how many."""
    with db.engine.begin() as connection:
        return connection.execute(delete(_table).where(_table.c.at < now() - OFFERED)).rowcount
