"""The channel `inbox.mail`: a message as an e-mail, through the core's outbox of mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import Trace, db, record_class, run_action, send_mail
from plugins.inbox import wording
from plugins.inbox.replies.receiving import reply_address

SAME_MOMENT = timedelta(seconds=20)
"""A mail about the same record that was written together with a message says the same."""
STATES = {"sent": "sent", "kept": "sent", "failed": "failed"}


def key_of(message: Any) -> str:
    """Each message is one mail."""
    return f"inbox-mail-{message.id}"


def wanted(message: Any, person: Any) -> bool:
    """Whether the person has an address, and no mail was written to them about the same at the same moment."""
    if not person.email:
        return False
    mail = record_class("core.mail")
    if message.record_key is None:
        return True
    same = (mail.user_id == person.id, mail.record_key == message.record_key, mail.record_id == message.record_id)
    near = mail.created_at.between(message.created_at - SAME_MOMENT, message.created_at + SAME_MOMENT)
    return db.session.scalar(select(mail.id).where(*same, near).limit(1)) is None


def send(message: Any, person: Any) -> None:
    """Put the mail into the outbox; one that failed there goes again."""
    found = _mail(message)
    if found is not None:
        if found.status == "failed":
            run_action(found, "core.mail", "retry", {})
        return
    subject, text, html = wording.message(person, message, reply=bool(_answers_go(message, person)))
    send_mail(person.email, subject, text, html=html or None, user_id=person.id, key=key_of(message))


def trace(message: Any, person: Any) -> Trace | None:
    """What became of it."""
    found = _mail(message)
    if found is None:
        return None
    return Trace(STATES.get(found.status, "waiting"), found.message_id, found.error)


def _mail(message: Any) -> Any:
    mail = record_class("core.mail")
    return db.session.scalars(select(mail).where(mail.key == key_of(message))).first()


def _answers_go(message: Any, person: Any) -> str | None:
    """Where answers go, asked before there is a mail."""
    place = {"record_key": message.record_key, "record_id": message.record_id, "user_id": person.id, "key": None}
    return reply_address(type("Draft", (), place)())
