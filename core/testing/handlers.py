"""The check that each handler of an event does its work once: it runs twice with one key, the second time in vain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from core.db import db, system
from core.errors import ZhianError
from core.records.base import Base
from core.registry import Subscriber
from core.testing.deployment import Deployment
from core.testing.samples import Samples

BESIDE = {"core_audit", "core_heartbeat"}


def handler_problems(site: Deployment, plugin: str) -> Iterator[str]:
    """Rows that a second run of the same event makes or changes."""
    for owner, subscriber in site.registry.hooks.collect("register_subscribers"):
        if owner == plugin:
            payload = _payload(site, subscriber)
            if payload is None or not _run(site, subscriber, payload):
                continue
            before = _state(site)
            _run(site, subscriber, payload)
            changed = sorted(table for table, state in _state(site).items() if state != before[table])
            if changed:
                yield (
                    f"subscriber {subscriber.name} of {subscriber.event} changes {', '.join(changed)} again when the"
                    " event comes twice -> look first whether the work is done, or use `key`"
                )


def _payload(site: Deployment, subscriber: Subscriber) -> dict[str, Any] | None:
    """What `EVENTS` of the plugin gives, or the id of a sample of the record that the event is named after."""
    with site.app.app_context(), system("a sample for an event"):
        samples = Samples(site.registry)
        if subscriber.event in samples.events:
            return dict(samples.events[subscriber.event]())
        key = subscriber.event.rsplit(".", 1)[0]
        ident = samples.one(key) if key in site.registry.types else None
        return {"id": ident, "ids": [ident], "record": key} if ident is not None else None


def _run(site: Deployment, subscriber: Subscriber, payload: dict[str, Any]) -> bool:
    """Whether the handler took the event."""
    try:
        with site.app.app_context(), system("an event in a test"):
            subscriber.fn(dict(payload), "conformance")
    except (ZhianError, LookupError):  # it refuses this sample, which its own tests know better
        return False
    return True


def _state(site: Deployment) -> dict[str, tuple[Any, ...]]:
    """Per table how many rows there are and how often they were written."""
    found = {}
    with site.app.app_context(), db.engine.connect() as connection:
        for name, table in Base.metadata.tables.items():
            if name in BESIDE or not db.engine.dialect.has_table(connection, name):
                continue
            counted = [func.count()] + ([func.sum(table.c.version)] if "version" in table.c else [])
            found[name] = tuple(connection.execute(select(*counted).select_from(table)).one())
    return found
