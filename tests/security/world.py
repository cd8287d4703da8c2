"""Nine kinds of people, and one of staff without a role, before two offices that mirror each other in every record."""

from __future__ import annotations

import io
import re
from typing import Any

from flask import Flask
from sqlalchemy import select

from core import create, db, hash_password, load_principal, now, record_class, registry, system
from core.permissions.rules import access
from core.web.sessions import digest
from tests.security.marks import Mark, Marks
from tests.security.offices import PASSWORD, Browser, Offices

STAFF = {
    "clerk": "process_clerk here",
    "attorney": "tm_agent here",
    "finance": "finance here",
    "auditor": "audit_admin here",
    "admin": "administrator here",
    "roleless": "roleless here",
}
PORTAL = {"portal_owner": ("here", "owner"), "portal_viewer": ("here", "viewer"), "portal_other": ("there", "owner")}
KINDS = ("anon", *PORTAL, *STAFF)
"""Everybody in the order of their power; `here` is the side of all but `portal_other`."""


class World:
    """`ask(kind, method, path)` is one request of such a person, with the token of their pages where one is needed."""

    def __init__(self, app: Flask, marks: type[Marks] = Marks) -> None:
        self.app, self.offices = app, Offices(app)
        with app.app_context(), system("somebody without a role"):
            self._person("roleless here", self.offices.here)
        self.marks = marks(app, self.offices)
        self.accounts: dict[str, int] = {kind: self.offices.people[login] for kind, login in STAFF.items()}
        with app.app_context(), system("people of two clients"):
            for kind, (side, role) in PORTAL.items():
                self.accounts[kind] = self._visitor(side, role)
        self.browsers = {kind: self.browser(kind) for kind in KINDS}
        self.marks.ids["here"]["import"] = self._import()

    def _person(self, login: str, place: Any) -> None:
        values = {"login": login, "name": login, "department": place.department, "branch": place.branch}
        person = create(record_class("core.user"), values)
        person.password_hash = hash_password(PASSWORD)
        self.offices.people[login] = person.id

    def _visitor(self, side: str, role: str) -> int:
        email, client = f"{role}@{side}.example", self.marks.ids[side]["clients.client"]
        account = record_class("core.user")(
            login=email, name="顾远", email=email, realm="portal", active=True, password_hash=hash_password(PASSWORD)
        )
        db.session.add(account)
        db.session.flush()
        create(record_class("core.user_role"), {"user": account.id, "role": f"portal_{role}"})
        given = {"client_id": client, "name": "顾远", "email": email, "role": role, "state": "active"}
        db.session.add(record_class("portal.user")(**given, user_id=account.id, activated_at=now()))
        db.session.flush()
        return account.id

    def _import(self) -> int:
        """An import run of the clerk."""
        sheet = (io.BytesIO("案件编号,商标名称\nTM1,云岫\n".encode()), "cases.csv")
        answer = self.ask("clerk", "POST", "/import/cases.case", data={"file": sheet})
        assert answer.status_code == 303, answer.text[-500:]
        return int(answer.headers["Location"].rsplit("/", 1)[1])

    def browser(self, kind: str) -> Any:
        """A fresh sign-in of such a person."""
        if kind == "anon":
            return Stranger(self.app)
        return Visitor(self.app, PORTAL[kind]) if kind in PORTAL else Browser(self.app, STAFF[kind])

    def principal(self, kind: str) -> Any:
        """The person as the rules know them; None for strangers."""
        return None if kind == "anon" else load_principal(self.accounts[kind])

    def ask(self, kind: str, method: str, path: str, **options: Any) -> Any:
        """The answer."""
        browser = self.browsers[kind]
        headers = options.pop("headers", {})
        headers |= {"X-CSRF-Token": browser.token, "If-Match": '"0"'} if method != "GET" else {}
        return browser.client.open(path, method=method, headers=headers, buffered=True, **options)

    def renew(self) -> None:
        """Sign in anew whoever was signed out by what was asked."""
        table = record_class("core.session").__table__.c
        with self.app.app_context(), db.engine.connect() as connection:
            live = set(connection.execute(select(table.token_hash).where(table.ended_at.is_(None))).scalars())
        for kind in (*PORTAL, *STAFF):
            cookie = self.browsers[kind].client.get_cookie("zhian_portal" if kind in PORTAL else "zhian")
            if cookie is None or digest(cookie.value) not in live:
                self.browsers[kind] = self.browser(kind)

    def allowed(self, kind: str) -> set[Mark]:
        """The marks that this person may ever see: of records that the rules show them, without closed fields."""
        principal, found = self.principal(kind), set()
        if principal is None:
            return found
        with db.engine.connect() as connection:
            for type_ in registry().types.values():
                model, table = type_.model, type_.model.__table__
                for side in ("here", "there") if type_.key in self.marks.ids["here"] else ():
                    ident = self.marks.ids[side][type_.key]
                    where = (table.c.id == ident, access().where(model, principal, "read"))
                    if connection.execute(select(table.c.id).where(*where)).first() is not None:
                        closed = self._closed(connection, type_, principal, ident)
                        found |= {Mark(side, type_.key, name) for name in type_.fields.keys() - closed}
        return found

    def _closed(self, connection: Any, type_: Any, principal: Any, ident: int) -> set[str]:
        table = type_.model.__table__
        closed = {f.name for f in type_.fields.values() if f.hidden or f.kind == "secret"}
        for name, rule in access().treatments(type_.model, principal).items():
            if rule.treatment == "readonly":
                continue
            when = () if rule.when is None else (rule.when(type_.model, principal),)
            if connection.execute(select(table.c.id).where(table.c.id == ident, *when)).first() is not None:
                closed.add(name)
        return closed


class Stranger:
    """A browser that never signed in."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', self.client.get("/login").text)[1]


class Visitor:
    """A browser of the portal after its sign-in."""

    def __init__(self, app: Flask, who: tuple[str, str]) -> None:
        self.client = app.test_client()
        page = self.client.get("/portal/login").text
        token = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page)[1]
        given = {"email": f"{who[1]}@{who[0]}.example", "password": PASSWORD, "csrf_token": token}
        assert self.client.post("/portal/login", data=given).status_code == 303
        self.token = re.search(r"([0-9a-f]{64})", self.client.get("/portal/account").text)[1]
