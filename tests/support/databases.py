"""Fresh databases in milliseconds: one template per run and backend with schema and seeds, copied for each module."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from core.app import create_app
from core.db import db
from core.settings import Settings
from core.setup.database import prepare

_numbers = itertools.count(1)


@contextmanager
def fresh_database(settings: Settings, server: str | None, shared: Path) -> Iterator[Settings]:
    """`settings` on a copy of the template: an SQLite file in its data folder, or a database of `server`."""
    settings.data.mkdir(parents=True, exist_ok=True)
    if server is None:
        template = _once(shared / "sqlite", lambda: _sqlite_template(settings, shared / "sqlite"))
        shutil.copyfile(template / "zhian.db", settings.data / "zhian.db")
        yield settings
        return
    name = f"zhian_{os.getpid()}_{next(_numbers)}"
    template = f"zhian_template_{shared.name}".replace("-", "_")
    _once(shared / "postgresql", lambda: _postgres_template(settings, server, template))
    _command(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield replace(settings, database_url=_url(server, name))
    finally:
        _command(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _once(place: Path, make) -> Path:
    """Run `make` in the first process that comes; the others wait."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            make()
            (place / "done").touch()
    return place


def _sqlite_template(settings: Settings, place: Path) -> None:
    _fill(replace(settings, data=place, database_url=""))


def _postgres_template(settings: Settings, server: str, name: str) -> None:
    _command(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _command(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    _fill(replace(settings, database_url=_url(server, name)))


def _fill(settings: Settings) -> None:
    app = create_app(settings, web=False)
    prepare(app, settings)
    with app.app_context():
        if settings.is_sqlite:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        db.engine.dispose()


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _command(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)
