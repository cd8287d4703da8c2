"""Strong warnings whose matter is dealt with go by themselves: nobody has to acknowledge what is done."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import now, record_class, registry, system
from plugins.inbox.wishes import FATAL

MOST = 2000


def settle() -> int:
    """Acknowledge fatal messages about records that are done or gone; how many."""
    note = record_class("core.notification")
    standing = (note.severity == FATAL, note.acknowledged_at.is_(None), note.record_id.is_not(None))
    with system("look for warnings whose matter is done") as session:
        rows = list(session.execute(select(note.id, note.record_key, note.record_id).where(*standing).limit(MOST)))
        if not rows:
            return 0
        done = {key: _done(session, key, {row[2] for row in rows if row[1] == key}) for key in {row[1] for row in rows}}
        settled = [row[0] for row in rows if row[2] in done[row[1]]]
        for message in session.scalars(select(note).where(note.id.in_(settled))):
            message.acknowledged_at, message.read_at = now(), message.read_at or now()
            message.snoozed_until = None
        return len(settled)


def _done(session: Any, key: str, ids: set[int]) -> set[int]:
    """Which of these records ask for nothing any more."""
    kind = registry().types.get(key)
    if kind is None:
        return set()
    field = kind.fields.get("status") or kind.fields.get("state")
    if field is None or not field.choices:
        known = set(session.scalars(select(kind.model.id).where(kind.model.id.in_(ids))))
        return ids - known
    calm, state = calm_states(field), getattr(kind.model, field.attr)
    states = dict(session.execute(select(kind.model.id, state).where(kind.model.id.in_(ids))).all())
    return {ident for ident in ids if ident not in states or states[ident] in calm}


def calm_states(field: Any) -> set[str]:
    """States that ask nothing of anybody any more: those drawn as done, and, where the first state has a colour, those
    without any (waived, superseded)."""
    tones = {choice.code: choice.tone for choice in field.choices}
    plain = tones.get(field.default, "") not in ("", "done")
    return {code for code, tone in tones.items() if tone == "done" or (plain and not tone)}
