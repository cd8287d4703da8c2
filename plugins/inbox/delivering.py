"""Deliveries: each message once per channel, tried until it has left, every attempt kept. When is decided in wishes."""

from __future__ import annotations

import logging
import re
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import _, db, kind_of, mask, now, record_class, registry, send_through, system, use_locale
from plugins.inbox.records import Attempt, Delivery
from plugins.inbox.wishes import FATAL, Verdict, verdict

log = logging.getLogger("zhian.inbox")

PAUSES = (60, 300, 1800, 7200, 21600)
"""Seconds before each further try; after the last one a delivery is given up and shown."""
LOOKS = (30, 120, 600, 3600, 21600, 86400)
"""Seconds between looks at what a channel did with what it took."""
BATCH = 200
NUMBER = re.compile(r"(?<!\d)(\+?86)?(1\d{2})\d{4}(\d{4})(?!\d)")


def take(channel: Any, message: Any, person: Any) -> bool | None:
    """A message on its way by a channel: sent, put off or left out as the person wants, and written down."""
    if person.realm != "staff":
        return None
    once = select(Delivery.id).where(Delivery.message_id == message.id, Delivery.channel == channel.code)
    if db.session.scalar(once) is not None or not channel.wanted(message, person):
        return True
    found = verdict(person.id, kind_of(message), channel.code, message.severity)
    delivery = Delivery(
        message_id=message.id,
        user_id=person.id,
        subject=message.subject,
        kind=kind_of(message),
        severity=message.severity,
        channel=channel.code,
    )
    if found.state == "now":
        attempt(delivery, channel, message, person)
    else:
        _put_off(delivery, found)
    db.session.add(delivery)
    db.session.flush()
    return True


def _put_off(delivery: Delivery, found: Verdict) -> None:
    delivery.state, delivery.next_at, delivery.reason = found.state, found.next_at, found.reason


def attempt(delivery: Delivery, channel: Any, message: Any, person: Any) -> None:
    """One try, written down whatever comes of it; what a failed one wrote is taken back."""
    delivery.attempts = (delivery.attempts or 0) + 1
    try:
        with db.session.begin_nested(), use_locale(person.locale or "zh"):
            remote = send_through(channel, message, person)
            db.session.flush()
    except Exception as fault:  # whatever a channel raises is a failed attempt and no more
        log.warning("message %s by %s: %s", message.id, channel.code, discreet(fault))
        _failed(delivery, discreet(fault))
        return
    delivery.state = "handed" if channel.trace else "sent"
    delivery.sent_at, delivery.remote_id, delivery.error = now(), remote, None
    delivery.next_at = now() + timedelta(seconds=LOOKS[0]) if channel.trace else None
    if not channel.trace:
        _write_down(delivery, "sent")


def _failed(delivery: Delivery, error: str) -> None:
    given_up = delivery.attempts > len(PAUSES)
    delivery.state, delivery.error = "dead" if given_up else "retry", error
    delivery.next_at = None if given_up else now() + timedelta(seconds=PAUSES[delivery.attempts - 1])
    _write_down(delivery, "failed")


def _write_down(delivery: Delivery, outcome: str) -> None:
    db.session.add(delivery)
    db.session.flush()
    found = {"remote_id": delivery.remote_id, "error": delivery.error}
    db.session.add(Attempt(delivery_id=delivery.id, at=now(), outcome=outcome, **found))


def discreet(fault: object) -> str:
    """An error without secrets, and with numbers of people masked."""
    name = f"{type(fault).__name__}: " if isinstance(fault, Exception) and not str(fault).strip() else ""
    return NUMBER.sub(r"\1\2****\3", mask(f"{name}{fault}"))[:400]


def work_due() -> dict[str, int]:
    """What waited for its time or for another try, and what channels did with what they took; counts by state."""
    counts: Counter[str] = Counter()
    for ident in _due(("waiting", "retry")):
        counts[_again(ident)] += 1
    for ident in _due(("handed",)):
        counts[_look(ident)] += 1
    return dict(counts)


def _due(states: tuple[str, ...]) -> list[int]:
    query = select(Delivery.id).where(Delivery.state.in_(states), Delivery.next_at <= now())
    with system("look for messages that are due") as session:
        return list(session.scalars(query.order_by(Delivery.next_at, Delivery.id).limit(BATCH)))


def _claimed(session: Any, ident: int, states: tuple[str, ...]) -> tuple[Any, Any, Any, Any] | None:
    """Delivery, channel, message and person, the first one held until the end of the transaction."""
    query = select(Delivery).where(Delivery.id == ident, Delivery.state.in_(states), Delivery.next_at <= now())
    delivery = session.scalars(query.with_for_update(skip_locked=True)).first()
    if delivery is None:
        return None
    message = session.get(record_class("core.notification"), delivery.message_id)
    person = session.get(record_class("core.user"), delivery.user_id)
    return delivery, registry().channels.get(delivery.channel), message, person


def _again(ident: int) -> str:
    with system("send a message that waited") as session:
        found = _claimed(session, ident, ("waiting", "retry"))
        if found is None:
            return "taken"
        delivery, channel, message, person = found
        if channel is None or not person.active:
            _put_off(delivery, Verdict("skipped", reason="the channel or the person is gone"))
        elif message.read_at is not None and message.severity != FATAL and delivery.state == "waiting":
            _put_off(delivery, Verdict("skipped", reason="read meanwhile"))
        else:
            attempt(delivery, channel, message, person)
        return delivery.state


def _look(ident: int) -> str:
    """What a channel tells of a message that it took."""
    with system("ask what became of a message") as session:
        found = _claimed(session, ident, ("handed",))
        if found is None:
            return "taken"
        delivery, channel, message, person = found
        told = channel.trace(message, person) if channel is not None and channel.trace else None
        if told is None or told.state == "waiting":
            _look_later(delivery)
        else:
            delivery.state = "dead" if told.state == "failed" else told.state
            delivery.remote_id, delivery.next_at = told.id or delivery.remote_id, None
            delivery.error = discreet(told.error) if told.error else None
            _write_down(delivery, told.state)
        return delivery.state


def _look_later(delivery: Delivery) -> None:
    """Looks grow rarer; what nobody tells about for two days is left as handed over."""
    age = (now() - delivery.sent_at).total_seconds()
    pause = next((seconds for seconds in LOOKS if seconds > age), None)
    delivery.next_at = now() + timedelta(seconds=pause) if pause and age < 2 * LOOKS[-1] else None


def send_again(delivery: Delivery) -> None:
    """A delivery that was given up gets a new life."""
    delivery.state, delivery.attempts, delivery.next_at = "retry", 0, now()
    db.session.flush()


def can_send_again(delivery: Any) -> Any:
    """True, or the reason why not."""
    return True if delivery.state == "dead" else _("Only deliveries that were given up are tried again.")
