"""The outbox of texts: claimed and committed before the call, so that no doubt ever sends one twice. Limits per day."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import (
    Refused,
    Trace,
    db,
    enqueue,
    keep_secret,
    local,
    now,
    record_class,
    setting,
    system,
    today,
)
from plugins.inbox.delivering import discreet
from plugins.inbox.records import Text
from plugins.inbox.sms.numbers import masked, plain_number
from plugins.inbox.sms.provider import Account, NotSent, Sms, SmsProvider, Unclear, known
from plugins.inbox.wishes import FATAL

JOB = "inbox.send_texts"
LEASE = timedelta(minutes=3)
PAUSES = (60, 300, 1800, 7200)


def wanted(message: Any, person: Any) -> bool:
    """Whether texts are sent at all, and this person has a phone."""
    return chosen() is not None and plain_number(person.mobile) is not None


def chosen() -> SmsProvider | None:
    """The provider that the settings name."""
    return known().get(setting("inbox.sms_provider") or "")


def put(message: Any, person: Any) -> None:
    """One text for one message into the outbox, each once; one that failed goes again."""
    key, number = f"inbox-{message.id}", plain_number(person.mobile)
    if number is None:
        raise Refused("no mobile number")
    found = db.session.scalars(select(Text).where(Text.key == key)).first()
    if found is None:
        content = " ".join(message.subject.split())[: int(setting("inbox.sms_chars") or 35)]
        found = Text(user_id=person.id, number=masked(number), content=content, key=key)
        found.urgent = message.severity == FATAL
        db.session.add(found)
    elif found.state != "failed":
        return
    found.state, found.attempts, found.next_at, found.error = "queued", 0, now(), None
    db.session.flush()
    enqueue(JOB, key=JOB)


def trace(message: Any, person: Any) -> Trace | None:
    """What became of the text of a message."""
    found = db.session.scalars(select(Text).where(Text.key == f"inbox-{message.id}")).first()
    if found is None:
        return None
    states = {"sent": "sent", "failed": "failed", "unclear": "failed"}
    return Trace(states.get(found.state, "waiting"), found.remote_id, found.error)


def send_due(limit: int = 100) -> dict[str, int]:
    """Send what waits; counts by outcome."""
    _free_lost()
    counts: dict[str, int] = {}
    for ident in _waiting(limit):
        state = _send_one(ident)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _free_lost() -> None:
    """What was being sent by a process that is gone may have left: nobody sends it again by itself."""
    lost = (Text.state == "sending", Text.claimed_at < now() - LEASE)
    with system("look for lost texts") as session:
        values = {"state": "unclear", "error": "its process ended in the middle"}
        session.execute(update(Text).where(*lost).values(**values).execution_options(synchronize_session=False))


def _waiting(limit: int) -> list[int]:
    due = select(Text.id).where(Text.state == "queued", Text.next_at <= now())
    with system("look for texts to send") as session:
        return list(session.scalars(due.order_by(Text.urgent.desc(), Text.id).limit(limit)))


def _send_one(ident: int) -> str:
    claimed = _claim(ident)
    if isinstance(claimed, str):
        return claimed
    provider, account, sms = claimed
    keep_secret(account.secret)
    try:
        remote = provider.send(account, sms)
    except NotSent as refusal:
        return _end(ident, "queued" if refusal.again else "failed", error=discreet(refusal))
    except (Unclear, Refused) as doubt:
        return _end(ident, "unclear" if isinstance(doubt, Unclear) else "failed", error=discreet(doubt))
    except Exception as fault:  # a provider of another plugin: nobody knows how far it came
        return _end(ident, "unclear", error=discreet(fault))
    return _end(ident, "sent", remote=remote)


def _claim(ident: int) -> tuple[SmsProvider, Account, Sms] | str:
    """What is needed for the call, with the row marked as being sent and committed; or the state it got instead."""
    with system("send a text") as session:
        row = session.scalars(select(Text).where(Text.id == ident).with_for_update(skip_locked=True)).first()
        if row is None or row.state != "queued" or row.next_at > now():
            return "taken"
        provider, person = chosen(), session.get(record_class("core.user"), row.user_id)
        number = plain_number(person.mobile)
        if provider is None or number is None:
            row.state, row.error = "failed", "no provider, or no number any more"
            return row.state
        if reason := _over(session, row):
            row.state, row.error = "failed", reason
            return row.state
        mine = update(Text).where(Text.id == ident, Text.state == "queued", Text.attempts == row.attempts)
        values = {"state": "sending", "claimed_at": now(), "attempts": row.attempts + 1, "provider": provider.code}
        if session.execute(mine.values(**values).execution_options(synchronize_session=False)).rowcount != 1:
            return "taken"
        return provider, account(), Sms(number, {"text": row.content}, row.key)


def _over(session: Any, row: Text) -> str | None:
    """Why no more texts leave today: so many to one person, so many in all. Urgent ones pass the person's limit."""
    begin = datetime.combine(today(), time(), local(now()).tzinfo)
    sent = select(func.count(Text.id)).where(Text.state.in_(("sent", "sending", "unclear")), Text.claimed_at >= begin)
    if not row.urgent and session.scalar(sent.where(Text.user_id == row.user_id)) >= int(setting("inbox.sms_person")):
        return "as many texts a day as one person may get"
    if session.scalar(sent) >= int(setting("inbox.sms_day")):
        return "as many texts a day as the agency sends"
    return None


def _end(ident: int, state: str, *, remote: str | None = None, error: str | None = None) -> str:
    with system("outcome of a text") as session:
        row = session.get(Text, ident)
        if state == "queued" and row.attempts > len(PAUSES):
            state = "failed"
        row.state, row.remote_id, row.error = state, remote or row.remote_id, error
        if state == "queued":
            row.next_at = now() + timedelta(seconds=PAUSES[row.attempts - 1])
        if state == "sent":
            row.sent_at = now()
    return state


def account() -> Account:
    """The account in the settings."""
    names = ("key_id", "secret", "sign_name", "template", "app_id", "region", "address")
    return Account(**{name: str(setting(f"inbox.sms_{name}") or "").strip() for name in names})
