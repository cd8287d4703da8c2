"""Two clients whose data mirror each other: same names, same counts; and portal users of each role. Once per module."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import add_file, create, db, hash_password, now, record_class, registry, system, today
from tests.plugins.portal import around

PASSWORD = "correct horse battery"
SIDES = ("left", "right")
ROLES = ("owner", "legal", "finance", "viewer")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63000100000500010d0a2db40000"
    "000049454e44ae426082"
)


@pytest.fixture(scope="module")
def mirror(app: Flask) -> SimpleNamespace:
    """`left` and `right`: ids of everything that one client has and the other must never reach."""
    if "portal.user" not in app.extensions["zhian"].types:
        pytest.skip("this deployment has no portal")
    with app.app_context(), system("two clients that mirror each other"):
        staff = _staff()
        password = hash_password(PASSWORD)
        sides = {side: _side(side, staff, password) for side in SIDES}
    whole = SimpleNamespace(staff=staff, **sides)
    with app.app_context():
        around.questions(whole)
    return whole


def _staff() -> SimpleNamespace:
    branch = create(record_class("core.branch"), {"name": "镜像所"})
    department = create(record_class("core.department"), {"name": "镜像部", "branch": branch.id})
    place = {"department": department.id, "branch": branch.id}
    made: dict[str, int] = {}
    for role in ("client_manager", "tm_agent", "security_admin", "partner", "administrator", "dept_head", "consultant"):
        values = {"login": f"mirror {role}", "name": f"某{role}", "title_text": "代理人", **place}
        user = create(record_class("core.user"), values)
        user.password_hash = hash_password(PASSWORD)
        create(record_class("core.user_role"), {"user": user.id, "role": role})
        made[role] = user.id
    return SimpleNamespace(branch=branch.id, department=department.id, **made)


def _side(side: str, staff: Any, password: str) -> SimpleNamespace:
    place = {"owner": staff.client_manager, "department": staff.department, "branch": staff.branch}
    client = create(
        record_class("clients.client"), {"name": "云岫茶业有限公司", "internal_remarks": f"secret {side}", **place}
    )
    contact = create(
        record_class("clients.contact"), {"client": client.id, "name": "顾远", "email": f"gu@{side}.example"}
    )
    cases = [_case(side, number, client, staff) for number in range(3)]
    people = {role: _person(side, role, client, password) for role in ROLES}
    made = SimpleNamespace(
        word=f"only{side}word",
        client=client.id,
        contact=contact.id,
        cases=[c.id for c in cases],
        numbers=[c.number for c in cases],
        references=[c.client_reference for c in cases],
        emails={role: f"{role}@{side}.example" for role in ROLES},
        users=people,
        files=[],
        internal=[],
        deadlines=[],
        messages=[],
    )
    for case in cases:
        made.files.append(_file(case, f"released-{side}.pdf", shown=True))
        made.internal.append(_file(case, f"internal-{side}.pdf", shown=False))
        made.deadlines.append(_deadline(case))
        message = record_class("portal.message")
        text = f"question of {side} {made.word}"
        made.messages.append(create(message, {"client": client.id, "case": case.id, "body": text}).id)
        create(record_class("core.note"), {"record_key": "cases.case", "record_id": case.id, "body": f"note {side}"})
    around.documents(side, made, cases[0], PDF)
    around.bills(side, made)
    made.order = create(record_class("portal.order"), {"client": client.id, "subject": f"order {side}"}).id
    return made


def _case(side: str, number: int, client: Any, staff: Any) -> Any:
    values = {
        "case_type": "tm_application",
        "client": client.id,
        "mark_name": "云岫 YUNXIU",
        "client_reference": f"REF-{side}-{number}",
        "agent": staff.tm_agent,
        "client_manager": staff.client_manager,
        "department": staff.department,
        "branch": staff.branch,
        "opened_on": today(),
        "goods": [{"class": 30, "items": ["茶"]}],
        "internal_opinion": f"secret opinion {side}",
        "remarks": f"secret remark {side}",
    }
    case = create(record_class("cases.case"), values)
    picture = add_file(case, "mark.png", io.BytesIO(PNG))
    case.mark_image_id = picture.id
    return case


def _file(case: Any, name: str, *, shown: bool) -> int:
    return add_file(case, name, io.BytesIO(PDF + name.encode()), client_visible=shown).id


def _deadline(case: Any) -> int | None:
    if "deadlines.deadline" not in registry().types:
        return None
    values = {
        "case": case.id,
        "name": "答复",
        "due": today() + timedelta(days=30),
        "client_date": today() + timedelta(days=9),
    }
    return create(record_class("deadlines.deadline"), values).id


def _person(side: str, role: str, client: Any, password: str) -> SimpleNamespace:
    email = f"{role}@{side}.example"
    account = record_class("core.user")(
        login=email, name="顾远", email=email, realm="portal", active=True, password_hash=password
    )
    db.session.add(account)
    db.session.flush()
    create(record_class("core.user_role"), {"user": account.id, "role": f"portal_{role}"})
    values = {
        "client_id": client.id,
        "name": "顾远",
        "email": email,
        "role": role,
        "state": "active",
        "user_id": account.id,
    }
    user = record_class("portal.user")(**values, activated_at=now())
    db.session.add(user)
    db.session.flush()
    return SimpleNamespace(id=user.id, account=account.id, email=email)


class Visitor:
    """A browser of the portal: signs in, follows pages, sends forms with their token."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> Any:
        """A page."""
        return self.client.get(path, **options)

    def token(self, path: str = "/portal/account") -> str:
        """The CSRF token that the pages of this browser carry."""
        found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', self.get(path).text)
        assert found, path
        return found[1]

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, page: str = "/portal/account", **options: Any
    ) -> Any:
        """A form, sent with the token of `page`."""
        return self.client.post(path, data={"csrf_token": self.token(page), **(data or {})}, **options)

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        """Sign in to the portal."""
        return self.post("/portal/login", {"email": email, "password": password}, page="/portal/login")


@pytest.fixture(scope="module")
def visitors(app: Flask, mirror: SimpleNamespace) -> dict[tuple[str, str], Visitor]:
    """A signed-in browser for each side and role."""
    found = {}
    for side in SIDES:
        for role in ROLES:
            visitor = Visitor(app)
            assert visitor.sign_in(f"{role}@{side}.example").status_code == 303
            found[side, role] = visitor
    return found


@pytest.fixture(scope="module")
def staff_browser(app: Flask, mirror: SimpleNamespace) -> Visitor:
    """An administrator of the agency, signed in to staff's pages."""
    visitor = Visitor(app)
    answer = visitor.client.post(
        "/login",
        data={
            "login": "mirror administrator",
            "password": PASSWORD,
            "csrf_token": re.search(r'name="csrf_token" value="([0-9a-f]{64})"', visitor.get("/login").text)[1],
        },
    )
    assert answer.status_code == 303
    return visitor
