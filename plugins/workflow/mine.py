"""Lists of one's own: what waits for me, what I started or decided, what people who left still hold. Only reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, func, select

from core import Panel, current_principal, db, elevated, now, record_class
from plugins.workflow import people
from plugins.workflow.picture import span, when
from plugins.workflow.records import Asked, Instance, Task
from plugins.workflow.run import open_tasks

ROWS = 200
ON_HOME = 6
TABS = ("mine", "client", "started", "done", "left")


def _asked_me() -> Any:
    return Task.id.in_(select(Asked.task_id).where(Asked.user_id.in_(sorted(current_principal().acting_ids))))


def waiting(kinds: tuple[str, ...] = ("approve", "do")) -> list[Task]:
    """Open tasks that the person is asked, the longest wait first."""
    chosen = select(Task).where(Task.state == "open", Task.kind.in_(kinds), _asked_me())
    return list(db.session.scalars(chosen.order_by(Task.created_at, Task.id).limit(ROWS)))


def count() -> int:
    """How many tasks wait for the person."""
    chosen = select(func.count(Task.id)).where(Task.state == "open", Task.kind.in_(("approve", "do")), _asked_me())
    return db.session.scalar(chosen) or 0


def started() -> list[Instance]:
    """Flows that the person started, those that run first."""
    chosen = select(Instance).where(Instance.started_by_id == current_principal().user_id)
    return list(db.session.scalars(chosen.order_by(Instance.ended_at.is_not(None), Instance.id.desc()).limit(ROWS)))


def decided() -> list[Task]:
    """Tasks that the person decided, the latest first."""
    chosen = select(Task).where(Task.state == "done", Task.decided_by_id == current_principal().user_id)
    return list(db.session.scalars(chosen.order_by(Task.decided_at.desc(), Task.id.desc()).limit(ROWS)))


def left() -> list[Task]:
    """Open tasks in the person's reach that nobody can decide any more, because all who are asked left."""
    user = record_class("core.user")
    here = exists().where(
        Asked.task_id == Task.id, Asked.user_id == user.id, user.active.is_(True), user.archived_at.is_(None)
    )
    principal = current_principal()
    if not principal.has_role("dept_head", "branch_manager", "partner", "administrator"):
        return []
    with elevated("whose tasks nobody holds any more"):
        ids = list(db.session.scalars(select(Task.id).where(Task.state == "open", ~here).limit(ROWS)))
    return list(db.session.scalars(select(Task).where(Task.id.in_(ids)).order_by(Task.created_at))) if ids else []


def task_row(task: Task) -> dict[str, Any]:
    """A task as the lists show it."""
    flow, name = parted(task.called)
    return {
        "href": f"/r/workflow.task/{task.id}",
        "name": name,
        "flow": flow,
        "step": task.named(),
        "wait": span(now() - task.created_at) if task.state == "open" else when(task.decided_at or task.updated_at),
        "due": task.due_at,
        "open": task.state == "open",
        "decision": task.decision,
        "hand_on": f"/r/workflow.task/{task.id}/-/do/hand_on",
        "candidates": task.candidates or [],
    }


def parted(title: str) -> tuple[str, str]:
    """The flow's and the record's part of a title."""
    flow, colon, name = title.replace(": ", "：", 1).partition("：")
    return (flow, name) if colon else ("", title)


def instance_rows(instances: list[Instance]) -> list[dict[str, Any]]:
    """Flows as the lists show them, with the step at which each one stands."""
    with elevated("where flows stand"):
        steps = {i.id: [t.named() for t in open_tasks(i.id)] for i in instances if i.state == "running"}
    return [
        {
            "href": f"/r/workflow.instance/{i.id}",
            "name": parted(i.called)[1],
            "flow": parted(i.called)[0],
            "state": i.state,
            "steps": list(dict.fromkeys(steps.get(i.id, ()))),
            "wait": when(i.ended_at or i.started_at or i.created_at),
        }
        for i in instances
    ]


def with_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds who was asked."""
    names = people.names_of({i for row in rows for i in row["candidates"]})
    for row in rows:
        row["who"] = [names[i] for i in row["candidates"] if i in names]
    return rows


def home() -> list[Panel]:
    """What waits for the person, on the home page; nothing when nothing waits."""
    rows = [task_row(task) for task in waiting()]
    if not rows:
        return []
    context = {"rows": rows[:ON_HOME], "total": len(rows)}
    return [Panel("workflow/home.html", context, order=20, key="workflow.mine")]
