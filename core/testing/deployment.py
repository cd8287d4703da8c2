"""A deployment of a few plugins on a database of its own, its people, and short ways to ask as one of them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from core.app import create_app
from core.db import acting_as, db, system
from core.hooks.manifest import Manifest, discover
from core.permissions.org import Branch, Department, Team, User, UserRole
from core.permissions.people import forget, load_principal
from core.registry import Registry, record_class
from core.settings import Settings
from core.setup.database import prepare

PG = "ZHIAN_TEST_PG"
"""The variable that names a PostgreSQL server on which tests may make databases."""
_numbers = count(1)


def with_requirements(names: Iterable[str]) -> tuple[str, ...]:
    """The plugins and everything that they require, first what is required; unknown names stay in."""
    found, ordered = discover(None)[0], {}

    def take(name: str, above: tuple[str, ...]) -> None:
        for needed in found[name].requires if name in found else ():
            if needed not in (*above, name):
                take(needed, (*above, name))
        ordered.setdefault(name, None)

    for name in names:
        take(name, ())
    return tuple(ordered)


class Deployment:
    """Plugins on a database. Made by `deployment(...)` or the fixture `zhian`; one at a time in a process."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._people: dict[str, int] = {}
        self._places: dict[tuple[type, str], int] = {}

    @property
    def registry(self) -> Registry:
        """Everything that is enabled."""
        return self.app.extensions["zhian"]

    def manifest(self, name: str) -> Manifest:
        """What an enabled plugin says of itself."""
        return next(m for m in self.registry.manifests if m.name == name)

    def person(self, login: str, *roles: str, department: str | None = None, realm: str = "staff") -> int:
        """The id of a person with these roles, made when there is none of this login."""
        if login not in self._people:
            with self.app.app_context(), system("a person of a test") as session:
                place = {
                    "department_id": self._place(session, Department, department),
                    "branch_id": self._place(session, Branch, department),
                    "team_id": self._place(session, Team, department),
                }
                user = User(login=login, name=login.capitalize(), realm=realm, **place)
                session.add(user)
                session.flush()
                session.add_all(UserRole(user_id=user.id, role=role) for role in roles)
                self._people[login] = user.id
        return self._people[login]

    def _place(self, session: Any, model: type[Any], name: str | None) -> int | None:
        if name is None:
            return None
        if (model, name) not in self._places:
            place = model(name=name)
            session.add(place)
            session.flush()
            self._places[model, name] = place.id
        return self._places[model, name]

    def make(self, key: str, **values: Any) -> int:
        """A record made by the system, by attribute names; its id."""
        with self.app.app_context(), system("material of a test") as session:
            record = record_class(key)(**values)
            session.add(record)
            session.flush()
            return record.id

    def configure(self, plugin: str, **values: Any) -> None:
        """Set settings of a plugin, as an administrator would."""
        from core.plugin_settings.store import set_values

        with self.app.app_context(), system("settings of a test"):
            set_values(plugin, values)

    @contextmanager
    def being(self, user_id: int) -> Iterator[Any]:
        """Act as this person, with a session of their own that is rolled back at the end."""
        with self.app.app_context(), acting_as(load_principal(user_id)) as session:
            yield session
            session.rollback()

    def api(self, user_id: int, *scopes: str) -> Api:
        """An API client with a key of this person."""
        from core.api.keys import issue_key

        with self.app.app_context():
            return Api(self.app, issue_key(user_id, list(scopes or ("*",)), "test"))

    def browser(self, user_id: int, language: str = "en") -> FlaskClient:
        """A browser in which this person is signed in."""
        from core.web import sessions

        with self.app.test_request_context(), system("sign in for a test") as session:
            user = session.get_one(User, user_id)
            user.locale = language
            token = sessions.start(session, user_id, keep=False, way="test")
            realm = self.registry.realms[user.realm]
        browser = self.app.test_client()
        browser.set_cookie(realm.cookie, token)
        forget(user_id)
        return browser


class Api:
    """Speaks JSON with a key; paths are below `/api/v1/`."""

    def __init__(self, app: Flask, key: str) -> None:
        self.app = app
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response to one request."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.app.test_client().open(
            f"/api/v1/{path}", method=method, headers={**self.headers, **more}, **content
        )

    def get(self, path: str, **headers: str) -> Any:
        """Read."""
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Create, or run an action."""
        return self("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        """Change."""
        return self("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        """Delete."""
        return self("DELETE", path, **headers)


@contextmanager
def deployment(
    *plugins: str, server: str = "", data: Path | None = None, secret: str = "t" * 40
) -> Iterator[Deployment]:
    """The plugins with what they require on a fresh SQLite file, or on a fresh database of the PostgreSQL `server`."""
    place = Path(tempfile.mkdtemp(prefix="zhian-check-", dir=data))
    with _database(server) as url:
        settings = Settings(
            plugins=with_requirements(plugins), data=place, database_url=url, secret=secret, testing=True
        )
        app = create_app(settings)
        try:
            prepare(app, settings)
            yield Deployment(app, settings)
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            forget()
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _database(server: str) -> Iterator[str]:
    """The address of a fresh database, dropped at the end; empty for the embedded one."""
    if not server:
        yield ""
        return
    import psycopg
    from sqlalchemy import make_url

    url, name = make_url(server).set(drivername="postgresql"), f"zhian_check_{os.getpid()}_{next(_numbers)}"

    def command(text: str) -> None:
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(text)

    command(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        command(f'DROP DATABASE "{name}" WITH (FORCE)')
