"""Timers of nodes: a job looks every few minutes for tasks whose time has come, and urges or asks further people."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select

from core import Job, Schedule, db, now, system
from plugins.workflow import engine, handling, log, people
from plugins.workflow.flow import Node
from plugins.workflow.records import Asked, Task
from plugins.workflow.run import Run, moving

AT_ONCE = 500
_logger = logging.getLogger("zhian.workflow")


def run_timers() -> dict[str, int]:
    """Carry out every timer whose time has come, each task in a transaction of its own."""
    with system("look for timers of flows") as session:
        chosen = select(Task.id, Task.instance_id).where(Task.state == "open", Task.timer_at <= now())
        due = [tuple(row) for row in session.execute(chosen.order_by(Task.timer_at).limit(AT_ONCE))]
    done = 0
    for task_id, instance_id in due:
        try:
            with system("a timer of a flow"), moving(instance_id) as run:
                done += _ring(run, task_id)
        except Exception:  # one broken flow must not keep the others waiting
            _logger.exception("timer of task %s failed", task_id)
    return {"timers": done}


def _ring(run: Run, task_id: int) -> int:
    task = db.session.scalars(
        select(Task).where(Task.id == task_id), execution_options={"populate_existing": True}
    ).one()
    if task.state != "open" or task.timer_at is None or task.timer_at > now():
        return 0
    node = run.flow.node(task.node)
    timers = engine.timers_of(node)
    timer = timers[min(task.timers_run, len(timers) - 1)]
    task.timers_run += 1
    later = timers[task.timers_run] if task.timers_run < len(timers) else None
    task.timer_at = now() + timedelta(hours=later["hours"] - timer["hours"]) if later else None
    if timer["do"] == "escalate":
        _escalate(run, node, task)
    else:
        handling.urge_task(run, task)
    return 1


def _escalate(run: Run, node: Node, task: Task) -> None:
    """Ask those above as well: who was asked before may still decide."""
    there = handling.asked_of(task)
    without = engine.excluded(run, node) | frozenset(there)
    more = people.instead(run.subject(), run.options.get("fallback", ()), without)
    db.session.add_all([Asked(task_id=task.id, user_id=user) for user in more])
    task.candidates = [*there, *more]
    task.assignee_id = task.assignee_id if not more else None
    db.session.flush()
    names = ", ".join(str(name) for name in _names(more))
    log.write(run, "escalate", node, note=names or None)
    log.tell_escalated(task, more or people.active(there))


def _names(ids: tuple[int, ...]) -> list[object]:
    return list(people.names_of(ids).values())


def jobs() -> list[Job]:
    """The job of this file."""
    return [Job("workflow.timers", run_timers)]


def schedules() -> list[Schedule]:
    """Often enough for hours."""
    return [Schedule("workflow.timers", "workflow.timers", every=timedelta(minutes=5))]
