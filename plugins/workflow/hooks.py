"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    Configuration,
    Demo,
    Endpoints,
    FieldRule,
    Grant,
    Job,
    Menu,
    Panel,
    Record,
    Schedule,
    Scopes,
    Seed,
    View,
    hookimpl,
)
from plugins.workflow import (
    actions,
    configuring,
    definitions,
    demo,
    designer,
    mine,
    pages,
    rights,
    seed,
    timers,
    views,
    watching,
)
from plugins.workflow.records import RECORDS, Definition


@hookimpl
def register_records() -> list[type[Record]]:
    """Definitions, flows, tasks, their log."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose flow, whose task."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with them."""
    return rights.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """What clients do not see."""
    return rights.field_rules()


@hookimpl
def register_actions() -> list[Action]:
    """Decide, hand on, add a signer, start, urge, withdraw, publish."""
    return actions.actions()


@hookimpl
def register_views() -> list[View]:
    """Lists and pages."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Approvals, submitting, the editor."""
    return [pages.approvals, designer.designer]


@hookimpl
def slot_home() -> list[Panel]:
    """What waits for the person."""
    return mine.home()


@hookimpl
def slot_detail(record: Any) -> list[Panel]:
    """Flows of a record."""
    return views.detail(record)


@hookimpl
def slot_aside(record: Any) -> list[Panel]:
    """Where its flow stands."""
    return views.aside(record)


@hookimpl
def register_jobs() -> list[Job]:
    """Timers."""
    return timers.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they are looked at."""
    return timers.schedules()


@hookimpl
def register_configuration() -> list[Configuration]:
    """The flows in force."""
    return configuring.parts()


@hookimpl
def register_seed() -> list[Seed]:
    """Shipped flows for records that exist here."""
    return [Seed("workflow.flows", seed.seed_flows)]


@hookimpl
def register_demo() -> list[Demo]:
    """Flows at different nodes."""
    return [Demo(60, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """A flow's own moves are not made beside it."""
    if model is Definition:
        definitions.complete_new(records)
        watching.forget()
    else:
        watching.refuse_beside(model.__record__["key"], records)


@hookimpl
def validate_records(model: type[Record], records: list[Any]) -> None:
    """Definitions are readable."""
    if model is Definition:
        definitions.validate(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """Published versions stay."""
    if model is Definition:
        definitions.guard(changes)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Flows follow their records."""
    if model is Definition:
        watching.forget()
    elif model not in RECORDS:
        watching.changed(model.__record__["key"], changes)


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """A flow without its record ends."""
    if model not in RECORDS:
        watching.deleted(model.__record__["key"], records)
