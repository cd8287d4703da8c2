"""Tables of webhooks: `core.webhook`, `core.webhook_message`, and ids of messages that came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.i18n import L, _
from core.records import fields
from core.records.base import Base, Record
from core.records.fields import Choice
from core.records.types import Instant

KINDS = (
    Choice("created", L("新建", "Created")),
    Choice("updated", L("修改", "Changed")),
    Choice("status", L("状态变化", "Status changed")),
    Choice("archived", L("归档", "Archived")),
    Choice("restored", L("恢复", "Restored")),
    Choice("deleted", L("删除", "Deleted")),
    Choice("action", L("执行操作", "An action was run")),
)
STATES = (
    Choice("waiting", L("待发", "Waiting"), "accent"),
    Choice("sending", L("发送中", "Being sent"), "accent"),
    Choice("sent", L("已送达", "Delivered"), "done"),
    Choice("dead", L("已放弃", "Given up"), "danger"),
)
PING = "ping"
SEND = "core.webhooks.send"
"""The job that sends what is due."""


def told_records() -> list[Choice]:
    """The record types that webhooks may tell of."""
    from core.registry import registry

    kinds = [kind for kind in registry().types.values() if not kind.key.startswith("core.webhook")]
    kinds.sort(key=lambda kind: (kind.key.startswith("core."), kind.key))
    return [Choice(kind.key, kind.label) for kind in kinds]


class Webhook(Record):
    """An address that is told of events. What it is told is what its person may see."""

    __record__ = {
        "key": "core.webhook",
        "label": _("Webhook"),
        "plural": _("Webhooks"),
        "title": "name",
        "secondary": "url",
        "icon": "plug",
        "order": "name",
        "archive": False,
    }
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True)
    url: Mapped[str] = fields.text(_("Address"), required=True, max_length=1000, help=_("It begins with https://."))
    user_id: Mapped[int] = fields.link(
        "core.user",
        _("With the eyes of"),
        required=True,
        help=_("Records and fields that this person may not see are never sent."),
    )
    active: Mapped[bool] = fields.boolean(_("Switched on"), default=True)
    records: Mapped[list | None] = fields.multi_choice(_("Of which records"), told_records, required=True)
    kinds: Mapped[list | None] = fields.multi_choice(_("What happened"), KINDS, required=True)
    condition: Mapped[str | None] = fields.long_text(
        _("Only if"),
        max_length=4000,
        help=_("Filter a list as you need it and paste its address here. Empty: always."),
    )
    secret: Mapped[str | None] = fields.secret(_("Key"), readonly=True, hidden=True)
    old_secret: Mapped[str | None] = fields.secret(_("Key before"), readonly=True, hidden=True)
    old_until: Mapped[datetime | None] = fields.datetime(_("Key before holds until"), readonly=True)
    failing_since: Mapped[datetime | None] = fields.datetime(_("Fails since"), readonly=True, track=False)
    sent_at: Mapped[datetime | None] = fields.datetime(_("Last delivered"), readonly=True, track=False)
    off_reason: Mapped[str | None] = fields.text(_("Why it is off"), readonly=True, max_length=400)


class WebhookMessage(Record):
    """One event on its way to one webhook, with its tries."""

    __record__ = {
        "key": "core.webhook_message",
        "label": _("Webhook message"),
        "plural": _("Webhook messages"),
        "title": "event",
        "icon": "send",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_core_webhook_message_open", "state", "next_at", "id"),)
    webhook_id: Mapped[int] = fields.link(
        "core.webhook", _("Webhook"), required=True, readonly=True, on_delete="cascade"
    )
    ident: Mapped[str] = fields.text(_("Message id"), required=True, unique=True, readonly=True, max_length=60)
    key: Mapped[str] = fields.text(_("Key"), required=True, unique=True, readonly=True, hidden=True, max_length=200)
    event: Mapped[str] = fields.text(_("Event"), required=True, readonly=True, search=True, max_length=120)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    body: Mapped[str] = fields.long_text(_("What was sent"), required=True, readonly=True, hidden=True, track=False)
    state: Mapped[str] = fields.choice(_("Status"), STATES, required=True, readonly=True, default="waiting")
    attempts: Mapped[int] = fields.integer(_("Tries"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime | None] = fields.datetime(_("Next try"), readonly=True, track=False)
    lease_until: Mapped[datetime | None] = fields.datetime(_("Sending until"), readonly=True, hidden=True, track=False)
    sent_at: Mapped[datetime | None] = fields.datetime(_("Delivered"), readonly=True, track=False)
    code: Mapped[int | None] = fields.integer(_("Answer"), readonly=True, track=False)
    tries: Mapped[list | None] = fields.json(_("Log of tries"), readonly=True, hidden=True, track=False)


class SeenWebhook(Base):
    """The id of a message that came in from `source`, so that it counts once."""

    __tablename__ = "core_webhook_seen"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant(), nullable=False, index=True)


WEBHOOK_RECORDS: tuple[type[Any], ...] = (Webhook, WebhookMessage)
