"""Cards and to-dos after the decision: buttons give way to words for everybody who was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from core import Refused, now, system
from plugins.im_bridge import quotas
from plugins.im_bridge.accounts import Counter, facts_of, vendor_of
from plugins.im_bridge.records import App, Message
from plugins.im_bridge.vendors.calls import AppFacts, CallFailed

LEASE = timedelta(minutes=2)
TRIES = 6


@dataclass(frozen=True)
class Update:
    """One card or to-do that is to change, good without a session."""

    message_id: int
    app: AppFacts
    kind: str
    key: str
    receiver: str
    union_id: str
    remote_id: str
    response_code: str
    text: str

    def call(self, vendor: Any) -> None:
        """Do it; raises `CallFailed`."""
        if self.kind == "todo":
            vendor.finish_todo(self.union_id, self.remote_id)
        elif self.app.kind == "dingtalk":
            vendor.update_card(self.key, {"state": self.text, "open": "false"})
        elif self.response_code:
            vendor.update_card(self.receiver, self.response_code, self.text)
        else:
            raise CallFailed("refused", "response_code", "no code left for an update")


def update_due(limit: int = 200) -> dict[str, int]:
    """Update what is to change; counts by outcome."""
    counts: dict[str, int] = {}
    for _turn in range(limit):
        found = _claim()
        if found is None:
            break
        state = _change(found)
        counts[state] = counts.get(state, 0) + 1
    return counts


def _claim() -> Update | None:
    """The next one, ours for two minutes; changing a card twice to the same words does no harm."""
    free = or_(Message.claimed_at.is_(None), Message.claimed_at < now() - LEASE)
    due = (Message.update_state == "due", Message.state.in_(("sent", "confirmed")), free)
    with system("claim a card update") as session:
        query = select(Message).where(*due).order_by(Message.id).limit(1)
        message = session.scalars(query.with_for_update(skip_locked=True)).first()
        if message is None:
            return None
        session.execute(_set(Message.id == message.id, claimed_at=now(), update_tries=Message.update_tries + 1))
        app = session.get(App, message.app_id)
        return Update(
            message.id,
            facts_of(app),
            message.kind,
            message.key,
            message.receiver or "",
            message.union_id or "",
            message.remote_id or "",
            message.response_code or "",
            message.update_text or "",
        )


def _set(*where: Any, **values: Any) -> Any:
    return update(Message).where(*where).values(**values).execution_options(synchronize_session=False)


def _change(found: Update) -> str:
    counter, problem = Counter(), None
    try:
        found.call(vendor_of(found.app, counter))
    except (CallFailed, Refused) as failure:
        problem = failure if isinstance(failure, CallFailed) else CallFailed("refused", "address", str(failure))
    with system("a card was updated") as session:
        message = session.get(Message, found.message_id)
        state = _outcome(problem, message.update_tries)
        message.update_state = state
        if problem is None:
            message.claimed_at = None
        if found.response_code:
            message.response_code = None  # good for one use, whatever came of it
        if state == "failed":
            _follow_up(session, message, found, problem)
        quotas.count(session, session.get(App, found.app.id), "calls", counter.calls)
    return state


def _outcome(problem: CallFailed | None, tries: int) -> str:
    if problem is None:
        return "done"
    return "failed" if problem.kind == "refused" or tries >= TRIES else "due"


def _follow_up(session: Any, message: Message, found: Update, problem: CallFailed | None) -> None:
    """A card that cannot be changed any more: the words follow as a plain message."""
    message.error = str(problem)[:400] if problem else None
    key = f"{message.key}_f"[:120]
    if found.kind == "todo" or session.scalar(select(Message.id).where(Message.key == key)) is not None:
        return
    session.add(
        Message(
            app_id=message.app_id,
            user_id=message.user_id,
            receiver=message.receiver,
            union_id=message.union_id,
            kind="message",
            key=key,
            subject=f"{found.text}: {message.subject}"[:300],
            path=message.path,
            record_key=message.record_key,
            record_id=message.record_id,
            next_at=now(),
        )
    )
