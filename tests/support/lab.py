"""The deployment of the core's own tests: the `lab` plugin, its people, short ways to act and ask as one of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.settings import Settings

LAB = Path(__file__).resolve().parent.parent / "plugins_for_tests"
_numbers = count(1)
if str(LAB) not in sys.path:
    sys.path.insert(0, str(LAB))


@contextmanager
def lab_database(settings: Settings, server: str | None) -> Iterator[Settings]:
    """`settings` on a fresh SQLite file, or on a fresh database of the PostgreSQL `server`."""
    from tests.support.databases import _command, _url

    if server is None:
        yield _prepared(settings)
        return
    name = f"zhian_lab_{os.getpid()}_{next(_numbers)}"
    _command(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield _prepared(replace(settings, database_url=_url(server, name)))
    finally:
        _command(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _prepared(settings: Settings) -> Settings:
    from core.app import create_app
    from core.db import db
    from core.setup.database import prepare

    app = create_app(settings, web=False, plugin_folder=LAB)
    prepare(app, settings)
    with app.app_context():
        db.engine.dispose()
    return settings


def people() -> SimpleNamespace:
    """ann and bob are clerks of north, carl its chief, dora a clerk of south, gus a guest, root the administrator."""
    from core.db import system
    from core.permissions.org import Department, User, UserRole

    with system("people of the tests") as session:
        north, south = Department(name="North"), Department(name="South")
        session.add_all([north, south])
        session.flush()
        found = SimpleNamespace(north=north.id, south=south.id)
        for login, role, department in (
            ("ann", "clerk", north),
            ("bob", "clerk", north),
            ("carl", "chief", north),
            ("dora", "clerk", south),
            ("gus", "guest", None),
            ("root", "administrator", None),
            ("nobody", None, None),
        ):
            user = User(
                login=login, name=login.title(), department_id=department.id if department else None, locale="en"
            )
            session.add(user)
            session.flush()
            if role:
                session.add(UserRole(user_id=user.id, role=role))
            setattr(found, login, user.id)
    return found


class Lab:
    """Short ways to be somebody."""

    def __init__(self, app: Any, who: SimpleNamespace) -> None:
        self.app, self.who = app, who
        from lab.records import Drawer, Folder, Sheet

        self.Folder, self.Sheet, self.Drawer = Folder, Sheet, Drawer

    def principal(self, login: str) -> Any:
        """The person as the record rules know them."""
        from core.permissions.people import load_principal

        return load_principal(getattr(self.who, login))

    @contextmanager
    def being(self, login: str) -> Iterator[Any]:
        """Act as this person, with a session of their own."""
        from core.db import acting_as

        with acting_as(self.principal(login)) as session:
            yield session
            session.rollback()

    def make(self, key: str, **values: Any) -> int:
        """A record made by the system; its id."""
        from core.db import system
        from core.registry import record_class

        with system("material of a test") as session:
            record = record_class(f"lab.{key}")(**values)
            session.add(record)
            session.flush()
            return record.id

    def folder(self, name: str, keeper: str | None = None, **values: Any) -> int:
        """A folder of that keeper, in the keeper's department."""
        principal = self.principal(keeper) if keeper else None
        values.setdefault("department_id", principal.department_id if principal else None)
        return self.make("folder", name=name, keeper_id=principal.user_id if principal else None, **values)

    def row(self, key: str, ident: int) -> Any:
        """What the database holds, without any rules."""
        from sqlalchemy import select

        from core.db import db
        from core.registry import record_class

        table = record_class(f"lab.{key}").__table__
        with db.engine.connect() as connection:
            return connection.execute(select(table).where(table.c.id == ident)).first()

    def client(self, login: str, *scopes: str, **headers: str) -> Client:
        """An API client of this person."""
        from core.api.keys import issue_key

        return Client(self.app, issue_key(getattr(self.who, login), list(scopes or ("*",)), "test"), headers)


class Client:
    """Speaks JSON with a key."""

    def __init__(self, app: Any, key: str, headers: dict[str, str]) -> None:
        self.app, self.key = app, key
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en", **headers}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response; `path` is below /api/v1/."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        content = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return self.app.test_client().open(
            f"/api/v1/{path}", method=method, headers={**self.headers, **more}, **content
        )

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, version: int | str | None = None, **headers: str) -> Any:
        match = {"If_Match": f'"{version}"'} if version is not None else {}
        return self("PATCH", path, body, **match, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self("DELETE", path, **headers)
