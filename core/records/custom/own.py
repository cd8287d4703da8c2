"""What custom fields hook into: their record, who administers it, its checks, and the job that makes indexes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, event, not_, or_, true

from core.db import db
from core.hooks.specs import hookimpl
from core.permissions.principal import Principal
from core.permissions.rules import Grant, Rule
from core.records.custom import exchange, rules
from core.records.custom.access import closed_files
from core.records.custom.indexes import make_indexes
from core.records.custom.known import forget
from core.records.custom.linked import refuse_linked
from core.records.custom.model import CustomField
from core.registry import Job, Schedule
from core.shaping.configuration import Configuration

JOB = "core.custom_indexes"
INDEXED = ("indexed", "searched", "archived_at")


@hookimpl
def register_records() -> list[type[Any]]:
    """Their definitions."""
    return [CustomField]


@hookimpl
def register_grants() -> list[Grant]:
    """The business configurator makes fields; so does who has all rights."""
    return [Grant("config_admin", "core.custom_field", ("read", "create", "update", "delete", "export"))]


def open_contents(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Files but those that lie in a custom field which is closed to the person."""
    closed = [and_(model.record_key == key, model.kind.in_(names)) for key, names in closed_files(principal)]
    return or_(model.kind.is_(None), not_(or_(*closed))) if closed else true()


@hookimpl
def register_rules() -> list[Rule]:
    """A closed file field closes its files."""
    return [Rule("core.attachment", "closed fields", open_contents)]


@hookimpl
def register_configuration() -> list[Configuration]:
    """Their part of the configuration file."""
    return [exchange.part()]


@hookimpl
def register_jobs() -> list[Job]:
    """Indexes."""
    return [Job(JOB, make_indexes, timeout=7200, bulk=True)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Once a night, should a job have been lost."""
    return [Schedule(JOB, JOB, daily="03:40")]


@hookimpl
def before_create(model: type[Any], records: list[Any]) -> None:
    """New fields come last."""
    if model is CustomField:
        for record in records:
            record.place = record.place or rules.next_place(record.record_key or "")


@hookimpl
def validate_records(model: type[Any], records: list[Any]) -> None:
    """A definition is whole before it is stored."""
    if model is CustomField:
        rules.check(records)


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """What a custom link leads to stays."""
    refuse_linked(model, records)


@hookimpl
def before_update(model: type[Any], changes: list[Any]) -> None:
    """Nothing changes on which stored values hang."""
    if model is CustomField:
        rules.check_changes(changes)


@hookimpl
def after_create(model: type[Any], records: list[Any]) -> None:
    """Known to this process at once; indexes follow by a job."""
    if model is CustomField:
        _tell(any(r.indexed or r.searched for r in records))


@hookimpl
def after_update(model: type[Any], changes: list[Any]) -> None:
    """The same after a change."""
    if model is CustomField:
        _tell(any(change.changed(*INDEXED) for change in changes))


def _tell(indexes: bool) -> None:
    from core.jobs.runs import enqueue

    event.listen(db.session(), "after_commit", lambda _session: forget(), once=True)
    if indexes:
        enqueue(JOB, key=JOB)
