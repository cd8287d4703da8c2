"""A deployment of core and the `desk` plugin with web pages: people, papers, and a client that signs in."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask

PLUGINS = Path(__file__).parent / "plugins"
PASSWORD = "a-long-password-1"
LOGINS = {"ann": "clerk", "bob": "clerk", "rea": "reader", "root": "administrator", "none": None}
if str(PLUGINS) not in sys.path:
    sys.path.insert(0, str(PLUGINS))


def make_app(settings: Any) -> Flask:
    """The app with its schema, the plugin's own table included."""
    from core.app import create_app
    from core.db import db
    from core.permissions.people import forget
    from core.records.base import Base
    from core.setup.database import prepare

    forget()
    app = create_app(settings, plugin_folder=PLUGINS)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    prepare(app, settings)
    with app.app_context():
        Base.metadata.tables["desk_paper"].create(db.engine, checkfirst=True)
    return app


def fill(app: Flask) -> dict[str, int]:
    """People by login and a few papers; their ids by name."""
    from core.db import system
    from core.permissions.org import User, UserRole
    from core.permissions.passwords import hash_password
    from core.registry import record_class

    paper = record_class("desk.paper")
    hashed, ids = hash_password(PASSWORD), {}
    with app.app_context(), system("material of the web tests") as session:
        for login, role in LOGINS.items():
            user = User(login=login, name=login.title(), locale="en", password_hash=hashed)
            session.add(user)
            session.flush()
            ids[login] = user.id
            if role:
                session.add(UserRole(user_id=user.id, role=role))
        for number, (name, keeper, state, due) in enumerate(
            (
                ("Alpha <b>", "ann", "draft", date(2031, 3, 5)),
                ("Beta", "ann", "filed", date(2031, 3, 5)),
                ("Gamma", "ann", "refused", None),
                ("Delta", "bob", "draft", date(2031, 4, 1)),
            ),
            1,
        ):
            row = paper(
                name=name, number=f"P-{number}", keeper_id=ids[keeper], state=state, due=due, amount=number * 100
            )
            session.add(row)
            session.flush()
            ids[name.split()[0]] = row.id
    return ids


class Visitor:
    """One browser of one person: keeps cookies, sends the token of the last page."""

    def __init__(self, app: Flask, login: str | None = None, **headers: str) -> None:
        self.client, self.headers, self.token = app.test_client(), {"Accept-Language": "en", **headers}, ""
        if login:
            answer = self.sign_in(login)
            assert answer.status_code == 303, answer.text

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> Any:
        self.get("/login")
        answer = self.post("/login", login=login, password=password, **more)
        if answer.status_code == 303:
            self.get("/new")
        return answer

    def get(self, path: str, **headers: str) -> Any:
        answer = self.client.get(path, headers=self.headers | {k.replace("_", "-"): v for k, v in headers.items()})
        if found := re.search(
            r'name="csrf-?_?token" (?:value|content)="([0-9a-f]+)"',
            answer.text if answer.mimetype == "text/html" else "",
        ):
            self.token = found.group(1)
        return answer

    def post(self, path: str, _headers: dict[str, str] | None = None, **form: Any) -> Any:
        data = {"csrf_token": self.token} | form
        return self.client.post(path, data=data, headers=self.headers | (_headers or {}))

    def follow(self, answer: Any) -> Any:
        """The page to which an answer leads."""
        return self.get(answer.headers["Location"])
