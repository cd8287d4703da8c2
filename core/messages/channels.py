"""Messages on their way through plugins' channels: one delivery per message and channel, each with its own retries."""

from __future__ import annotations

from functools import partial
from typing import Any

from core.contributions import Channel
from core.db import db
from core.permissions.org import User
from core.records.notes import Notification
from core.registry import Subscriber, registry

EVENT = "core.notification.created"


def subscriber(channel: Channel) -> Subscriber:
    """What hears of new messages for a channel."""
    return Subscriber(f"channel.{channel.code}", EVENT, partial(deliver, channel.code))


def deliver(code: str, payload: dict[str, Any], key: str) -> None:
    """Send one message through one channel, unless its receiver is gone or a plugin takes the delivery over."""
    message = db.session.get(Notification, payload["id"])
    person = db.session.get(User, message.user_id) if message is not None else None
    if message is None or person is None or not person.active:
        return
    channel = registry().channels[code]
    if not registry().hooks.first("provide_delivery", channel=channel, message=message, person=person):
        send_through(channel, message, person)


def send_through(channel: Channel, message: Any, person: Any) -> str | None:
    """Hand a message to a channel that wants it; the provider's id of it, where it tells one. Raises what it raises."""
    if not channel.wanted(message, person):
        return None
    found = channel.send(message, person)
    return found if isinstance(found, str) else None


def kind_of(message: Any) -> str:
    """The kind of a message, by which people choose channels."""
    return message.kind or message.record_key or "core.message"
