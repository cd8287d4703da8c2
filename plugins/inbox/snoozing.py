"""A person's own acts on messages: read, unread, put off, acknowledge. Nobody else's are touched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update

from core import FieldError, Invalid, _, db, elevated, get, local, note_action, now, record_class, system
from plugins.inbox.wishes import FATAL

MOST = 1000
LATEST, A_DAY = timedelta(days=60), timedelta(days=1)
PRESETS = ("hour", "afternoon", "tomorrow", "monday")


def instant_of(preset: str, at: datetime) -> datetime:
    """When a preset ends, seen from the local instant `at`: in an hour, at 14:00, tomorrow or on Monday at 8:30."""
    if preset == "hour":
        return at + timedelta(hours=1)
    days = {"afternoon": 0, "tomorrow": 1, "monday": 7 - at.weekday()}
    if preset not in days:
        raise Invalid([FieldError("until", "invalid", _("Choose until when."))])
    hour = time(14) if preset == "afternoon" else time(8, 30)
    found = datetime.combine(at.date() + timedelta(days=days[preset]), hour, at.tzinfo)
    return found if found > at else found + timedelta(days=1)


def parsed(text: str) -> datetime:
    """A local time as forms send it; raises `Invalid` for what is past or too far."""
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=local(now()).tzinfo)
    except ValueError:
        raise Invalid([FieldError("until", "invalid", _("Write day and time."))]) from None
    if not now() < found <= now() + LATEST:
        raise Invalid([FieldError("until", "range", _("Choose a time within the next 60 days."))])
    return found


def mine(ids: Iterable[int]) -> list[Any]:
    """The person's own messages out of these."""
    note = record_class("core.notification")
    return list(db.session.scalars(select(note).where(note.id.in_(list(ids)[:MOST])).order_by(note.id)))


def mark(messages: Iterable[Any], *, read: bool) -> int:
    """Read, or unread again; how many changed."""
    changed = 0
    for message in messages:
        if (message.read_at is not None) != read or message.snoozed_until is not None:
            message.read_at, message.snoozed_until = now() if read else None, None
            changed += 1
    db.session.flush()
    return changed


def mark_all(kind: str | None = None) -> int:
    """Everything unread of the person, or of one kind; how many."""
    from plugins.inbox.centre import of_kind

    note = record_class("core.notification")
    query = select(note).where(note.read_at.is_(None), *of_kind(kind)).limit(MOST)
    return mark(list(db.session.scalars(query)), read=True)


def snooze(ident: int, until: datetime) -> Any:
    """Put a message off: it counts as read until then, and is unread again. Raises `Invalid`."""
    message = get(record_class("core.notification"), ident)
    if message.severity == FATAL and until > now() + A_DAY:
        raise Invalid([FieldError("until", "range", _("What ends a right is put off for a day at most."))])
    message.snoozed_until, message.read_at = until, message.read_at or now()
    db.session.flush()
    return message


def wake() -> int:
    """Messages whose time has come are unread again; how many."""
    note = record_class("core.notification")
    due = (note.snoozed_until.is_not(None), note.snoozed_until <= now())
    with system("wake messages that were put off") as session:
        if session.scalar(select(note.id).where(*due).limit(1)) is None:
            return 0
        awake = update(note).where(*due).values(read_at=None, snoozed_until=None)
        return session.execute(awake.execution_options(synchronize_session=False)).rowcount


def acknowledge(ident: int) -> Any:
    """The person takes a strong warning over: it is recorded, and the pop-up goes."""
    message = get(record_class("core.notification"), ident)
    if message.acknowledged_at is None:
        message.acknowledged_at, message.read_at, message.snoozed_until = now(), message.read_at or now(), None
        with elevated("a strong warning was acknowledged"):
            note_action(db.session(), "acknowledged", message, changes={"subject": message.subject})
        db.session.flush()
    return message


def strong(limit: int = 20) -> list[Any]:
    """The person's fatal messages that nobody acted on, the newest of each record first."""
    note = record_class("core.notification")
    standing = (note.severity == FATAL, note.acknowledged_at.is_(None), note.snoozed_until.is_(None))
    rows = db.session.scalars(select(note).where(*standing).order_by(note.id.desc()).limit(200))
    found: dict[Any, Any] = {}
    for message in rows:
        about = (message.record_key, message.record_id) if message.record_id else message.id
        found.setdefault(about, message)
    return list(found.values())[:limit]


def same_matter(message: Any) -> list[Any]:
    """Older strong warnings of the person about the same record: they go with the newest."""
    note = record_class("core.notification")
    if message.record_id is None:
        return [message]
    same = (note.record_key == message.record_key, note.record_id == message.record_id, note.severity == FATAL)
    return list(db.session.scalars(select(note).where(*same, note.acknowledged_at.is_(None), note.id <= message.id)))
