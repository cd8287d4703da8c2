"""Webhooks through the hooks that everybody uses: records, rights, views, actions, jobs, and what they listen to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.endpoints import Endpoints
from core.hooks.specs import hookimpl
from core.i18n import _
from core.permissions.rules import Grant
from core.registry import Action, Job, Schedule, Subscriber
from core.views import Column, DetailView, FormView, ListView, Panel, Related, Section, Tab
from core.webhooks import composing, guarding, pages, sending, watching
from core.webhooks.model import SEND, WEBHOOK_RECORDS, Webhook, WebhookMessage

HOOK, MESSAGE = "core.webhook", "core.webhook_message"
TIDY = "core.webhooks.tidy"


@hookimpl
def register_records() -> list[type[Any]]:
    """Webhooks and their messages."""
    return list(WEBHOOK_RECORDS)


@hookimpl
def register_grants() -> list[Grant]:
    """Administration sets them up, security looks and switches off."""
    return [
        Grant("system_admin", HOOK, ("read", "create", "update", "delete", "ping")),
        Grant("system_admin", MESSAGE, ("read", "resend")),
        Grant("security_admin", HOOK, ("read", "update")),
        Grant("security_admin", MESSAGE, ("read",)),
    ]


@hookimpl
def before_create(model: type[Any], records: list[Any]) -> None:
    """A webhook's key and person."""
    if model is Webhook:
        guarding.begin(records)


@hookimpl
def before_update(model: type[Any], changes: list[Any]) -> None:
    """Whether the change may be made."""
    if model is Webhook:
        guarding.change(changes)


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """Addresses and conditions."""
    if model is Webhook:
        guarding.check(records)


@hookimpl
def after_create(model: type[Any], records: list[Any]) -> None:
    """Tell of new records."""
    watching.created(model, records)
    if model is Webhook:
        watching.forget_wishes()


@hookimpl
def after_update(model: type[Any], changes: list[Any]) -> None:
    """Tell of changes."""
    watching.updated(model, changes)
    if model is Webhook:
        watching.forget_wishes()


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """Tell of records that go."""
    watching.deleted(model, records)


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """From events to messages."""
    return [Subscriber(watching.SUBSCRIBER, watching.EVENT, composing.compose)]


@hookimpl
def register_jobs() -> list[Job]:
    """Sending, and forgetting what is old."""
    return [Job(SEND, sending.send_due), Job(TIDY, sending.forget_old)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Further tries are looked for every two minutes."""
    return [
        Schedule(SEND, SEND, every=timedelta(minutes=2)),
        Schedule(TIDY, TIDY, daily="03:40"),
    ]


@hookimpl
def register_actions() -> list[Action]:
    """A test, and another try."""
    return [
        Action(HOOK, "ping", _("Send a test"), lambda hook, _given: _pinged(hook), icon="send", available=_is_on),
        Action(
            MESSAGE,
            "resend",
            _("Send again"),
            lambda message, _given: sending.send_again(message),
            available=_can_be_sent,
            icon="refresh",
            primary=True,
        ),
    ]


def _pinged(hook: Webhook) -> dict[str, Any]:
    made = composing.ping(hook)
    return {"url": f"/r/{MESSAGE}/{made}", "message": str(_("The test is on its way. Its tries show here."))}


def _is_on(hook: Webhook) -> Any:
    return True if hook.active else _("Switch it on first.")


def _can_be_sent(message: WebhookMessage) -> Any:
    return True if message.state in ("sent", "dead", "waiting") else _("It is being sent at this moment.")


@hookimpl
def register_views() -> list[Any]:
    """List, form and page of webhooks, and of their messages."""
    what = Section("what", _("What is told"), ("records", "kinds", "condition"))
    where = Section("where", _("To whom"), ("name", "url", "user", "active"))
    state = Section("state", _("Delivery"), ("sent_at", "failing_since", "off_reason", "old_until"))
    columns = ("event", "record_key", "record_id", "state", "attempts", "code", "next_at", "sent_at")
    return [
        ListView(
            HOOK,
            columns=tuple(map(Column, ("name", "url", "active", "user", "sent_at", "failing_since"))),
            filters=("active", "user"),
            empty=_("No webhook yet. It tells another system of what happens here."),
        ),
        FormView(HOOK, sections=(where, what)),
        DetailView(
            HOOK,
            subtitle=("url",),
            facts=(what, state),
            tabs=(Tab("messages", _("Messages"), related=Related(MESSAGE, "webhook", columns, limit=20)),),
        ),
        ListView(
            MESSAGE,
            columns=tuple(map(Column, ("event", "webhook", *columns[1:]))),
            filters=("state", "webhook", "record_key"),
            group_by=("state", "webhook"),
            empty=_("Nothing was sent yet."),
        ),
        DetailView(
            MESSAGE,
            subtitle=("webhook",),
            badge="state",
            facts=(
                Section("message", _("Message"), ("ident", "record_key", "record_id")),
                Section("state", _("Delivery"), ("attempts", "code", "next_at", "sent_at")),
            ),
        ),
    ]


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """The key of a webhook; body and tries of a message."""
    return pages.panels(record)


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The page that shows a new key once."""
    return [pages.endpoints]
