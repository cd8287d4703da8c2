"""The outbox: claim, one call without a transaction, then what came of it. Nothing is sent twice on a guess."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from core import Refused, local, now, system, use_locale
from plugins.im_bridge import quotas
from plugins.im_bridge.accounts import Counter, locale_of, vendor_of
from plugins.im_bridge.bodies import Parcel, parcel_of
from plugins.im_bridge.records import App, Message
from plugins.im_bridge.vendors.calls import CallFailed, Sent
from plugins.im_bridge.vendors.wecom import DUPLICATE_SPAN

LEASE = timedelta(minutes=3)
TRIES = 8
DIGEST = 40
URGENCY = {"fatal": 0, "urgent": 1, "warning": 2, "info": 3}


@dataclass(frozen=True)
class Claimed:
    """Rows that are ours to send, and the call that sends them."""

    ids: tuple[int, ...]
    parcel: Parcel
    attempts: int
    again: bool = False


def send_due(limit: int = 300) -> dict[str, int]:
    """Send what waits; counts by outcome."""
    _free_lost()
    counts: dict[str, int] = {}
    resting: set[int] = set()
    for _turn in range(limit):
        claimed = _claim(resting)
        if claimed is None:
            break
        state = _send(claimed)
        counts[state] = counts.get(state, 0) + len(claimed.ids)
        if state in ("pending", "unknown"):
            resting.add(claimed.parcel.app.id)  # a platform that does not answer keeps nobody else waiting
    return counts


def _free_lost() -> None:
    """What was being sent by a process that is gone may have arrived: it is not known."""
    lost = (Message.state == "sending", Message.claimed_at < now() - LEASE)
    with system("look for lost messages") as session:
        values = {"state": "unknown", "next_at": now(), "error": "its process ended in the middle"}
        session.execute(_change(*lost, **values))


def _change(*where: Any, **values: Any) -> Any:
    return update(Message).where(*where).values(**values).execution_options(synchronize_session=False)


def _claim(resting: set[int]) -> Claimed | None:
    """The next messages, marked as being sent and committed before the first byte leaves; None when nothing is due."""
    with system("claim messages") as session:
        while (first := _next(session, resting)) is not None:
            app = session.get(App, first.app_id)
            if (pause := quotas.pause_before(session, app, first)) is not None:
                session.execute(_change(Message.id == first.id, state="held", next_at=now() + pause))
                session.expire(first)
                continue
            group = _together(session, first)
            ids = tuple(message.id for message in group)
            mine = (Message.id.in_(ids), Message.state.in_(("pending", "held")))
            values = {"state": "sending", "claimed_at": now(), "attempts": Message.attempts + 1, "batch": ids[0]}
            if session.execute(_change(*mine, **values)).rowcount != len(ids):
                raise Refused("another process was faster")
            with use_locale(locale_of(first.user_id)):
                parcel = parcel_of(app, group)
            return Claimed(ids, parcel, first.attempts + 1, first.batch is not None)
    return None


def _next(session: Any, resting: set[int]) -> Message | None:
    """What is due first: cards and to-dos, then by urgency, then by age."""
    query = select(Message).join(App, App.id == Message.app_id)
    query = query.where(Message.state.in_(("pending", "held")), Message.next_at <= now(), App.active)
    query = query.where(App.id.not_in(resting))
    due = session.scalars(query.order_by(Message.id).limit(200).with_for_update(of=Message, skip_locked=True)).all()
    ranked = sorted(due, key=lambda m: (m.kind == "message", URGENCY.get(m.severity, 3), m.id))
    return ranked[0] if ranked else None


def _together(session: Any, first: Message) -> Sequence[Message]:
    """The plain messages that leave with this one: of a repeated batch the same, else the person's ordinary ones."""
    if first.kind != "message":
        return [first]
    query = (
        select(Message).where(Message.state.in_(("pending", "held")), Message.kind == "message").order_by(Message.id)
    )
    if first.batch is not None:
        return session.scalars(query.where(Message.batch == first.batch)).all()
    if first.severity != "info":
        return [first]
    same = (Message.app_id == first.app_id, Message.receiver == first.receiver, Message.severity == "info")
    return session.scalars(query.where(*same, Message.batch.is_(None), Message.next_at <= now()).limit(DIGEST)).all()


def _send(claimed: Claimed) -> str:
    counter = Counter()
    vendor = vendor_of(claimed.parcel.app, counter)
    try:
        sent = claimed.parcel.send(vendor)
    except (CallFailed, Refused) as failure:
        problem = failure if isinstance(failure, CallFailed) else CallFailed("refused", "address", str(failure))
        return _failed(claimed, problem, counter)
    return _arrived(claimed, sent, counter)


def _arrived(claimed: Claimed, sent: Sent, counter: Counter) -> str:
    """Accepted; people whom the vendor named as left out have not got it."""
    with system("a message was taken") as session:
        for message in session.scalars(select(Message).where(Message.id.in_(claimed.ids))):
            reason = sent.failed.get(message.receiver or "")
            message.state, message.error = ("failed", reason) if reason else ("sent", None)
            message.sent_at, message.remote_id = now(), sent.remote_id[:200] or None
            message.response_code = sent.response_code or message.response_code
        app = _app_said(session, claimed, None)
        quotas.count(session, app, "calls", counter.calls)
        quotas.count(session, app, "messages", 1)
    return "failed" if sent.failed else "sent"


def _failed(claimed: Claimed, failure: CallFailed, counter: Counter) -> str:
    """A refusal is final, a full platform is asked later, and what may have been done is looked at before anything."""
    kind, last = failure.kind, claimed.attempts >= TRIES
    state = "unknown" if kind == "unknown" else "failed" if kind == "refused" or last else "pending"
    with system("a message was not taken") as session:
        values = {"state": state, "error": str(failure)[:400], "next_at": _later(claimed.attempts)}
        if state == "pending" and not claimed.again and kind != "throttled":
            values["batch"] = None
        session.execute(_change(Message.id.in_(claimed.ids), **values))
        app = _app_said(session, claimed, failure)
        quotas.count(session, app, "calls", counter.calls)
    return state


def _app_said(session: Any, claimed: Claimed, failure: CallFailed | None) -> App:
    said = {"last_error": str(failure)[:400]} if failure else {"last_error": None, "last_ok_at": now()}
    where = update(App).where(App.id == claimed.parcel.app.id)
    session.execute(where.values(**said).execution_options(synchronize_session=False))
    return session.get(App, claimed.parcel.app.id, populate_existing=True)


def _later(attempts: int) -> datetime:
    """Growing pauses with chance in them, so that nothing gathers at the full minute."""
    return now() + timedelta(seconds=min(30 * 2**attempts, 3600) * random.uniform(0.8, 1.3))  # noqa: S311 - no secret


def reconcile() -> dict[str, int]:
    """What is unknown leaves that state by asking, or by a repeat that the vendor recognises; else it has failed."""
    with system("look for unknown messages") as session:
        query = select(Message.id).where(Message.state == "unknown", Message.next_at <= now()).order_by(Message.id)
        ids = list(session.scalars(query.where(Message.app_id.is_not(None)).limit(100)))
    counts: dict[str, int] = {}
    for ident in ids:
        state = _clear_up(ident)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _clear_up(ident: int) -> str:
    with system("clear up a message") as session:
        message = session.get(Message, ident)
        app = session.get(App, message.app_id)
        if message.kind != "todo":
            if message.attempts < TRIES and _repeat_is_known(app, message):
                message.state, message.next_at = "pending", now()
            else:
                message.state = "failed"
            return message.state
        with use_locale(locale_of(message.user_id)):
            parcel, attempts = parcel_of(app, [message]), message.attempts
    counter = Counter()
    try:
        found = parcel.find(vendor_of(parcel.app, counter))
    except CallFailed as failure:
        return _still_unknown(parcel, ident, attempts, str(failure), counter)
    with system("a to-do was looked for") as session:
        message = session.get(Message, ident)
        message.state, message.error = ("sent", None) if found else ("pending", message.error)
        message.remote_id, message.sent_at, message.next_at = found, now() if found else None, now()
        quotas.count(session, session.get(App, parcel.app.id), "calls", counter.calls)
        return message.state


def _repeat_is_known(app: App, message: Message) -> bool:
    """Whether the vendor recognises the same message: WeCom for hours, DingTalk notices that day, cards for ever."""
    since = message.claimed_at or message.created_at
    if app.kind == "wecom":
        return now() - since < timedelta(seconds=DUPLICATE_SPAN) - LEASE
    return message.kind == "card" or local(since).date() == local(now()).date()


def _still_unknown(parcel: Parcel, ident: int, attempts: int, error: str, counter: Counter) -> str:
    with system("a to-do could not be looked for") as session:
        state = "unknown" if attempts < TRIES else "failed"
        values = {"state": state, "error": error[:400], "next_at": _later(attempts), "attempts": attempts + 1}
        session.execute(_change(Message.id == ident, **values))
        quotas.count(session, session.get(App, parcel.app.id), "calls", counter.calls)
    return state
