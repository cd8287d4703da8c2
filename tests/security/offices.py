"""Two branches that mirror each other, with a person of each role in both; short ways to ask as one of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import Flask

from core import (
    acting_as,
    add_file,
    create,
    get,
    hash_password,
    load_principal,
    record_class,
    registry,
    run_action,
    system,
    today,
    transaction,
)
from core.api.keys import issue_key
from tests.support.lab import Client

PASSWORD = "correct horse battery"
SIDES = ("here", "there")
SECRET = "一种未公开的茶杯加热结构"
"""Title of an invention that is not public."""
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def staff_roles() -> list[str]:
    """Every role that staff may hold."""
    return [code for code, role in registry().access.roles.items() if role.realm != "portal"]


class Offices:
    """`here` and `there`: ids by name; people are called `<role> here`."""

    def __init__(self, app: Flask) -> None:
        self.app, self.people = app, {}
        self._keys: dict[str, Client] = {}
        self._files: dict[str, int] = {}
        with app.app_context():
            password = hash_password(PASSWORD)
            with system("two branches that mirror each other"):
                for side in SIDES:
                    setattr(self, side, self._place(side, password))
            for side in SIDES:
                self._money(side)

    def _place(self, side: str, password: str) -> SimpleNamespace:
        branch = create(record_class("core.branch"), {"name": f"分所 {side}"})
        department = create(record_class("core.department"), {"name": f"部门 {side}", "branch": branch.id})
        place = {"department": department.id, "branch": branch.id}
        for role in staff_roles():
            self._person(f"{role} {side}", role, place, password)
        self._person(f"second head {side}", "dept_head", place, password)
        self._person(f"colleague {side}", "tm_agent", place, password)
        department.head_id = self.people[f"dept_head {side}"]
        owner = {"owner": self.people[f"client_manager {side}"], **place}
        mail = {"billing_email": f"pay@{side}.example"}
        client = create(record_class("clients.client"), {"name": "云岫茶业有限公司", **owner, **mail})
        contact = {"client": client.id, "name": "顾远", "email": f"gu@{side}.example", "is_primary": True}
        create(record_class("clients.contact"), contact)
        made = SimpleNamespace(branch=branch.id, department=department.id, client=client.id, owner=owner)
        made.mark = self._case(side, client, place, case_type="tm_application", mark_name="云岫 YUNXIU")
        made.invention = self._case(side, client, place, case_type="invention", title=SECRET, abstract=SECRET)
        made.file = self._files[side]
        return made

    def _person(self, login: str, role: str, place: dict[str, int], password: str) -> None:
        user = create(
            record_class("core.user"),
            {"login": login, "name": login, "email": f"{login}@house".replace(" ", ".") + ".example", **place},
        )
        user.password_hash = password
        create(record_class("core.user_role"), {"user": user.id, "role": role})
        self.people[login] = user.id

    def _case(self, side: str, client: Any, place: dict[str, int], **values: Any) -> int:
        agent = "tm_agent" if values["case_type"].startswith("tm") else "pat_agent"
        named = {"agent": self.people[f"{agent} {side}"], "client_manager": self.people[f"client_manager {side}"]}
        named["process_clerk"] = self.people[f"process_clerk {side}"]
        case = create(
            record_class("cases.case"), {"client": client.id, "opened_on": today(), **place, **named, **values}
        )
        self._files[side] = add_file(case, f"paper-{side}.pdf", io.BytesIO(PDF + side.encode())).id
        return case.id

    def _money(self, side: str) -> None:
        made = getattr(self, side)
        made.bill, made.draft = self.bill(side), self.draft(side)
        with self.acting(f"finance {side}"):
            given = {
                "client": made.client,
                "amount": "500.00",
                "received_on": today(),
                "payer_account": f"secret {side}",
            }
            made.payment = create(record_class("billing.payment"), given).id
        with self.acting(f"client_manager {side}"):
            quotation = create(record_class("billing.quotation"), {"client": made.client, "subject": f"offer {side}"})
            made.quotation = quotation.id
            made.offer = self._line("billing.quotation_line", {"quotation": quotation.id})

    def _line(self, key: str, values: dict[str, Any], service: str = "1060.00") -> int:
        given = {"description": "服务", "official_amount": "300.00", "service_amount": service}
        return create(record_class(key), given | values).id

    def draft(self, side: str, who: str = "finance", client: int | None = None) -> int:
        """A draft bill with one line."""
        with self.acting(f"{who} {side}"):
            bill = create(record_class("billing.bill"), {"client": client or getattr(self, side).client})
            self._line("billing.bill_line", {"bill": bill.id})
            return bill.id

    def bill(self, side: str) -> int:
        """An issued bill with one line."""
        ident = self.draft(side)
        with self.acting(f"client_manager {side}"):
            run_action(get(record_class("billing.bill"), ident), "billing.bill", "issue", {})
        return ident

    @contextmanager
    def acting(self, login: str) -> Iterator[Any]:
        """Do what is inside as that person, and commit it."""
        with acting_as(load_principal(self.people[login])), transaction() as session:
            yield session

    def api(self, login: str) -> Client:
        """A program with that person's key."""
        if login not in self._keys:
            with self.app.app_context():
                self._keys[login] = Client(self.app, issue_key(self.people[login], ["*"], "attack"), {})
        return self._keys[login]

    def patch(self, login: str, path: str, body: dict[str, Any]) -> Any:
        """PATCH with the version that is there now."""
        client = self.api(login)
        found = client.get(path)
        return client.patch(path, body, found.json["version"]) if found.status_code == 200 else found

    def act(self, login: str, of: str, ident: int, code: str, /, **params: Any) -> Any:
        """A named action by REST."""
        return self.api(login).post(f"{of}/{ident}/actions/{code}", params)

    def seen(self, key: str, ident: int) -> Any:
        """The record as it is stored."""
        with self.app.app_context(), system("look at it") as session:
            found = session.get(record_class(key), ident)
            session.expunge(found)
            return found

    def browser(self, login: str) -> Browser:
        """A signed-in browser."""
        return Browser(self.app, login)


class Browser:
    """Pages and forms of one person of the staff."""

    def __init__(self, app: Flask, login: str) -> None:
        self.client = app.test_client()
        page = self.client.get("/login").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        answer = self.client.post("/login", data={"login": login, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code in (302, 303), (login, answer.status_code)
        self.token = re.search(r"([0-9a-f]{64})", self.client.get("/").text)[1]

    def get(self, path: str, **options: Any) -> Any:
        """A page, read whole: a stream gives its place back."""
        return self.client.get(path, buffered=True, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """A form with its token."""
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **options)


def money(value: Any) -> Decimal:
    """An amount of an answer."""
    return Decimal(str(value))
