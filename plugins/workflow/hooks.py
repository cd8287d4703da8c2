"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import Action, Change, FieldRule, Grant, Job, Record, Schedule, Scopes, Seed, hookimpl
from plugins.workflow import actions, definitions, rights, seed, timers, watching
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
def register_jobs() -> list[Job]:
    """Timers."""
    return timers.jobs()


@hookimpl
def register_schedules() -> list[Schedule]:
    """When they are looked at."""
    return timers.schedules()


@hookimpl
def register_seed() -> list[Seed]:
    """Shipped flows for records that exist here."""
    return [Seed("workflow.flows", seed.seed_flows)]


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
