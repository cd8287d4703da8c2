"""The records of this plugin: apps, people, group robots, messages out, messages in, quotas. No behaviour here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.im_bridge import choices
from plugins.im_bridge.codec import BadCallback, Codec

APP = "im_bridge.app"


class App(Record):
    """One self-built app of WeCom or DingTalk, with all that is needed to speak with it."""

    __record__ = {
        "key": APP,
        "open": "apps of the whole agency",
        "label": _("Messenger app"),
        "plural": _("Messenger apps"),
        "title": "name",
        "icon": "message",
        "order": "name",
        "archive": True,
    }
    __table_args__ = (UniqueConstraint("kind", "corp_id", "agent_id", name="uq_im_bridge_app_agent"),)

    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=80)
    kind: Mapped[str] = fields.choice(_("Platform"), choices.VENDORS, required=True)
    active: Mapped[bool] = fields.boolean(_("Switched on"), default=True)
    corp_id: Mapped[str] = fields.text(_("Corp ID"), required=True, max_length=80)
    agent_id: Mapped[str] = fields.text(
        _("Agent ID"), required=True, max_length=40, validate=lambda value: _whole(value)
    )
    app_key: Mapped[str | None] = fields.text(_("Client ID (AppKey)"), max_length=80, help=_("DingTalk only."))
    secret: Mapped[str | None] = fields.secret(_("Secret"))
    callback_token: Mapped[str | None] = fields.secret(_("Callback token"))
    callback_key: Mapped[str | None] = fields.secret(
        _("Callback AES key"), help=_("43 characters."), validate=lambda value: _aes_key(value)
    )
    card_secret: Mapped[str | None] = fields.secret(
        _("Card callback secret"), help=_("DingTalk card clicks over HTTP; not needed with Stream.")
    )
    stream: Mapped[bool] = fields.boolean(
        _("Stream mode"), default=True, help=_("DingTalk calls through a line that we open; no public address needed.")
    )
    template_id: Mapped[str | None] = fields.text(_("Card template ID"), max_length=120, help=_("DingTalk only."))
    robot_code: Mapped[str | None] = fields.text(_("Robot code"), max_length=80, help=_("DingTalk only."))
    approvals: Mapped[str] = fields.choice(_("Approvals arrive as"), choices.APPROVALS, required=True, default="card")
    buttons: Mapped[bool] = fields.boolean(
        _("Approve in the card"), default=True, help=_("Only simple approvals get buttons; others open the page.")
    )
    detail: Mapped[str] = fields.choice(
        _("What messages say"),
        choices.DETAILS,
        required=True,
        default="minimal",
        help=_("Cards and messages rest with the platform. The short form names no client and no invention."),
    )
    digest_minutes: Mapped[int] = fields.integer(
        _("Collect messages for (minutes)"), required=True, default=0, validate=lambda value: _between(value, 0, 240)
    )
    month_calls: Mapped[int | None] = fields.integer(
        _("API calls a month"), help=_("5,000 in DingTalk's standard edition; empty where there is no such limit.")
    )
    month_pushes: Mapped[int | None] = fields.integer(
        _("Pushes a month"), help=_("3,000 in DingTalk's standard edition, card clicks included.")
    )
    minute_person: Mapped[int] = fields.integer(_("Messages a minute to one person"), required=True, default=30)
    hour_person: Mapped[int | None] = fields.integer(
        _("Messages an hour to one person"), help=_("WeCom: 1,000; it drops what is more without a word.")
    )
    day_person: Mapped[int | None] = fields.integer(
        _("Messages a day to one person"), help=_("DingTalk: 500 from one app.")
    )
    day_messages: Mapped[int | None] = fields.integer(
        _("Messages a day in all"), help=_("WeCom: 200 for each account of the company.")
    )
    server: Mapped[str | None] = fields.text(
        _("Other address"), max_length=200, help=_("Empty for the platform's own; for private editions and trials.")
    )
    ca_file: Mapped[str | None] = fields.text(_("Certificate file"), max_length=300)
    last_ok_at: Mapped[datetime | None] = fields.datetime(_("Last good answer"), readonly=True, track=False)
    last_error: Mapped[str | None] = fields.text(_("Last error"), max_length=400, readonly=True, track=False)
    stream_seen_at: Mapped[datetime | None] = fields.datetime(_("Stream alive at"), readonly=True, track=False)
    access_token: Mapped[str | None] = fields.secret(_("Access token"), hidden=True, track=False)
    token_until: Mapped[datetime | None] = fields.datetime(_("Token good until"), hidden=True, track=False)
    token_asked_at: Mapped[datetime | None] = fields.datetime(_("Token asked for"), hidden=True, track=False)


class Person(Record):
    """Who somebody of ours is in a company's messenger; unique both ways."""

    __record__ = {
        "key": "im_bridge.person",
        "label": _("Messenger account"),
        "plural": _("Messenger accounts"),
        "title": "userid",
        "secondary": "name",
        "icon": "users",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        UniqueConstraint("kind", "corp_id", "userid", name="uq_im_bridge_person_userid"),
        UniqueConstraint("kind", "corp_id", "user_id", name="uq_im_bridge_person_user"),
    )

    app_id: Mapped[int] = fields.link(APP, _("App"), required=True, on_delete="cascade")
    kind: Mapped[str] = fields.choice(_("Platform"), choices.VENDORS, required=True, readonly=True, default="wecom")
    corp_id: Mapped[str] = fields.text(_("Corp ID"), required=True, readonly=True, max_length=80, default="")
    user_id: Mapped[int | None] = fields.link("core.user", _("Person"), on_delete="cascade")
    userid: Mapped[str] = fields.text(_("User ID there"), required=True, max_length=80, search=True)
    union_id: Mapped[str | None] = fields.text(_("Union ID"), max_length=80, help=_("DingTalk names to-dos by it."))
    name: Mapped[str | None] = fields.text(_("Name there"), max_length=120, readonly=True, search=True)
    origin: Mapped[str] = fields.choice(_("Origin"), choices.ORIGINS, required=True, readonly=True, default="typed")
    suggested_id: Mapped[int | None] = fields.link(
        "core.user", _("Suggested"), on_delete="set_null", readonly=True, index=False
    )


class Robot(Record):
    """A group robot: one way, for digests."""

    __record__ = {
        "key": "im_bridge.robot",
        "open": "robots of groups, kept by who administers messengers",
        "label": _("Group robot"),
        "plural": _("Group robots"),
        "title": "name",
        "icon": "bell",
        "order": "name",
        "archive": True,
    }

    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=80)
    kind: Mapped[str] = fields.choice(_("Platform"), choices.VENDORS, required=True)
    key: Mapped[str | None] = fields.secret(_("Key"), help=_("WeCom: key; DingTalk: access_token of the address."))
    sign_secret: Mapped[str | None] = fields.secret(_("Signing secret"), help=_("DingTalk, begins with SEC."))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"), on_delete="set_null")
    daily: Mapped[bool] = fields.boolean(_("Daily digest of deadlines"), default=True)
    active: Mapped[bool] = fields.boolean(_("Switched on"), default=True)
    server: Mapped[str | None] = fields.text(_("Other address"), max_length=200)
    last_ok_at: Mapped[datetime | None] = fields.datetime(_("Last good answer"), readonly=True, track=False)
    last_error: Mapped[str | None] = fields.text(_("Last error"), max_length=400, readonly=True, track=False)


class Message(Record):
    """One message to one person (or group), from waiting to delivered. `key` is our name of it at the vendor."""

    __record__ = {
        "key": "im_bridge.message",
        "label": _("Outgoing message"),
        "plural": _("Outgoing messages"),
        "title": "subject",
        "icon": "send",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_im_bridge_message_state", "state", "next_at"),
        Index("ix_im_bridge_message_record", "record_key", "record_id"),
        Index("ix_im_bridge_message_sent", "app_id", "sent_at"),
        Index("ix_im_bridge_message_update", "update_state"),
    )

    app_id: Mapped[int | None] = fields.link(APP, _("App"), readonly=True, on_delete="cascade", index=False)
    robot_id: Mapped[int | None] = fields.link("im_bridge.robot", _("Robot"), readonly=True, on_delete="cascade")
    user_id: Mapped[int | None] = fields.link("core.user", _("To"), readonly=True, on_delete="cascade")
    receiver: Mapped[str | None] = fields.text(_("User ID there"), readonly=True, max_length=80)
    union_id: Mapped[str | None] = fields.text(_("Union ID"), readonly=True, hidden=True, max_length=80)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.KINDS, required=True, readonly=True, default="message")
    severity: Mapped[str] = fields.text(_("Severity"), required=True, readonly=True, max_length=20, default="info")
    subject: Mapped[str] = fields.text(_("Subject"), required=True, readonly=True, max_length=300)
    body: Mapped[str | None] = fields.long_text(_("Text"), readonly=True)
    facts: Mapped[list | None] = fields.json(_("Facts"), readonly=True, hidden=True)
    path: Mapped[str | None] = fields.text(_("Page"), readonly=True, max_length=200)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    round: Mapped[int | None] = fields.integer(_("Round"), readonly=True)
    record_version: Mapped[int | None] = fields.integer(_("Version shown"), readonly=True)
    key: Mapped[str] = fields.text(_("Key"), required=True, unique=True, readonly=True, max_length=120)
    state: Mapped[str] = fields.choice(
        _("State"), choices.STATES, required=True, readonly=True, default="pending", track=False
    )
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime | None] = fields.datetime(_("Next try"), readonly=True, track=False)
    claimed_at: Mapped[datetime | None] = fields.datetime(
        _("Being sent since"), readonly=True, hidden=True, track=False
    )
    sent_at: Mapped[datetime | None] = fields.datetime(_("Sent at"), readonly=True, track=False)
    confirmed_at: Mapped[datetime | None] = fields.datetime(_("Delivered at"), readonly=True, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400, track=False)
    remote_id: Mapped[str | None] = fields.text(_("Number there"), readonly=True, max_length=200, track=False)
    response_code: Mapped[str | None] = fields.secret(_("Code for one update"), readonly=True, hidden=True, track=False)
    buttons: Mapped[bool] = fields.boolean(_("With buttons"), default=False, readonly=True)
    used_at: Mapped[datetime | None] = fields.datetime(_("Decided in the card at"), readonly=True, track=False)
    update_state: Mapped[str] = fields.choice(
        _("Card update"), choices.UPDATES, required=True, readonly=True, default="none", track=False
    )
    update_text: Mapped[str | None] = fields.text(_("Card says now"), readonly=True, max_length=200, track=False)
    update_tries: Mapped[int] = fields.integer(
        _("Update attempts"), required=True, readonly=True, hidden=True, default=0, track=False
    )
    batch: Mapped[int | None] = fields.integer(_("Sent together with"), readonly=True, hidden=True, track=False)
    mailed: Mapped[bool] = fields.boolean(_("Sent by mail too"), default=False, readonly=True, track=False)


class Inbox(Record):
    """One message that came in: kept before it is answered, worked on afterwards."""

    __record__ = {
        "key": "im_bridge.inbox",
        "label": _("Incoming message"),
        "plural": _("Incoming messages"),
        "title": "event",
        "icon": "inbox",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_im_bridge_inbox_state", "state", "id"),)

    app_id: Mapped[int] = fields.link(APP, _("App"), required=True, readonly=True, on_delete="cascade")
    source: Mapped[str] = fields.choice(_("Way"), choices.SOURCES, required=True, readonly=True, default="wecom")
    key: Mapped[str] = fields.text(_("Key"), required=True, unique=True, readonly=True, max_length=200)
    event: Mapped[str] = fields.text(_("Event"), required=True, readonly=True, max_length=80)
    userid: Mapped[str | None] = fields.text(_("User ID there"), readonly=True, max_length=80)
    user_id: Mapped[int | None] = fields.link("core.user", _("Person"), readonly=True, on_delete="set_null")
    content: Mapped[dict | None] = fields.json(_("Content"), readonly=True, hidden=True, track=False)
    message_id: Mapped[int | None] = fields.link(
        "im_bridge.message", _("Card"), readonly=True, on_delete="set_null", index=False
    )
    state: Mapped[str] = fields.choice(
        _("State"), choices.INBOX_STATES, required=True, readonly=True, default="new", track=False
    )
    outcome: Mapped[str | None] = fields.text(_("Outcome"), readonly=True, max_length=300, track=False)
    repeats: Mapped[int] = fields.integer(_("Came again"), required=True, readonly=True, default=0, track=False)
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    claimed_at: Mapped[datetime | None] = fields.datetime(_("Worked on since"), readonly=True, hidden=True, track=False)
    done_at: Mapped[datetime | None] = fields.datetime(_("Done at"), readonly=True, track=False)


class Quota(Record):
    """How much of one limit is used in one month or day."""

    __record__ = {
        "key": "im_bridge.quota",
        "open": "calls that the platform allows the agency",
        "label": _("Quota"),
        "plural": _("Quotas"),
        "title": "period",
        "icon": "gauge",
        "order": "-period",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("app_id", "kind", "period", name="uq_im_bridge_quota_period"),)

    app_id: Mapped[int] = fields.link(APP, _("App"), required=True, readonly=True, on_delete="cascade", index=False)
    kind: Mapped[str] = fields.choice(_("What"), choices.QUOTAS, required=True, readonly=True)
    period: Mapped[str] = fields.text(_("Period"), required=True, readonly=True, max_length=10)
    used: Mapped[int] = fields.integer(_("Used"), required=True, readonly=True, default=0, track=False)
    allowed: Mapped[int | None] = fields.integer(_("Allowed"), readonly=True, track=False)


RECORDS = (App, Person, Robot, Message, Inbox, Quota)


def _whole(value: str) -> str:
    if not str(value).strip().isdigit():
        raise ValueError(_("Write the number that the platform's console shows."))
    return str(value).strip()


def _aes_key(value: str) -> str:
    try:
        Codec.of("", value.strip(), "")
    except BadCallback:
        raise ValueError(_("The key has 43 letters and digits, as the platform's console made it.")) from None
    return value.strip()


def _between(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(_("Between %(low)s and %(high)s.", low=low, high=high))
    return value
