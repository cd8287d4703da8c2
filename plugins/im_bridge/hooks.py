"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

import click

from core import (
    Action,
    Change,
    Channel,
    Demo,
    Endpoints,
    Grant,
    Job,
    Menu,
    Panel,
    Record,
    Schedule,
    Scopes,
    Subscriber,
    View,
    hookimpl,
    keep_secrets_home,
)
from plugins.im_bridge import actions, callbacks, channel, commands, demo, grants, jobs, people, quotas, views
from plugins.im_bridge.records import RECORDS, App, Person


@hookimpl
def register_records() -> list[type[Record]]:
    """Apps, accounts, robots, messages out and in, quotas."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Own accounts and messages."""
    return grants.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return grants.grants()


@hookimpl
def register_views() -> list[View]:
    """Lists, pages and forms."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The settings group."""
    return views.menus()


@hookimpl
def register_actions() -> list[Action]:
    """Trials, address book, suggestions, another try."""
    return actions.actions()


@hookimpl
def register_jobs() -> list[Job]:
    """Sending, working on what came in, the address book, groups."""
    return jobs.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they run by themselves."""
    return jobs.schedules()


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Approvals become messages."""
    return jobs.subscribers()


@hookimpl
def register_channels() -> list[Channel]:
    """Notifications too."""
    return channel.channels()


@hookimpl
def register_commands() -> list[click.Command]:
    """`zhian im-stream`."""
    return [commands.im_stream]


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """What the platforms call."""
    return [callbacks.callbacks]


@hookimpl
def register_demo() -> list[Demo]:
    """Two apps that speak with the stand-ins."""
    return [Demo(85, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """An account belongs to the company of its app; an app has the limits of its vendor."""
    if model is Person:
        people.complete(records)
    elif model is App:
        quotas.complete(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """Also when the app of an account is changed; secrets of an app stay with its address."""
    if model is Person:
        people.complete([change.record for change in changes])
    elif model is App:
        for change in changes:
            keep_secrets_home(change, "server", ("secret",))


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Who is bound to an account by hand hears of it."""
    if model is Person:
        people.tell_bound(records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Also when the account becomes another one, or somebody else's."""
    if model is Person:
        people.tell_bound([change.record for change in changes if change.changed("user", "userid")])


@hookimpl
def slot_detail(record: Any) -> list[Panel] | None:
    """On the page of an app: how to set it up."""
    return views.app_panels(record) if isinstance(record, App) else None


@hookimpl
def slot_aside(record: Any) -> list[Panel] | None:
    """Beside an app: how much of its quotas is used, and what became of its messages."""
    return views.app_aside(record) if isinstance(record, App) else None
