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
    """Send one message through one channel, if its receiver is still there and the channel is for them."""
    message = db.session.get(Notification, payload["id"])
    person = db.session.get(User, message.user_id) if message is not None else None
    channel = registry().channels[code]
    if message is not None and person is not None and person.active and channel.wanted(message, person):
        channel.send(message, person)
