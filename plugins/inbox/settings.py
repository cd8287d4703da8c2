"""What an agency sets: hours, escalation, answers by mail, text messages."""

from __future__ import annotations

import re
from typing import Any

from core import Choice, Setting, _, check_address
from core import ZhianError as Refusal
from plugins.inbox.records import clock_text
from plugins.inbox.replies.fetching import check_url
from plugins.inbox.sms.provider import known


def _hours(value: Any) -> Any:
    if value is not None and not 0 <= value <= 200:
        raise ValueError(_("Between 0 and 200 hours; 0 for never."))
    return value


def _mailbox(value: str | None) -> str | None:
    if value and not re.fullmatch(r"[a-z0-9._-]{1,12}@[a-z0-9.-]+\.[a-z]{2,}", value):
        raise ValueError(_("Write a plain address like reply@example.com, at most 12 characters before the @."))
    return value


def _address(value: str | None) -> str | None:
    try:
        return check_address(value) if value else None
    except Refusal as refusal:
        raise ValueError(refusal.message) from None


def settings() -> list[Setting]:
    """All of them, in the order of their page."""
    return [
        Setting("quiet_from", _("Quiet hours from"), help=_("For who chose none; empty: none."), validate=clock_text),
        Setting("quiet_to", _("Quiet hours until"), validate=clock_text),
        Setting("digest_at", _("Daily digest at"), default="08:30", help=_("Time of Shanghai."), validate=clock_text),
        Setting(
            "escalate_fatal",
            _("Escalate fatal messages after (working hours)"),
            kind="integer",
            default=4,
            help=_("Nobody acknowledged: the deputy hears of it, after as many hours again the head. 0: never."),
            validate=_hours,
        ),
        Setting(
            "escalate_urgent",
            _("Escalate urgent messages after (working hours)"),
            kind="integer",
            default=0,
            validate=_hours,
        ),
        *_mail_settings(),
        *_sms_settings(),
    ]


def _mail_settings() -> list[Setting]:
    server = _("The name that the receiving server writes first in Authentication-Results; then DMARC must pass.")
    return [
        Setting(
            "reply_mailbox",
            _("Mailbox for answers"),
            help=_(
                "Like reply@example.com; the server must take reply+anything@ too. Empty: mails cannot be answered."
            ),
            validate=_mailbox,
        ),
        Setting("reply_server", _("Only senders vouched for by"), help=server),
        Setting(
            "imap_url",
            _("Fetch answers from"),
            help="imaps://reply%40example.com@imap.example.com/INBOX",
            validate=check_url,
        ),
        Setting("imap_password", _("Password of the mailbox"), kind="secret"),
    ]


def _sms_settings() -> list[Setting]:
    providers = tuple(Choice(p.code, p.label) for p in known().values())
    template = _("An approved template with one place: ${text} at Alibaba, {1} at Tencent.")
    return [
        Setting("sms_provider", _("SMS provider"), kind="choice", choices=providers, help=_("Empty: no texts.")),
        Setting("sms_key_id", _("SMS: access key ID (SecretId)")),
        Setting("sms_secret", _("SMS: access key secret (SecretKey)"), kind="secret"),
        Setting("sms_sign_name", _("SMS: signature")),
        Setting("sms_template", _("SMS: template"), help=template),
        Setting("sms_app_id", _("SMS: SdkAppId"), help=_("Tencent Cloud only.")),
        Setting("sms_region", _("SMS: region"), help=_("Tencent Cloud only; ap-guangzhou where it is empty.")),
        Setting("sms_chars", _("SMS: characters of the text"), kind="integer", default=35),
        Setting("sms_person", _("SMS: texts a day to one person"), kind="integer", default=10),
        Setting("sms_day", _("SMS: texts a day in all"), kind="integer", default=300),
        Setting(
            "sms_address", _("SMS: other address"), help=_("For trials with a server of one's own."), validate=_address
        ),
    ]
