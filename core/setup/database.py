"""The database of a deployment: made, brought up to date, filled; and opened for commands."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import delete, insert, select

from core.app import create_app
from core.clock import now
from core.db import db, reading, system
from core.hooks import migrations
from core.records.audit import Origin, origin
from core.registry import registry
from core.search.rebuilding import match_plans
from core.settings import Settings, load_settings
from core.setup.model import SetupMark

Say = Callable[[str], None]


class NotReady(Exception):
    """The database cannot be used as it is; the text says why and what to do."""


def prepare(app: Flask, settings: Settings, say: Say = lambda text: None) -> None:
    """Schema to its heads, then the seeds; twice changes nothing."""
    with app.app_context():
        for state in migrations.upgrade(registry(), db.engine, settings):
            say(f"database: {state.plugin} {state.current or 'new'} -> {state.head}")
        match_plans()
        for seed in registry().seeds:
            _once(f"seed {seed.key}", _source_state(seed.fn), seed.fn)


def load_demo(app: Flask, say: Say = lambda text: None) -> bool:
    """Load the chapters of the demo data that are missing; whether there was one."""
    loaded = False
    with app.app_context():
        chapters = registry().demos
        for number, demo in enumerate(chapters, 1):
            name = f"demo {demo.order} {demo.fn.__module__}.{demo.fn.__name__}"
            loaded |= _once(name, "", demo.fn, lambda n=number: say(f"demo data: chapter {n} of {len(chapters)} …"))
    return loaded


def _once(name: str, fingerprint: str, fn: Callable[[Any], None], before: Callable[[], None] = lambda: None) -> bool:
    """Run `fn(session)` and its mark in one transaction, unless the mark says it was done in this form."""
    table = SetupMark.__table__
    with reading() as connection:
        known = connection.scalar(select(table.c.fingerprint).where(table.c.name == name))
    if known == fingerprint:
        return False
    before()
    with system(name) as session:
        fn(session)
        session.flush()
        connection = session.connection()
        connection.execute(delete(table).where(table.c.name == name))
        connection.execute(insert(table).values(name=name, fingerprint=fingerprint, at=now()))
    return True


def _source_state(fn: Callable[..., Any]) -> str:
    """Changes when a file of the plugin that declares `fn` changes: its code or its data."""
    try:
        folder = Path(inspect.getfile(inspect.unwrap(fn))).parent
    except TypeError:
        return "built-in"
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".py", ".yaml", ".json", ".jsonl", ".csv", ".toml"):
            state = file.stat()
            digest.update(f"{file.name} {state.st_size} {state.st_mtime_ns}".encode())
    return digest.hexdigest()


def is_empty() -> bool:
    """Whether no schema was ever made here."""
    return all(state.current is None for state in migrations.status(registry(), db.engine))


@contextlib.contextmanager
def deployment(settings: Settings | None = None, say: Say = lambda text: None) -> Iterator[Flask]:
    """The app context of a command, on a database that is made when it is missing. Raises `NotReady` when it is old."""
    settings = settings or load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    app = create_app(settings, web=False)
    with app.app_context():
        if is_empty():
            prepare(app, settings, say)
        behind = [s.plugin for s in migrations.status(registry(), db.engine) if not s.ok]
        if behind:
            raise NotReady(f"The database is not at the schema of {', '.join(behind)}. Run: zhian db upgrade")
        token = origin.set(Origin(via="cli"))
        try:
            yield app
        finally:
            origin.reset(token)
