"""Databases of the benchmark: an SQLite file, and a database in a private PostgreSQL cluster."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from flask import current_app
from sqlalchemy import select

from core.app import compose, create_app
from core.db import db
from core.records.base import MODELS, Base
from core.settings import ROOT, Settings, load_settings
from core.setup.database import prepare
from tests.bench import data
from tests.support.postgres import Cluster

PLUGINS = ("roles", "clients", "cases", "deadlines")
PASSWORD = "many-people-ask-1"


@dataclass(frozen=True)
class Place:
    """A deployment to measure: its settings as environment of a process."""

    settings: Settings

    def environment(self, **more: str) -> dict[str, str]:
        """For server processes and commands."""
        return os.environ | {
            "ZHIAN_DATA": str(self.settings.data),
            "DATABASE_URL": self.settings.database_url,
            "ZHIAN_PLUGINS": ",".join(self.settings.plugins),
            "ZHIAN_SECRET": self.settings.secret,
            "PYTHONPATH": str(ROOT),
            **more,
        }


class KeptCluster(Cluster):
    """The tests' cluster in a folder of its own, stopped at the end but not thrown away."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.data = folder, folder / "data"

    def __enter__(self) -> str:
        if not self._runs():
            self._resume() if self.data.exists() else self._start()
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def __exit__(self, *_: object) -> None:
        self._as_owner([str(self.programs / "pg_ctl"), "-D", str(self.data), "-m", "fast", "stop"], check=False)

    def _resume(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -c unix_socket_directories={self.folder}"
        log = ["-l", str(self.folder / "log"), "-o", options, "start"]
        self._as_owner([str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", *log])


def place(folder: Path, server: str | None, name: str, plugins: tuple[str, ...] = PLUGINS) -> Place:
    """The settings of one deployment."""
    url = "" if server is None else server.replace("/postgres?", f"/{name}?")
    return Place(load_settings(data=folder / name, plugins=plugins, database_url=url, secret="s" * 40))


def make(where: Place, server: str | None) -> None:
    """An empty database with schema and seeds; what was there is thrown away."""
    settings = where.settings
    if server is None:
        shutil.rmtree(settings.data, ignore_errors=True)
    else:
        name = settings.data.name
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    settings.data.mkdir(parents=True, exist_ok=True)
    prepare(create_app(settings, web=False), settings)


def is_built(where: Place) -> bool:
    """Whether the data are there and fit the schema of today."""
    mark = where.settings.data / "built"
    return mark.exists() and mark.read_text() == _schema(where)


def mark_built(where: Place) -> None:
    """The data are complete."""
    (where.settings.data / "built").write_text(_schema(where))


def _schema(where: Place) -> str:
    """A fingerprint of all tables and columns."""
    compose(where.settings)
    columns = sorted(str(column) for table in Base.metadata.tables.values() for column in table.columns)
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()


def fill(where: Place, size: int, deadlines: int) -> None:
    """The benchmark's people, clients, cases and deadlines."""
    with opened(where):
        data.build(size, deadlines)


@contextmanager
def opened(where: Place) -> Iterator[None]:
    """An app context on the place."""
    app = create_app(where.settings, web=False)
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def key_of(login: str) -> str:
    """A new API key of that person, for everything."""
    from core.api.keys import issue_key
    from core.setup.people import user_id_of

    return issue_key(user_id_of(login), ["*"], "benchmark")


def untouched(key: str, most: int = 20_000) -> list[int]:
    """Ids of records in their first version within the reach of the person who asks."""
    table = MODELS[key].__table__
    mine = select(table.c.id).where(table.c.department_id == data.STAFF, table.c.version == 1)
    with db.engine.connect() as connection:
        return list(connection.scalars(mine.order_by(table.c.id).limit(most)))


def cookie_of(login: str) -> str:
    """The cookie of a browser in which that person has signed in."""
    from core.setup.people import set_password
    from core.web.sessions import sign_in

    set_password(login, PASSWORD)
    with current_app.test_request_context():
        return f"zhian={sign_in(login, PASSWORD, keep=False).token}"
