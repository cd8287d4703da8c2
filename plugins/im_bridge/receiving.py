"""What comes in: stored once under a unique key before it is answered. Nothing is decided here."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from core import _, enqueue, note_action, now, system
from plugins.im_bridge import quotas
from plugins.im_bridge.records import App, Inbox

WORK = "im_bridge.work"
REFUSED = _("a message from outside was turned away")
REPLAYED = _("an old message came again and was not acted on")
RETRY_SPAN = timedelta(seconds=60)
"""Platforms send again what they think unanswered; what comes later than this is somebody else's repeat."""


def keep(app_id: int, source: str, key: str, event: str, userid: str, content: dict[str, Any]) -> str:
    """Store one message; "new", "again" for a sender's own repeat, "replay" for a late one, which is audited."""
    row = {"app_id": app_id, "source": source, "key": _short(f"{app_id}:{source}:{key}"), "event": event[:80]}
    try:
        with system("a message came in") as session:
            session.add(Inbox(**row, userid=userid[:80] or None, content=content))
            session.flush()
            if source != "wecom":
                quotas.count(session, session.get(App, app_id), "pushes", 1)
            enqueue(WORK, key=WORK)
        return "new"
    except IntegrityError:
        return _again(row["key"])


def _short(key: str) -> str:
    """The key as the table holds it; what is too long is told apart by its checksum."""
    return key if len(key) <= 200 else f"{key[:120]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _again(key: str) -> str:
    with system("a message came again") as session:
        entry = session.scalars(select(Inbox).where(Inbox.key == key)).one()
        more = update(Inbox).where(Inbox.id == entry.id).values(repeats=Inbox.repeats + 1)
        session.execute(more.execution_options(synchronize_session=False))
        if now() - entry.created_at <= RETRY_SPAN:
            return "again"
        reason = f"{entry.source} {entry.event} from {entry.userid} came again"
        note_action(session, REPLAYED.message, entry, reason=reason)
        return "replay"


def refuse(app_id: int | None, source: str, reason: str, who: str = "") -> None:
    """Put a message that was not taken on record."""
    with system("a message was refused") as session:
        app = session.get(App, app_id) if app_id else None
        note_action(session, REFUSED.message, app, reason=f"{source}: {reason} {who}".strip()[:300])
