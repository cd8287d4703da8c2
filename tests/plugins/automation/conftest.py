"""A small agency: who builds rules, who lends them their rights, who approves, who stands outside; and short ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from core import acting_as, create, get, load_principal, record_class, run_action, system, transaction
from plugins.automation import catching, working
from plugins.automation.records import Rule, Run

PEOPLE = {
    "builder": ("config_admin", "marks"),
    "head": ("dept_head", "marks"),
    "agent": ("tm_agent", "marks"),
    "manager": ("client_manager", "marks"),
    "partner": ("partner", "marks"),
    "stranger": ("tm_agent", "patents"),
    "root": ("administrator", "marks"),
}
RULE = "automation.rule"


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency"):
        branch = create(record_class("core.branch"), {"name": "北京"})
        for key, name in (("marks", "商标部"), ("patents", "专利部")):
            values = {"name": name, "branch": branch.id, "code": key}
            made[key] = create(record_class("core.department"), values).id
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": login, "department": made[place], "branch": branch.id}
            user = create(record_class("core.user"), values | {"email": f"{login}@lanqi.example"})
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        client = {"name": "云岫茶业", "branch": branch.id, "department": made["marks"], "owner": made["manager"]}
        made["client"] = create(record_class("clients.client"), client).id
        contact = {"client": made["client"], "name": "王女士", "email": "wang@client.example", "is_primary": True}
        create(record_class("clients.contact"), contact)
        made["branch"] = branch.id
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("head"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        with acting_as(load_principal(getattr(agency, login))), transaction() as session:
            yield session

    return act


class Rules:
    """Short ways to make cases and rules, to let them run and to look."""

    def __init__(self, agency: SimpleNamespace, acting: Any) -> None:
        self.agency, self.acting = agency, acting

    def case(self, **values: Any) -> int:
        """A trademark case of the agent; its id."""
        who = self.agency
        given = {
            "case_type": "tm_application", "mark_name": "云岫", "agent": who.agent, "department": who.marks,
            "branch": who.branch, "client": who.client, "client_manager": who.manager,
        }  # fmt: skip
        with system("a case"):
            return create(record_class("cases.case"), given | values, allow=("status", "valid_to")).id

    def write(self, case: int, **values: Any) -> None:
        """A change of the case by its agent."""
        with self.acting("agent"):
            from core import update as change

            change(get(record_class("cases.case"), case), values)

    def rule(self, runs_as: str = "partner", on: bool = True, **values: Any) -> int:
        """A rule that the builder wrote, switched on; its id."""
        given = {"name": "规则", "record_key": "cases.case", "trigger": "changed", "when": {"fields": []}}
        given |= {"runs_as": getattr(self.agency, runs_as)} | values
        with self.acting("builder"):
            ident = create(Rule, given).id
        if on:
            self.do("root", "agree", ident)
            self.do("root", "try_out", ident)
            self.do("root", "activate", ident)
        return ident

    def do(self, login: str, code: str, rule: int, **given: Any) -> Any:
        """An action on a rule by somebody."""
        with self.acting(login):
            return run_action(get(Rule, rule), RULE, code, given)

    def off(self) -> None:
        """No rule is on any more."""
        with system("the next test begins") as session:
            session.execute(update(Rule).values(active=False), execution_options={"synchronize_session": False})
            session.execute(update(Run).values(state="done"), execution_options={"synchronize_session": False})
        catching.forget()

    def work(self) -> dict[str, int]:
        """What waits is carried out, as the worker does."""
        return working.work(30)

    def runs(self, rule: int) -> list[Run]:
        """Its runs, the oldest first."""
        with system("look at runs") as session:
            found = list(session.scalars(select(Run).where(Run.rule_id == rule).order_by(Run.id)))
            session.expunge_all()
            return found

    def see(self, key: str, **where: Any) -> list[Any]:
        """Rows of a type with these values."""
        model = record_class(key)
        with system("look") as session:
            found = list(session.scalars(select(model).filter_by(**where).order_by(model.id)))
            session.expunge_all()
            return found


@pytest.fixture
def rules(agency: SimpleNamespace, acting: Any) -> Iterator[Rules]:
    """Fresh: nothing is on."""
    made = Rules(agency, acting)
    made.off()
    yield made
    made.off()
