"""The daily digest: what waits for it, as one mail a day to each person, also after an outage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core import db, local, now, record_class, send_mail, setting, system, today, use_locale
from plugins.inbox import wording
from plugins.inbox.records import Attempt, Delivery, Habit
from plugins.inbox.timing import digest_due
from plugins.inbox.wishes import digest_hour

LINES = 60
"""So many messages stand in one mail; it says how many more there are."""


def send_digests() -> dict[str, int]:
    """Each person whose hour has come gets what waits; counts of mails and of messages in them."""
    waiting = select(Delivery.user_id).where(Delivery.state == "digest").distinct().order_by(Delivery.user_id)
    with system("look whose digest is due") as session:
        people = list(session.scalars(waiting))
    found = {"digests": 0, "digested": 0}
    for user_id in people:
        count = _digest(user_id)
        found["digests"] += count > 0
        found["digested"] += count
    return found


def _digest(user_id: int) -> int:
    """One person's digest in one transaction; the key of its mail makes it single. How many messages it carries."""
    with system("daily digest") as session:
        habit = _habit(session, user_id)
        if not digest_due(local(now()), digest_hour(habit), habit.digested_on):
            return 0
        person = session.get(record_class("core.user"), user_id)
        rows = _waiting(user_id)
        fresh = [(delivery, message) for delivery, message in rows if message.read_at is None]
        habit.digested_on = today()
        for delivery, message in rows:
            if message.read_at is not None:
                delivery.state, delivery.reason = "skipped", "read meanwhile"
        if not fresh or not person.active or not person.email:
            for delivery, _message in fresh:
                delivery.state, delivery.reason = "skipped", "no address"
            return 0
        mail = _mail(person, [message for _delivery, message in fresh])
        for delivery, _message in fresh:
            delivery.state, delivery.sent_at, delivery.mail_id, delivery.attempts = "sent", now(), mail, 1
            session.add(Attempt(delivery_id=delivery.id, at=now(), outcome="sent"))
        return len(fresh)


def _habit(session: Any, user_id: int) -> Habit:
    """The person's row, held until the end of the transaction: of two workers one waits."""
    found = session.scalars(select(Habit).where(Habit.user_id == user_id).with_for_update()).first()
    if found is None:
        found = Habit(user_id=user_id, **_of_deployment())
        session.add(found)
        session.flush()
    return found


def _of_deployment() -> dict[str, Any]:
    """A person who never chose keeps the deployment's times when a row is made for the last digest's day."""
    return {"quiet_from": setting("inbox.quiet_from"), "quiet_to": setting("inbox.quiet_to")}


def _waiting(user_id: int) -> Sequence[Any]:
    note = record_class("core.notification")
    query = select(Delivery, note).join(note, note.id == Delivery.message_id)
    wanted = query.where(Delivery.user_id == user_id, Delivery.state == "digest").order_by(note.id.desc())
    return list(db.session.execute(wanted.limit(1000)))


def _mail(person: Any, messages: Sequence[Any]) -> int | None:
    with use_locale(person.locale or "zh"):
        subject, text, html = wording.digest(person, messages[:LINES], max(0, len(messages) - LINES))
        key = f"inbox-digest-{person.id}-{today().isoformat()}"
        return send_mail(person.email, subject, text, html=html, user_id=person.id, key=key)
