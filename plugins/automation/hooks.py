"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core import (
    Action,
    Change,
    Demo,
    Endpoints,
    FieldRule,
    Grant,
    Job,
    Menu,
    Offer,
    Record,
    Schedule,
    Scopes,
    Seed,
    View,
    hookimpl,
)
from plugins.automation import (
    calling,
    catching,
    demo,
    examples,
    looking,
    pages,
    receiving,
    rules,
    services,
    views,
    working,
)
from plugins.automation.records import RECORDS, Rule
from plugins.automation.steps import base, told


@hookimpl
def register_records() -> list[type[Record]]:
    """Rules, versions, runs, calls."""
    return list(RECORDS)


@hookimpl
def register_offers() -> list[Offer]:
    """Other plugins may bring steps."""
    return [Offer("register_automation_steps", base.take)]


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose they are."""
    return rules.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rules.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """What is told of runs on records that the reader does not see."""
    return rules.field_rules()


@hookimpl
def register_actions() -> list[Action]:
    """Try out, switch on and off, agree, approve, run again."""
    return services.actions()


@hookimpl
def register_views() -> list[View]:
    """Lists and pages."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The settings."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """The builder, and the addresses of rules."""
    return [pages.builder, receiving.endpoints]


@hookimpl
def register_jobs() -> list[Job]:
    """Looking, working, calling."""
    return [
        Job("automation.look", looking.look),
        Job("automation.work", working.work, timeout=300),
        Job("automation.call", calling.send_due),
        Job("automation.sms", told.send_texts),
    ]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Often enough for minutes; also what a lost kick left behind."""
    return [
        Schedule("automation.look", "automation.look", every=timedelta(minutes=5)),
        Schedule("automation.work", "automation.work", every=timedelta(minutes=5)),
        Schedule("automation.call", "automation.call", every=timedelta(minutes=5)),
    ]


@hookimpl
def register_seed() -> list[Seed]:
    """The examples, switched off, for records that exist here."""
    return [Seed("automation.examples", examples.seed)]


@hookimpl
def register_demo() -> list[Demo]:
    """The examples switched on, with some runs."""
    return [Demo(80, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """A rule runs as somebody."""
    if model is Rule:
        services.complete(records)


@hookimpl
def validate_records(model: type[Record], records: list[Any]) -> None:
    """A rule that is kept can run."""
    if model is Rule:
        services.check(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """Another version."""
    if model is Rule:
        services.change(changes)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """New records set rules off."""
    if model is Rule:
        services.keep_versions(records)
        catching.forget()
    elif not model.__record__["key"].startswith(("core.", "automation.")):
        catching.created(model, records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """So do changes."""
    if model is Rule:
        services.keep_versions([change.record for change in changes])
        catching.forget()
    elif not model.__record__["key"].startswith(("core.", "automation.")):
        catching.updated(model, changes)
