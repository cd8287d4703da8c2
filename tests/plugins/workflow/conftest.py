"""An agency with two departments and people by role; definitions in short; cases ready for the new-filing flow."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from core import acting_as, add_file, create, get, load_principal, record_class, run_action, system, transaction
from plugins.workflow.records import Definition, Instance, Step, Task

PEOPLE = {
    "agent": ("tm_agent", "marks"),
    "colleague": ("tm_agent", "marks"),
    "stranger": ("tm_agent", "patents"),
    "head": ("dept_head", "marks"),
    "expert": ("reviewer", "marks"),
    "expert2": ("reviewer", "marks"),
    "clerk": ("process_clerk", "marks"),
    "manager": ("client_manager", "marks"),
    "partner": ("partner", "marks"),
    "author": ("config_admin", "marks"),
    "root": ("administrator", "marks"),
}
PAPERS = ("mark_image", "applicant_id_document", "power_of_attorney", "search_report", "goods_list")


@pytest.fixture(scope="module")
def agency(app: Any) -> SimpleNamespace:
    """Ids by name: people and departments."""
    made: dict[str, Any] = {}
    with app.app_context(), system("a test agency") as session:
        branch = create(record_class("core.branch"), {"name": "北京"})
        for key, name in (("marks", "商标部"), ("patents", "专利部")):
            made[key] = create(record_class("core.department"), {"name": name, "branch": branch.id, "code": key}).id
        for login, (role, place) in PEOPLE.items():
            values = {"login": login, "name": login, "department": made[place], "branch": branch.id}
            user = create(record_class("core.user"), values)
            create(record_class("core.user_role"), {"user": user.id, "role": role})
            made[login] = user.id
        session.get(record_class("core.department"), made["marks"]).head_id = made["head"]
        session.get(record_class("core.user"), made["head"]).manager_id = made["partner"]
        made["branch"] = branch.id
        legal = record_class("core.user")(login="legal", name="王女士", realm="portal")
        session.add(legal)
        session.flush()
        made["legal"] = legal.id
        made["client"] = create(record_class("clients.client"), {"name": "云岫茶业", "branch": branch.id}).id
    return SimpleNamespace(**made)


@pytest.fixture
def acting(context: Any, agency: SimpleNamespace) -> Callable[[str], AbstractContextManager[Any]]:
    """`with acting("head"):` does what is inside as that person, and commits it."""

    @contextmanager
    def act(login: str) -> Iterator[Any]:
        with acting_as(load_principal(getattr(agency, login))), transaction() as session:
            yield session

    return act


class Flows:
    """Short ways to make cases and definitions, to start, to decide and to look."""

    def __init__(self, agency: SimpleNamespace, acting: Any) -> None:
        self.agency, self.acting = agency, acting

    def case(self, status: str = "preparing", papers: tuple[str, ...] = PAPERS, **values: Any) -> int:
        """A trademark case of the agent, with its papers; its id."""
        who = self.agency
        given = {
            "case_type": "tm_application", "mark_name": "云岫", "agent": who.agent, "department": who.marks,
            "branch": who.branch, "client": who.client, "process_clerk": who.clerk, "client_manager": who.manager,
        }  # fmt: skip
        with system("a case of a test") as session:
            made = create(record_class("cases.case"), given | values, allow=("status",))
            made.moving = True
            made.status = status
            session.flush()
            for kind in papers:
                self.paper(made, kind)
            return made.id

    def paper(self, case: Any, kind: str) -> int:
        """A file of that kind with the case."""
        return add_file(case, f"{kind}.pdf", io.BytesIO(b"%PDF-1.4 " + kind.encode()), kind).id

    def define(self, nodes: list[dict[str, Any]], code: str = "short", state: str = "published", **more: Any) -> int:
        """A definition for cases, in force, in the place of the one before."""
        with system("a definition of a test") as session:
            number = 1
            for old in session.scalars(select(Definition).where(Definition.code == code)):
                old.state = "retired"
                number = max(number, old.version_no + 1)
            session.flush()
            given = {"code": code, "name": code, "record_key": "cases.case", "nodes": [START, *nodes]} | more
            made = Definition(version_no=number, state=state, **given)
            session.add(made)
            session.flush()
            return made.id

    def start(self, case_id: int, code: str = "short", who: str = "agent", **more: Any) -> int:
        """Start a flow; the instance's id."""
        params = {"code": code, "record_key": "cases.case", "record_id": case_id, **more}
        with self.acting(who):
            return run_action(None, "workflow.instance", "start", params)["instance"]

    def task(self, instance_id: int, node: str | None = None, who: str | None = None) -> Any:
        """The one open task (of a node, of a person)."""
        found = [
            t
            for t in self.tasks(instance_id)
            if t.state == "open"
            and (node is None or t.node == node)
            and (who is None or getattr(self.agency, who) in t.candidates)
        ]
        assert len(found) == 1, [(t.node, t.candidates) for t in found]
        return found[0]

    def tasks(self, instance_id: int) -> list[Any]:
        """All its tasks, oldest first."""
        with system("look at tasks") as session:
            return list(session.scalars(select(Task).where(Task.instance_id == instance_id).order_by(Task.id)))

    def open_nodes(self, instance_id: int) -> list[str]:
        """Nodes at which somebody is waited for."""
        return [t.node for t in self.tasks(instance_id) if t.state == "open"]

    def decide(self, who: str, task: Any, decision: str, **more: Any) -> Any:
        """Decide as that person, on the record as it is."""
        with self.acting(who):
            held = get(Task, task.id)
            given = {"decision": decision, "round": held.round, "version": held.record_version, **more}
            return run_action(held, "workflow.task", "decide", given)

    def step(self, who: str, instance_id: int, decision: str, node: str | None = None, **more: Any) -> Any:
        """Decide the task that this person is asked."""
        return self.decide(who, self.task(instance_id, node, who), decision, **more)

    def instance(self, instance_id: int) -> Any:
        """The flow as it is now."""
        with system("look at a flow") as session:
            return session.get(Instance, instance_id)

    def log(self, instance_id: int) -> list[str]:
        """What happened, as codes."""
        return [s.what for s in self.steps(instance_id)]

    def steps(self, instance_id: int) -> list[Any]:
        """The log."""
        with system("look at the log") as session:
            return list(session.scalars(select(Step).where(Step.instance_id == instance_id).order_by(Step.id)))

    def status(self, case_id: int) -> str:
        """The case's status."""
        with system("look at a case") as session:
            return session.get(record_class("cases.case"), case_id).status


START = {"id": "submit", "kind": "start", "name": "提交"}


def approve(node: str, *who: str, **more: Any) -> dict[str, Any]:
    """An approval node in short."""
    return {"id": node, "kind": "approve", "name": node, "who": list(who), **more}


@pytest.fixture
def flows(agency: SimpleNamespace, acting: Any) -> Flows:
    """Short ways for one test."""
    return Flows(agency, acting)
