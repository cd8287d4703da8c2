"""What people do with running tasks and flows beside deciding: hand on, add a signer, urge, withdraw."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import Conflict, FieldError, Invalid, Refused, _, current_principal, db, ngettext, now, readers
from plugins.workflow import automatic, deciding, engine, log, people
from plugins.workflow.records import Asked, Instance, Task
from plugins.workflow.run import Run, moving, open_tasks

URGE_PAUSE = timedelta(minutes=30)


def hand_on(task: Task, params: dict[str, Any]) -> dict[str, Any]:
    """Give a task to another person, who decides instead; heads do so for people who left."""
    with moving(task.instance_id) as run:
        held = deciding.fresh(task.id)
        deciding.require_open(held)
        node, person = run.flow.node(held.node), params["person"]
        _require_able(run, held, person)
        if person in (held.candidates or ()):
            raise Invalid([FieldError("person", "same", _("This person is asked already."))])
        engine.close_task(held, "handed_on")
        made = engine.open_task(run, node, [person], held.slot)
        made.round, made.urged, made.due_at = held.round, 0, held.due_at
        name = people.names_of([person]).get(person)
        log.write(run, "hand_on", node, opinion=params.get("reason"), note=str(_("to %(name)s", name=name)))
        return {"task": made.id, "message": str(_("%(name)s decides this now.", name=name)), "url": _url(run)}


def add_signer(task: Task, params: dict[str, Any]) -> dict[str, Any]:
    """Ask one more person to sign: together with the others, or after them."""
    with moving(task.instance_id) as run:
        held = deciding.fresh(task.id)
        deciding.require_open(held)
        node, person = run.flow.node(held.node), params["person"]
        if held.kind == "client":
            raise Refused(_("The client confirms alone; nobody else signs here."), code="client_alone")
        _require_able(run, held, person)
        if any(person in (t.candidates or ()) for t in open_tasks(run.instance.id, node.id)):
            raise Invalid([FieldError("person", "same", _("This person is asked already."))])
        if params.get("place") == "after":
            standing = run.active[node.id]
            run.active = run.active | {node.id: standing | {"queue": [[person], *standing.get("queue", ())]}}
        else:
            count = len(db.session.scalars(select(Task.id).where(Task.instance_id == run.instance.id)).all())
            engine.open_task(run, node, [person], f"x{count}")
        name = people.names_of([person]).get(person)
        log.write(run, "add_signer", node, opinion=params.get("reason"), note=str(name))
        return {"message": str(_("%(name)s signs as well.", name=name)), "url": _url(run)}


def _require_able(run: Run, task: Task, person: int) -> None:
    if not people.active([person]):
        raise Invalid([FieldError("person", "inactive", _("This person no longer works here."))])
    if not readers(run.record, [person]):
        raise Invalid([FieldError("person", "no_sight", _("This person may not see the record."))])
    if task.kind == "approve":
        deciding.require_other_person(run, run.flow.node(task.node), person)


def urge(instance: Instance, params: dict[str, Any]) -> dict[str, Any]:
    """Remind everybody who is waited for; each task at most once in half an hour."""
    with moving(instance.id) as run:
        _require_running(run)
        waiting = open_tasks(run.instance.id)
        ripe = [t for t in waiting if t.urged_at is None or t.urged_at <= now() - URGE_PAUSE]
        if not ripe:
            raise Refused(_("Urged less than half an hour ago."), code="just_urged")
        told = sum(urge_task(run, task, params.get("text")) for task in ripe)
        return {"told": told, "message": ngettext("%(n)s person reminded", "%(n)s people reminded", told)}


def urge_task(run: Run, task: Task, text: str | None = None) -> int:
    """Remind the people of one task; how many."""
    asked = people.active(asked_of(task))
    task.urged, task.urged_at = task.urged + 1, now()
    db.session.flush()
    log.write(run, "urge", run.flow.node(task.node), opinion=text)
    log.tell_urged(task, asked)
    return len(asked)


def asked_of(task: Task) -> list[int]:
    """Everybody who may decide the task."""
    return list(db.session.scalars(select(Asked.user_id).where(Asked.task_id == task.id).order_by(Asked.id)))


def withdraw(instance: Instance, params: dict[str, Any]) -> dict[str, Any]:
    """Take the flow back; the record stays as it is, but for what the definition's start says about that."""
    with moving(instance.id) as run:
        _require_running(run)
        start = run.flow.nodes[0]
        run.given = {"opinion": params["reason"]}
        if start.get("on_withdraw") and run.record is not None:
            automatic.act(run, start, start.get("on_withdraw"))
        engine.finish(run, "withdrawn", "withdraw", params["reason"])
        return {"state": run.instance.state, "message": str(_("The flow is withdrawn.")), "url": _url(run)}


def _require_running(run: Run) -> None:
    if run.instance.state != "running":
        raise Conflict(_("This flow has ended."), code="closed", detail={"state": run.instance.state})


def still_runs(instance: Any) -> Any:
    """True, or the reason why not."""
    return True if instance.state == "running" else _("This flow has ended.")


def _url(run: Run) -> str:
    return f"/r/workflow.instance/{run.instance.id}"


def is_mine(task: Task) -> bool:
    """Whether the acting person is asked, or somebody they stand in for."""
    return not current_principal().acting_ids.isdisjoint(asked_of(task))
