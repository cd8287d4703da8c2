"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

import click

from core import (
    Action,
    Channel,
    Endpoints,
    FieldError,
    Grant,
    Invalid,
    Job,
    Menu,
    MessageKind,
    Panel,
    Record,
    Schedule,
    Scopes,
    Seed,
    Setting,
    View,
    _,
    hookimpl,
)
from plugins.inbox import centre, commands, delivering, endpoints, escalating, jobs, mailing, rights, views, wording
from plugins.inbox import settings as own
from plugins.inbox.records import RECORDS, Template
from plugins.inbox.replies import receiving
from plugins.inbox.sms import sending
from plugins.inbox.wishes import MAIL, SMS


@hookimpl
def register_records() -> list[type[Record]]:
    """Choices, deliveries with their attempts, escalations, templates, texts, answers."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """One's own."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who sees logs and changes the wording."""
    return rights.grants()


@hookimpl
def register_settings() -> list[Setting]:
    """Hours, escalation, answers, texts."""
    return own.settings()


@hookimpl
def register_message_kinds() -> list[MessageKind]:
    """What this plugin tells people."""
    return [
        MessageKind(escalating.KIND, _("Unread by others")),
        MessageKind("inbox.reply", _("Answers by mail")),
    ]


@hookimpl
def register_channels() -> list[Channel]:
    """Mail and text messages."""
    return [
        Channel(MAIL, _("Mail"), mailing.send, mailing.wanted, mailing.trace),
        Channel(SMS, _("Text message"), sending.put, sending.wanted, sending.trace),
    ]


@hookimpl
def register_jobs() -> list[Job]:
    """Deliveries, answers, texts."""
    return jobs.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they run by themselves."""
    return jobs.schedules()


@hookimpl
def register_commands() -> list[click.Command]:
    """`zhian mail-receive`."""
    return [commands.mail_receive]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The centre's own addresses."""
    return [endpoints.routes]


@hookimpl
def register_views() -> list[View]:
    """Logs and templates."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """On the settings page."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Another try, the shipped wording."""
    return views.actions()


@hookimpl
def register_seed() -> list[Seed]:
    """The templates of mails."""
    return [Seed("inbox.templates", wording.seed)]


@hookimpl
def validate_records(model: type[Record], records: list[Any]) -> None:
    """A template that cannot be filled is not kept."""
    if model is Template and (fault := views.check_templates(records)):
        raise Invalid([FieldError(fault["field"], "invalid", fault["message"])])


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """Under a template: how the mail looks."""
    return views.template_panels(record) if isinstance(record, Template) else None


@hookimpl
def provide_delivery(channel: Channel, message: Any, person: Any) -> bool | None:
    """Messages to staff leave when the person wants them, and are written down."""
    return delivering.take(channel, message, person)


@hookimpl
def provide_inbox() -> Any:
    """The notification centre."""
    return centre.page()


@hookimpl
def provide_reply_address(mail: Any) -> str | None:
    """Where answers to a mail go."""
    return receiving.reply_address(mail)
