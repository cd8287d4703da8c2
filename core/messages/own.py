"""The core's mails through the hooks that everybody uses: record, readers, pages, sending in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.contributions import MessageKind
from core.hooks.specs import hookimpl
from core.i18n import _
from core.messages import sending
from core.messages.model import Mail
from core.messages.writing import SEND
from core.permissions.rules import Grant, Scopes
from core.registry import Action, Job, Schedule
from core.views import Column, DetailView, ListView, Menu, Section

KEY = "core.mail"


@hookimpl
def register_records() -> list[type[Any]]:
    """Mails."""
    return [Mail]


@hookimpl
def register_grants() -> list[Grant]:
    """A mail is read by those who may read the record that it is about, and by whom it was sent to."""
    return [
        Grant("*", KEY, ("read",), "record"),
        Grant("*", KEY, ("read",), "own"),
        Grant("system_admin", KEY, ("retry",)),
        Grant("process_clerk", KEY, ("retry",), "record"),
    ]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Own: to me. Record: about what I may read."""
    from core.plugin import mine, of_seen_records

    return {KEY: Scopes(own=mine, extra={"record": of_seen_records})}


@hookimpl
def register_jobs() -> list[Job]:
    """Sending what waits."""
    return [Job(SEND, sending.send_due)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Also what a lost kick left behind."""
    return [Schedule(SEND, SEND, every=timedelta(minutes=5))]


@hookimpl
def register_actions() -> list[Action]:
    """Sending a failed mail again."""
    return [
        Action(
            KEY,
            "retry",
            _("Send again"),
            lambda mail, _given: sending.requeue(mail),
            available=sending.can_requeue,
            icon="refresh",
        )
    ]


@hookimpl
def register_message_kinds() -> list[MessageKind]:
    """What the core itself tells people."""
    return [
        MessageKind("core.mention", _("Mentions in comments")),
        MessageKind("core.work", _("Long work that has ended")),
        MessageKind("core.message", _("Everything else")),
    ]


@hookimpl
def register_views() -> list[Any]:
    """The list and page of mails."""
    state = ("status", "sent_at", "attempts", "maybe_duplicate", "error", "message_id", "user")
    return [
        ListView(
            KEY,
            columns=tuple(map(Column, ("subject", "user", "recipient", "status", "sent_at", "maybe_duplicate"))),
            filters=("status", "user"),
            group_by=("status",),
            empty=_("No mail has been written yet."),
        ),
        DetailView(
            KEY,
            subtitle=("recipient",),
            badge="status",
            facts=(
                Section("text", _("Mail"), ("subject", "recipient", "body")),
                Section("state", _("Delivery"), state),
            ),
        ),
    ]


@hookimpl
def register_menus() -> list[Menu]:
    """Mails in the sidebar."""
    return [Menu("mails", _("Mails"), "mail", "work", 60, record=KEY, permission=(KEY, "read"))]
