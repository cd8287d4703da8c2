"""One flow in motion: its rows locked in a fixed order, its definition read, what the present step was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from core import NotFound, Record, current_principal, db, elevated, record_class, registry, settle, today
from plugins.workflow.flow import Flow, read_flow
from plugins.workflow.people import Subject, subject_of
from plugins.workflow.records import Definition, Instance, Task
from plugins.workflow.values import value_of

WHY = "a flow moves on as its definition says"

in_motion: ContextVar[frozenset[int]] = ContextVar("zhian_workflow_in_motion", default=frozenset())
"""Instances that move in this context; what they do to their record is theirs, not done beside them."""


@dataclass
class Run:
    """An instance with its definition and record; `given` is what the present decision brought: opinion, values."""

    instance: Instance
    definition: Definition
    flow: Flow
    record: Record | None
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """The definition's options."""
        return self.definition.options or {}

    @property
    def active(self) -> dict[str, Any]:
        """Nodes where it stands, each with its round, since when, and signatures that wait for their turn."""
        return dict(self.instance.active or {})

    @active.setter
    def active(self, value: dict[str, Any]) -> None:
        self.instance.active = value

    def value(self, path: str) -> Any:
        """A field of the record."""
        return value_of(self.record, path)

    def subject(self) -> Subject:
        """What words about people refer to."""
        return subject_of(self.record, self.instance.started_by_id, self.deciders())

    def deciders(self) -> dict[str, tuple[int, ...]]:
        """Per node who decided it in its latest round."""
        chosen = select(Task.node, Task.decided_by_id, Task.round).where(
            Task.instance_id == self.instance.id, Task.state == "done", Task.decided_by_id.is_not(None)
        )
        found: dict[str, tuple[int, list[int]]] = {}
        for node, who, number in db.session.execute(chosen.order_by(Task.round, Task.id)):
            if node not in found or found[node][0] < number:
                found[node] = (number, [])
            found[node][1].append(who)
        return {node: tuple(people) for node, (_round, people) in found.items()}

    def place(self, name: str) -> Any:
        """What a place of a template stands for; see `flow.fill`."""
        head, _dot, rest = name.partition(".")
        if head == "record":
            return self.value(rest)
        if head == "values":
            return (self.given.get("values") or {}).get(rest)
        if head == "file":
            return newest_file(self.record, rest)
        known = {
            "opinion": self.given.get("opinion"),
            "decider": current_principal().user_id,
            "starter": self.instance.started_by_id,
            "instance": self.instance.id,
            "name": self.definition.name,
            "today": today().isoformat(),
        }
        return known[head]


def newest_file(record: Any, kind: str) -> int | None:
    """The latest file of that kind with the record."""
    file = record_class("core.attachment")
    here = (file.record_key == record.__record__["key"], file.record_id == record.id, file.kind == kind)
    return db.session.scalar(select(func.max(file.id)).where(*here, file.archived_at.is_(None)))


def locked(model: type[Any], ident: int) -> Any:
    """The row as it is in the database now, held until the transaction ends; None when it is gone."""
    chosen = select(model).where(model.id == ident).with_for_update()
    return db.session.scalars(chosen, execution_options={"populate_existing": True}).first()


def locked_record(key: str, ident: int) -> Any:
    """The bound record, held; None when its type is not enabled or the row is gone."""
    return locked(registry().types[key].model, ident) if key in registry().types else None


@contextmanager
def moving(instance_id: int) -> Iterator[Run]:
    """Hold record and instance, in this order everywhere, and let the block move the flow in the caller's transaction.

    On PostgreSQL two deciders wait for each other here; on SQLite the transaction itself has the only write lock.
    """
    with elevated(WHY) as session:
        place = session.execute(
            select(Instance.record_key, Instance.record_id).where(Instance.id == instance_id)
        ).first()
        if place is None:
            raise NotFound()
        record = locked_record(place.record_key, place.record_id)
        instance = locked(Instance, instance_id)
        definition = session.get(Definition, instance.definition_id)
        run = Run(instance, definition, read_flow(definition.nodes), record)
        with in_its_own_hands(instance_id), session.begin_nested():  # a refusal leaves nothing behind
            yield run
            settle(session)
            follow_version(run)
            settle(session)


@contextmanager
def in_its_own_hands(instance_id: int) -> Iterator[None]:
    """What happens to the record inside is done by this flow."""
    token = in_motion.set(in_motion.get() | {instance_id})
    try:
        yield
    finally:
        in_motion.reset(token)


def follow_version(run: Run) -> None:
    """Open tasks are about the record as the flow leaves it."""
    if run.record is None:
        return
    for task in open_tasks(run.instance.id):
        if task.record_version != run.record.version:
            task.record_version = run.record.version


def open_tasks(instance_id: int, node: str | None = None) -> list[Task]:
    """Tasks of a flow that wait, read anew."""
    chosen = select(Task).where(Task.instance_id == instance_id, Task.state == "open")
    if node is not None:
        chosen = chosen.where(Task.node == node)
    return list(db.session.scalars(chosen.order_by(Task.id), execution_options={"populate_existing": True}))
