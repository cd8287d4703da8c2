"""What stays unread: after so many working hours the deputy hears of it, after as many again the head. Each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from core import (
    db,
    gettext,
    heads_of,
    local,
    notify,
    now,
    record_class,
    registry,
    setting,
    standing_for,
    system,
    use_locale,
)
from plugins.inbox.records import Escalation
from plugins.inbox.timing import working
from plugins.inbox.wishes import FATAL

KIND = "inbox.escalation"
PAST = timedelta(days=14)
"""What is older is nobody's news any more."""
BATCH = 500
STEPS = ("deputy", "head")


def escalate() -> dict[str, int]:
    """Tell others of what stayed unread for too long; how many escalations."""
    hours = {FATAL: setting("inbox.escalate_fatal"), "urgent": setting("inbox.escalate_urgent")}
    limits = {severity: timedelta(hours=float(h)) for severity, h in hours.items() if h}
    made = 0
    for ident in _candidates(limits):
        made += _escalate(ident, limits)
    return {"escalated": made}


def _open(note: Any, severity: str) -> Any:
    """Nobody acted: a fatal one was not acknowledged, another one not read. Put off by the person is acted on."""
    untouched = note.acknowledged_at.is_(None) if severity == FATAL else note.read_at.is_(None)
    return and_(note.severity == severity, untouched, note.snoozed_until.is_(None))


def _candidates(limits: dict[str, timedelta]) -> list[int]:
    note = record_class("core.notification")
    if not limits:
        return []
    late = [and_(_open(note, s), note.created_at <= now() - limit) for s, limit in limits.items()]
    head = select(Escalation.message_id).where(Escalation.step == "head")
    query = select(note.id).where(or_(*late), note.created_at >= now() - PAST, note.id.not_in(head))
    query = query.where(or_(note.kind.is_(None), note.kind != KIND)).order_by(note.id).limit(BATCH)
    with system("look for messages that nobody read") as session:
        return list(session.scalars(query))


def _escalate(ident: int, limits: dict[str, timedelta]) -> int:
    note = record_class("core.notification")
    with system("escalate an unread message") as session:
        message = session.scalars(select(note).where(note.id == ident).with_for_update(skip_locked=True)).first()
        if message is None or message.severity not in limits:
            return 0
        waited = working(local(message.created_at), local(now()))
        done = set(session.scalars(select(Escalation.step).where(Escalation.message_id == ident)))
        made = 0
        for number, step in enumerate(STEPS, 1):
            if step not in done and waited >= limits[message.severity] * number:
                made += _tell(message, step)
        return made


def _tell(message: Any, step: str) -> int:
    """One step, written down also where there is nobody to tell, so that it is not looked at for ever."""
    told = _people(message.user_id, step)
    row = Escalation(message_id=message.id, user_id=message.user_id, step=step, told=told, at=now())
    db.session.add(row)
    db.session.flush()
    user = record_class("core.user")
    names = dict(db.session.execute(select(user.id, user.name).where(user.id == message.user_id)).all())
    languages = dict(db.session.execute(select(user.id, user.locale).where(user.id.in_(told))).all())
    for person in told:
        with use_locale(languages.get(person) or "zh"):
            who = names.get(message.user_id, "")
            subject = gettext("Unread by %(who)s: %(what)s", who=who, what=message.subject)
            key = f"inbox-escalation-{message.id}-{step}"
            notify([person], subject, body=message.body or "", severity="urgent", kind=KIND, key=key, **_about(message))
    return 1 if told else 0


def _about(message: Any) -> dict[str, Any]:
    if message.record_key not in registry().types or message.record_id is None:
        return {}
    model = record_class(message.record_key)
    return {"record": db.session.scalars(select(model).where(model.id == message.record_id)).first()}


def _people(user_id: int, step: str) -> list[int]:
    """Who stands in today; then heads of the department and above, or the person's manager where there is none."""
    if step == "deputy":
        return sorted(set(standing_for([user_id]).get(user_id, [])) - {user_id})
    user = record_class("core.user")
    manager = db.session.scalar(select(user.manager_id).where(user.id == user_id))
    near = _nearest_head(user_id) or manager
    return [near] if near and near != user_id else []


def _nearest_head(user_id: int) -> int | None:
    """The head of the person's own department, else the first one above."""
    found = heads_of(user_id) - {user_id}
    if not found:
        return None
    user, department = record_class("core.user"), record_class("core.department")
    own = select(department.head_id).join(user, user.department_id == department.id).where(user.id == user_id)
    near = db.session.scalar(own)
    return near if near in found else min(found)
