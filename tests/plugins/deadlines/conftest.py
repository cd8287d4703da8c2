"""An agency with a trademark and a patent department, people by role, and short ways to make cases and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from core import acting_as, create, db, load_principal, record_class, system, today, transaction

PEOPLE = {
    "agent": ("tm_agent", "marks"),
    "stranger": ("tm_agent", "patents"),
    "clerk": ("process_clerk", "marks"),
    "verifier": ("docket_verifier", "marks"),
    "head": ("dept_head", "marks"),
    "partner": ("partner", "marks"),
    "author": ("config_admin", "marks"),
    "reviewer": ("reviewer", "marks"),
    "root": ("administrator", "marks"),
}


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name: people and departments."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency"):
        branch = create(record_class("core.branch"), {"name": "北京"})
        for key, name in (("marks", "商标部"), ("patents", "专利部")):
            made[key] = create(record_class("core.department"), {"name": name, "branch": branch.id}).id
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": login, "department": made[place], "branch": branch.id}
            user = create(record_class("core.user"), values | {"email": f"{login}@example.test"})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        head = db.session.get(record_class("core.department"), made["marks"])
        head.head_id = made["head"]
        made["branch"] = branch.id
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("clerk"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        with acting_as(load_principal(getattr(agency, login))), transaction() as session:
            yield session

    return act


@pytest.fixture
def docket(context: Any, agency: SimpleNamespace) -> Docket:
    """Makes cases and events of the agency and reads their deadlines."""
    return Docket(agency)


class Docket:
    """Cases of the agent of the trademark department."""

    def __init__(self, agency: SimpleNamespace) -> None:
        self.agency = agency

    def case(self, case_type: str = "tm_application", **values: Any) -> int:
        """A case of the agent; its id."""
        named = {"mark_name": "云岫"} if case_type.startswith(("tm", "madrid")) else {"title": "一种茶杯"}
        given = {"case_type": case_type, "agent": self.agency.agent, "department": self.agency.marks}
        with system("a case of a test"):
            given |= {"branch": self.agency.branch} | named | values
            return create(record_class("cases.case"), given).id

    def event(self, case_id: int, code: str, day: date, **values: Any) -> int:
        """An event of a case, sent electronically on `day`; its id."""
        given = {"case": case_id, "code": code, "date": day, "dispatch_date": day, "delivery": "electronic"}
        with system("an event of a test"):
            return create(record_class("cases.event"), {**given, **values}).id

    def rows(self, case_id: int, code: str | None = None) -> list[Any]:
        """All stored deadlines of a case, also replaced ones, oldest first."""
        model = record_class("deadlines.deadline")
        with system("look at deadlines") as session:
            rows = session.scalars(select(model).where(model.case_id == case_id).order_by(model.id)).all()
            return [row for row in rows if code is None or row.rule_code == code]

    def one(self, case_id: int, code: str) -> Any:
        """The only deadline of that rule that was not replaced."""
        (row,) = [row for row in self.rows(case_id, code) if row.status != "superseded"]
        return row

    def refused_mark(self, ago: int = 2) -> Any:
        """A fatal deadline: the review of a refusal that was sent `ago` days ago."""
        case_id = self.case(status="intake")
        self.event(case_id, "TM_REFUSAL_ISSUED", today() - timedelta(ago))
        return self.one(case_id, "CN.TM.REFUSAL_REVIEW")
