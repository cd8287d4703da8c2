"""What follows a message: a mail where it surely did not arrive or may not have, and the vendor's word on warnings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from core import now, record_class, send_mail, system
from plugins.im_bridge import quotas
from plugins.im_bridge.accounts import Counter, facts_of, vendor_of
from plugins.im_bridge.records import App, Message
from plugins.im_bridge.vendors.calls import CallFailed
from plugins.im_bridge.wording import address, find

UNKNOWN_FOR = timedelta(minutes=5)
HELD_FOR = timedelta(minutes=30)
ARRIVED = ("read_user_id_list", "unread_user_id_list")
NOT_ARRIVED = ("invalid_user_id_list", "forbidden_user_id_list", "failed_user_id_list")


def mail_what_did_not_arrive(limit: int = 200) -> int:
    """The same words by mail, once per message; how many.

    What a used-up limit keeps back for longer than people should wait goes by mail at once, and as a plain message not
    by the messenger any more: nobody wants last month's news when a month begins.
    """
    late_unknown = and_(Message.state == "unknown", Message.created_at < now() - UNKNOWN_FOR)
    waits = or_(Message.state == "held", and_(Message.state == "pending", Message.attempts > 0))
    late_held = and_(waits, or_(Message.created_at < now() - HELD_FOR, Message.next_at > now() + HELD_FOR))
    with system("messages that did not arrive go by mail") as session:
        due = (Message.user_id.is_not(None), Message.mailed.is_(False))
        query = select(Message).where(*due, or_(Message.state == "failed", late_unknown, late_held))
        found = list(session.scalars(query.order_by(Message.id).limit(limit)))
        for message in found:
            _mail(session, message)
            if message.state == "held" and message.kind == "message":
                message.state = "void"
        return len(found)


def _mail(session: Any, message: Message) -> None:
    user = session.get(record_class("core.user"), message.user_id)
    text = "\n\n".join(part for part in (message.body, address(message.path)) if part) or message.subject
    record = find(message.record_key, message.record_id)
    send_mail(user.email, message.subject, text, user_id=user.id, record=record, key=f"im-{message.id}")
    message.mailed = True


def ask_results(limit: int = 50) -> dict[str, int]:
    """Ask DingTalk what became of warnings that must arrive; costs a call each, so only for the gravest."""
    with system("which warnings to ask for") as session:
        since, until = now() - timedelta(hours=23), now() - timedelta(minutes=5)
        query = select(Message, App).join(App, App.id == Message.app_id).where(App.kind == "dingtalk", App.active)
        query = query.where(Message.kind == "message", Message.severity.in_(("fatal", "urgent")))
        query = query.where(
            Message.state == "sent", Message.remote_id.is_not(None), Message.sent_at.between(since, until)
        )
        asked = [(m.id, m.receiver, m.remote_id, facts_of(a)) for m, a in session.execute(query.limit(limit))]
    counts: dict[str, int] = {}
    for ident, receiver, remote_id, facts in asked:
        state = _ask(ident, receiver or "", remote_id, facts)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _ask(ident: int, receiver: str, remote_id: str, facts: Any) -> str:
    counter = Counter()
    try:
        lists = vendor_of(facts, counter).result_of(remote_id)
    except CallFailed:
        lists = {}
    with system("what became of a warning") as session:
        message = session.get(Message, ident)
        if any(receiver in lists.get(name, ()) for name in ARRIVED):
            message.state, message.confirmed_at = "confirmed", now()
        elif any(receiver in lists.get(name, ()) for name in NOT_ARRIVED):
            message.state, message.error = "failed", "the platform did not deliver it"
        quotas.count(session, session.get(App, facts.id), "calls", counter.calls)
        return message.state
