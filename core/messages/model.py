"""`core.mail`: an e-mail of the product, kept, sent, and readable here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from core.i18n import L, _
from core.records import fields
from core.records.base import Record
from core.records.fields import Choice

MAIL_STATES = (
    Choice("queued", L("待发", "Queued")),
    Choice("sending", L("发送中", "Being sent"), "accent"),
    Choice("sent", L("已发", "Sent"), "done"),
    Choice("kept", L("留存（未设邮件服务器）", "Kept here (no mail server set)"), "done"),
    Choice("failed", L("失败", "Failed"), "danger"),
)


class Mail(Record):
    """One e-mail to one address. `hidden_part` replaces `{hidden}` in the text at the moment of sending alone."""

    __record__ = {
        "key": "core.mail",
        "label": _("Mail"),
        "plural": _("Mails"),
        "title": "subject",
        "secondary": "recipient",
        "icon": "mail",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_core_mail_record", "record_key", "record_id"),)

    user_id: Mapped[int | None] = fields.link("core.user", _("To"), readonly=True, on_delete="set_null")
    recipient: Mapped[str | None] = fields.text(_("Address"), readonly=True, max_length=200)
    subject: Mapped[str] = fields.text(_("Subject"), required=True, readonly=True, search=True, max_length=300)
    body: Mapped[str] = fields.long_text(_("Text"), required=True, readonly=True)
    html: Mapped[str | None] = fields.long_text(_("Text as HTML"), readonly=True, hidden=True, track=False)
    files: Mapped[list | None] = fields.json(_("Attached files"), readonly=True, hidden=True, track=False)
    hidden_part: Mapped[str | None] = fields.secret(_("Hidden part"), readonly=True, hidden=True, track=False)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    key: Mapped[str | None] = fields.text(_("Key"), readonly=True, hidden=True, unique=True, max_length=200)
    message_id: Mapped[str] = fields.text(_("Message-ID"), required=True, unique=True, readonly=True, max_length=300)
    status: Mapped[str] = fields.choice(
        _("Status"), MAIL_STATES, required=True, readonly=True, default="queued", index=True
    )
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    claimed_at: Mapped[datetime | None] = fields.datetime(_("Sending since"), readonly=True, track=False)
    sent_at: Mapped[datetime | None] = fields.datetime(_("Sent at"), readonly=True)
    maybe_duplicate: Mapped[bool] = fields.boolean(
        _("Perhaps sent twice"),
        readonly=True,
        default=False,
        help=_("The process ended while sending; the mail went again with the same Message-ID."),
    )
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400, track=False)
