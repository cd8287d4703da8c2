"""Lists and pages of the log, of texts, answers and templates; menus; the panels of a template's page."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Panel,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
)
from plugins.inbox import delivering, sandbox, wording
from plugins.inbox.records import Template

DELIVERY, TEXT, REPLY, TEMPLATE = "inbox.delivery", "inbox.text", "inbox.reply", "inbox.template"


def views() -> list[View]:
    """All of them."""
    return [*_delivery_views(), *_text_views(), *_reply_views(), *_template_views()]


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(map(Column, names))


def _delivery_views() -> list[View]:
    what = Section("what", _("Message"), ("subject", "user", "kind", "severity", "channel", "message"))
    came = Section(
        "state", _("Delivery"), ("state", "reason", "attempts", "next_at", "sent_at", "remote_id", "error", "mail")
    )
    return [
        ListView(
            DELIVERY,
            columns=_columns("subject", "user", "channel", "state", "attempts", "sent_at", "error"),
            filters=("state", "channel", "user", "severity", "kind"),
            group_by=("state", "channel", "user"),
            presets=(
                Preset("all", _("All"), {}),
                Preset("dead", _("Not delivered"), {"state__in": "dead,retry"}),
                Preset("waiting", _("On their way"), {"state__in": "waiting,digest"}),
            ),
            empty=_("Nothing has been delivered yet."),
        ),
        DetailView(
            DELIVERY,
            subtitle=("channel", "user"),
            badge="state",
            facts=(what, came),
            tabs=(
                Tab(
                    "attempts",
                    _("Attempts"),
                    related=Related("inbox.attempt", "delivery", ("at", "outcome", "remote_id", "error")),
                ),
            ),
        ),
        ListView("inbox.attempt", columns=_columns("at", "delivery", "outcome", "remote_id", "error")),
        ListView("inbox.escalation", columns=_columns("at", "message", "user", "step")),
    ]


def _text_views() -> list[View]:
    facts = ("number", "user", "content", "state", "provider", "attempts", "next_at", "sent_at", "remote_id", "error")
    return [
        ListView(
            TEXT,
            columns=_columns("content", "number", "user", "state", "sent_at", "provider", "error"),
            filters=("state", "provider", "user"),
            group_by=("state", "provider"),
            empty=_("No text message has been written yet."),
        ),
        DetailView(TEXT, subtitle=("number",), badge="state", facts=(Section("text", _("Text message"), facts),)),
    ]


def _reply_views() -> list[View]:
    facts = ("subject", "sender", "user", "state", "reason", "record_key", "record_id", "files", "message_id")
    return [
        ListView(
            REPLY,
            columns=_columns("subject", "sender", "user", "state", "reason", "created_at"),
            filters=("state", "user"),
            group_by=("state",),
            empty=_("No mail has come in yet."),
        ),
        DetailView(REPLY, subtitle=("sender",), badge="state", facts=(Section("mail", _("Incoming mail"), facts),)),
    ]


def _template_views() -> list[View]:
    words = Section("words", _("Wording"), ("subject", "text", "html"))
    return [
        ListView(TEMPLATE, columns=_columns("name", "language", "subject", "updated_at"), filters=("code", "language")),
        DetailView(TEMPLATE, subtitle=("language",), facts=(words,)),
        FormView(TEMPLATE, sections=(words,)),
    ]


def menus() -> list[Menu]:
    """One's own choices; logs and wording on the settings page."""
    return [
        Menu(
            "inbox_own",
            _("Which messages come how"),
            "bell",
            "settings.own",
            30,
            url="/inbox/preferences",
            permission=("inbox.preference", "read"),
        ),
        Menu(
            "inbox_log", _("Deliveries"), "send", "settings.data", 60, record=DELIVERY, permission=(DELIVERY, "export")
        ),
        Menu(
            "inbox_texts",
            _("Text messages"),
            "phone",
            "settings.data",
            61,
            record=TEXT,
            permission=(DELIVERY, "export"),
        ),
        Menu(
            "inbox_replies",
            _("Incoming mails"),
            "mail-opened",
            "settings.data",
            62,
            record=REPLY,
            permission=(REPLY, "read"),
        ),
        Menu(
            "inbox_words",
            _("Mail templates"),
            "mail",
            "settings.shaping",
            63,
            record=TEMPLATE,
            permission=(TEMPLATE, "update"),
        ),
    ]


def actions() -> list[Action]:
    """Another try; the shipped wording again."""
    return [
        Action(
            DELIVERY,
            "send_again",
            _("Send again"),
            lambda delivery, _given: delivering.send_again(delivery),
            available=delivering.can_send_again,
            icon="refresh",
        ),
        Action(
            TEMPLATE,
            "restore_wording",
            _("Shipped wording"),
            lambda template, _given: wording.restore(template),
            confirm=_("The present wording of this mail is replaced by the shipped one. The log keeps it."),
            icon="restore",
        ),
    ]


def template_panels(template: Template) -> list[Panel]:
    """The preview of a mail, or why it cannot be filled."""
    try:
        subject, text, _html = wording.sample(template)
    except sandbox.Faulty as fault:
        return [Panel("inbox/preview.html", {"fault": str(fault), "template": template})]
    return [Panel("inbox/preview.html", {"subject": subject, "text": text, "template": template})]


def check_templates(records: list[Any]) -> dict[str, Any] | None:
    """What is wrong with templates, by field; None when nothing is."""
    for record in records:
        for part in ("subject", "text", "html"):
            try:
                sandbox.check(getattr(record, part) or "", html=part == "html")
            except ValueError as fault:
                return {"field": part, "message": fault.args[0]}
    return None
