"""An agency with a client and cases of which letters are made, people by role, and the printing done on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pypdf
import pytest
from PIL import Image

from core import acting_as, add_file, create, load_principal, record_class, run_action, system, today, transaction
from plugins.documents.jobs import print_document
from plugins.documents.printing import Press

PEOPLE = {
    "agent": ("tm_agent", "marks"),
    "other": ("tm_agent", "patents"),
    "clerk": ("process_clerk", "marks"),
    "manager": ("client_manager", "marks"),
    "head": ("dept_head", "marks"),
    "author": ("config_admin", "marks"),
    "partner": ("partner", "marks"),
}
GOODS = [{"class": 30, "items": ["茶", "茶饮料", "咖啡"]}, {"class": 43, "items": ["茶馆"]}]


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name: people, client, contact, cases."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency") as session:
        branch = create(record_class("core.branch"), {"name": "北京"})
        for key in ("marks", "patents"):
            made[key] = create(record_class("core.department"), {"name": key, "branch": branch.id}).id
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": f"穆{login}", "name_en": login, "department": made[place]}
            user = create(record_class("core.user"), values | {"branch": branch.id, "email": f"{login}@house.example"})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        made["branch"] = branch.id
        made |= _clients(made)
        made |= _cases(made)
        session.flush()
    return SimpleNamespace(**made)


def _clients(made: dict[str, Any]) -> dict[str, int]:
    ours = {"owner": made["manager"], "department": made["marks"], "branch": made["branch"]}
    names = {"client": "龑䶮㛃茶业（杭州）有限公司", "rival": "北京对手饮品有限公司"}
    found = {}
    for key, name in names.items():
        values = {"name": name, "address": "杭州市西湖区龙井路1号", "internal_remarks": "INTERNAL-REMARK 只付七成"}
        found[key] = create(record_class("clients.client"), values | ours | {"name_en": f"{key} Tea Ltd"}).id
    contact = {"client": found["client"], "name": "方龑", "email": "fang@client.example", "mobile": "13900001111"}
    found["contact"] = create(
        record_class("clients.contact"), contact | {"roles": ["legal_head"], "position": "总监"}
    ).id
    return found


def _cases(made: dict[str, Any]) -> dict[str, int]:
    case = record_class("cases.case")
    ours = {"agent": made["agent"], "department": made["marks"], "branch": made["branch"], "client": made["client"]}
    mark = ours | {"case_type": "tm_application", "goods": GOODS, "client_reference": "KH-7"}
    mark |= {"applicants": [{"name": "龑䶮㛃茶业（杭州）有限公司", "address": "杭州市西湖区龙井路1号"}]}
    mark |= {"internal_opinion": "INTERNAL-OPINION 胜算不大", "cost": "4321.09", "remarks": "INTERNAL-NOTE"}
    fresh = create(case, mark | {"mark_name": "云岫䶮"})
    picture = add_file(fresh, "mark.png", io.BytesIO(png()), "mark_image")
    fresh.mark_image_id = picture.id
    ended = {"registration_number": "01234567", "registration_date": today() - timedelta(days=3500)}
    ended |= {
        "valid_to": today() + timedelta(days=200),
        "filing_date": date(2016, 3, 4),
        "application_number": "19456789",
    }
    registered = create(case, mark | ended | {"mark_name": "云岫老号"})
    registered.status = "registered"
    other = create(case, ours | {"case_type": "tm_application", "mark_name": "对手牌", "client": made["rival"]})
    return {"fresh": fresh.id, "registered": registered.id, "rivals": other.id}


def png(colour: str = "#123456") -> bytes:
    """A small picture."""
    target = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("agent"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        with acting_as(load_principal(getattr(agency, login))), transaction() as session:
            yield session

    return act


@pytest.fixture(scope="session")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """One printing child for all tests of this process."""
    with Press(tmp_path_factory.mktemp("fonts")) as found:
        yield found


@pytest.fixture
def make(acting: Any, agency: SimpleNamespace, press: Press) -> Callable[..., int]:
    """Ask for a document as a person, print it at once; its id."""

    def made(kind: str, on: str = "fresh", who: str = "agent", key: str = "cases.case", **given: Any) -> int:
        with acting(who) as session:
            record = session.get(record_class(key), getattr(agency, on))
            ident = run_action(record, key, "make_document", {"kind": kind, **given})["document"]
        print_document(ident, press)
        return ident

    return made


def text_of(pdf: bytes) -> str:
    """The text layer, without blanks and line ends."""
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    return "".join("".join(pages).split())
