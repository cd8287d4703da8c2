"""The records of this plugin, and what it adds to the core's messages. No behaviour here."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, extend, fields, record_class
from plugins.inbox import choices

extend(
    record_class("core.notification"),
    "inbox",
    snoozed_until=fields.datetime(_("Snoozed until"), readonly=True, track=False, index=True),
    acknowledged_at=fields.datetime(_("Acknowledged at"), readonly=True),
)


def clock_text(value: str | None) -> str | None:
    """HH:MM, also written 7:5 or with a full-width colon; raises `ValueError`."""
    if not value:
        return None
    found = re.fullmatch(r"\s*(\d{1,2})\s*[:：]\s*(\d{1,2})\s*", str(value))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(_("Write a time of day like 22:30."))
    return f"{int(found[1]):02d}:{int(found[2]):02d}"


class Preference(Record):
    """What one person wants of one kind of messages by one channel."""

    __record__ = {
        "key": "inbox.preference",
        "label": _("Choice of channel"),
        "plural": _("Choices of channels"),
        "title": "kind",
        "icon": "adjustments",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("user_id", "kind", "channel", name="uq_inbox_preference_place"),)

    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, on_delete="cascade", index=False)
    kind: Mapped[str] = fields.text(_("Kind of message"), required=True, max_length=80)
    channel: Mapped[str] = fields.text(_("Channel"), required=True, max_length=60)
    wish: Mapped[str] = fields.choice(_("Choice"), choices.WISHES, required=True, default="auto")


class Habit(Record):
    """When one person wants to be left alone, and when the digest comes. Times are those of Shanghai."""

    __record__ = {
        "key": "inbox.habit",
        "label": _("Quiet hours and digest"),
        "plural": _("Quiet hours and digests"),
        "icon": "moon",
        "archive": False,
    }

    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, on_delete="cascade", unique=True)
    quiet_from: Mapped[str | None] = fields.text(_("Quiet from"), max_length=5, validate=clock_text)
    quiet_to: Mapped[str | None] = fields.text(_("Quiet until"), max_length=5, validate=clock_text)
    quiet_weekend: Mapped[bool] = fields.boolean(_("Quiet on Saturdays and Sundays"), default=False)
    digest_at: Mapped[str | None] = fields.text(_("Digest at"), max_length=5, validate=clock_text)
    digested_on: Mapped[date | None] = fields.date(_("Last digest"), readonly=True, track=False)


class Delivery(Record):
    """One message on its way by one channel."""

    __record__ = {
        "key": "inbox.delivery",
        "label": _("Delivery"),
        "plural": _("Deliveries"),
        "title": "subject",
        "secondary": "channel",
        "icon": "send",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        UniqueConstraint("message_id", "channel", name="uq_inbox_delivery_once"),
        Index("ix_inbox_delivery_due", "state", "next_at"),
        Index("ix_inbox_delivery_person", "user_id", "state"),
    )

    message_id: Mapped[int] = fields.link(
        "core.notification", _("Message"), required=True, readonly=True, on_delete="cascade", index=False
    )
    user_id: Mapped[int] = fields.link(
        "core.user", _("To"), required=True, readonly=True, on_delete="cascade", index=False
    )
    subject: Mapped[str] = fields.text(_("Subject"), required=True, readonly=True, max_length=300)
    kind: Mapped[str] = fields.text(_("Kind of message"), required=True, readonly=True, max_length=80)
    severity: Mapped[str] = fields.text(_("Severity"), required=True, readonly=True, max_length=20, default="info")
    channel: Mapped[str] = fields.text(_("Channel"), required=True, readonly=True, max_length=60)
    state: Mapped[str] = fields.choice(
        _("State"), choices.STATES, required=True, readonly=True, default="waiting", track=False
    )
    reason: Mapped[str | None] = fields.text(_("Why"), readonly=True, max_length=200, track=False)
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime | None] = fields.datetime(_("Next try"), readonly=True, track=False)
    sent_at: Mapped[datetime | None] = fields.datetime(_("Sent at"), readonly=True, track=False)
    remote_id: Mapped[str | None] = fields.text(_("Number there"), readonly=True, max_length=200, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400, track=False)
    mail_id: Mapped[int | None] = fields.link(
        "core.mail", _("Digest"), readonly=True, on_delete="set_null", index=False
    )


class Attempt(Record):
    """One try of a delivery: when, and what came of it."""

    __record__ = {
        "key": "inbox.attempt",
        "label": _("Attempt"),
        "plural": _("Attempts"),
        "title": "outcome",
        "icon": "activity",
        "order": "-id",
        "archive": False,
    }

    delivery_id: Mapped[int] = fields.link(
        "inbox.delivery", _("Delivery"), required=True, readonly=True, on_delete="cascade"
    )
    at: Mapped[datetime] = fields.datetime(_("Time"), required=True, readonly=True)
    outcome: Mapped[str] = fields.choice(_("Outcome"), choices.OUTCOMES, required=True, readonly=True)
    remote_id: Mapped[str | None] = fields.text(_("Number there"), readonly=True, max_length=200)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400)


class Escalation(Record):
    """Somebody else was told that a message stayed unread."""

    __record__ = {
        "key": "inbox.escalation",
        "label": _("Escalation"),
        "plural": _("Escalations"),
        "title": "step",
        "icon": "stairs",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("message_id", "step", name="uq_inbox_escalation_once"),)

    message_id: Mapped[int] = fields.link(
        "core.notification", _("Message"), required=True, readonly=True, on_delete="cascade", index=False
    )
    user_id: Mapped[int] = fields.link("core.user", _("Unread by"), required=True, readonly=True, on_delete="cascade")
    step: Mapped[str] = fields.choice(_("Step"), choices.STEPS, required=True, readonly=True)
    told: Mapped[list | None] = fields.json(_("Who was told"), readonly=True)
    at: Mapped[datetime] = fields.datetime(_("Time"), required=True, readonly=True)


class Template(Record):
    """The wording of one mail in one language; a closed template language, no code."""

    __record__ = {
        "key": "inbox.template",
        "open": "wording of mails, the same for everybody",
        "label": _("Mail template"),
        "plural": _("Mail templates"),
        "title": "name",
        "secondary": "language",
        "icon": "mail",
        "order": "code",
        "archive": False,
    }

    code: Mapped[str] = fields.choice(_("Mail"), choices.TEMPLATES, required=True)
    name: Mapped[str | None] = fields.text(_("Name"), max_length=120, unique=True, compute=lambda record: _name(record))
    language: Mapped[str] = fields.choice(_("Language"), choices.LANGUAGES, required=True)
    subject: Mapped[str] = fields.text(_("Subject"), required=True, max_length=300)
    text: Mapped[str] = fields.long_text(_("Text"), required=True, max_length=20_000)
    html: Mapped[str | None] = fields.long_text(_("Text as HTML"), max_length=40_000)


def _name(template: Template) -> str:
    """What a template is for, in both languages, and its own: each once."""
    label = next((choice.label for choice in choices.TEMPLATES if choice.code == template.code), None)
    return f"{label.zh} / {label.en} ({template.language})" if label else f"{template.code} ({template.language})"


class Text(Record):
    """One text message to a phone. The number is kept masked; the real one is read when it is sent."""

    __record__ = {
        "key": "inbox.text",
        "label": _("Text message"),
        "plural": _("Text messages"),
        "title": "content",
        "secondary": "number",
        "icon": "phone",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_inbox_text_due", "state", "next_at"), Index("ix_inbox_text_sent", "user_id", "sent_at"))

    user_id: Mapped[int] = fields.link(
        "core.user", _("To"), required=True, readonly=True, on_delete="cascade", index=False
    )
    number: Mapped[str] = fields.text(_("Phone number"), required=True, readonly=True, max_length=30)
    content: Mapped[str] = fields.text(_("Content"), required=True, readonly=True, max_length=300)
    key: Mapped[str] = fields.text(_("Key"), required=True, unique=True, readonly=True, hidden=True, max_length=120)
    urgent: Mapped[bool] = fields.boolean(_("Urgent"), readonly=True, default=False)
    provider: Mapped[str | None] = fields.text(_("Provider"), readonly=True, max_length=40)
    state: Mapped[str] = fields.choice(
        _("State"), choices.TEXT_STATES, required=True, readonly=True, default="queued", track=False
    )
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime | None] = fields.datetime(_("Next try"), readonly=True, track=False)
    claimed_at: Mapped[datetime | None] = fields.datetime(
        _("Being sent since"), readonly=True, hidden=True, track=False
    )
    sent_at: Mapped[datetime | None] = fields.datetime(_("Sent at"), readonly=True, track=False)
    remote_id: Mapped[str | None] = fields.text(_("Number there"), readonly=True, max_length=200, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400, track=False)


class Reply(Record):
    """One mail that came in, each once by its Message-ID, and what became of it."""

    __record__ = {
        "key": "inbox.reply",
        "label": _("Incoming mail"),
        "plural": _("Incoming mails"),
        "title": "subject",
        "secondary": "sender",
        "icon": "mail-opened",
        "order": "-id",
        "archive": False,
    }

    message_id: Mapped[str] = fields.text(_("Message-ID"), required=True, unique=True, readonly=True, max_length=300)
    sender: Mapped[str | None] = fields.text(_("Sender"), readonly=True, max_length=200)
    user_id: Mapped[int | None] = fields.link("core.user", _("Person"), readonly=True, on_delete="set_null")
    subject: Mapped[str] = fields.text(_("Subject"), required=True, readonly=True, max_length=300)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    state: Mapped[str] = fields.choice(_("State"), choices.REPLY_STATES, required=True, readonly=True)
    reason: Mapped[str | None] = fields.text(_("Why"), readonly=True, max_length=300)
    files: Mapped[int] = fields.integer(_("Files"), required=True, readonly=True, default=0)


RECORDS = (Preference, Habit, Delivery, Attempt, Escalation, Template, Text, Reply)
