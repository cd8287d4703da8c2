"""How a flow moves: entering and leaving nodes, opening and cancelling tasks, going back, ending. The definition's
shape guarantees that it always ends or waits for somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import Refused, _, db, now
from plugins.workflow import automatic, log, people
from plugins.workflow.flow import Node, holds
from plugins.workflow.records import Asked, Task
from plugins.workflow.run import Run, open_tasks

KIND_OF = {"start": "do", "approve": "approve", "client": "client", "do": "do"}


def set_off(run: Run) -> None:
    """From the first node, which is the submission itself, on."""
    start = run.flow.nodes[0]
    run.active = {start.id: _standing(run)}
    leave(run, start)


def enter(run: Run, node: Node) -> None:
    """Stand at a node: wait there, or do what it says and go on."""
    run.active = run.active | {node.id: _standing(run)}
    if node.get("when") and not holds(node.get("when"), run.value):
        log.write(run, "skip", node)
        leave(run, node)
    elif node.kind == "auto":
        if automatic.carry_out(run, node):
            leave(run, node)
        else:
            open_repair(run, node)
    elif node.kind == "condition":
        _choose(run, node)
    elif node.kind == "parallel":
        _fork(run, node)
    else:
        open_node(run, node)


def _standing(run: Run) -> dict[str, Any]:
    return {"round": run.instance.round, "since": now().isoformat(), "queue": []}


def _choose(run: Run, node: Node) -> None:
    branch = next((b for b in node.branches if not b.when or holds(b.when, run.value)), None)
    log.write(run, "branch", node, note=branch.name if branch else None)
    if branch is None or not branch.nodes:
        leave(run, node)
    else:
        enter(run, branch.nodes[0])


def _fork(run: Run, node: Node) -> None:
    firsts = [branch.nodes[0] for branch in node.branches if branch.nodes]
    run.active = run.active | {first.id: _standing(run) for first in firsts}
    for first in firsts:
        if run.instance.state == "running":
            enter(run, first)


def leave(run: Run, node: Node) -> None:
    """Done here: on to the next node, out of the block where it was the last, or to the end."""
    following, place = run.flow.after(node.id), run.flow.place(node.id)
    rest = {ident: standing for ident, standing in run.active.items() if ident != node.id}
    run.active = rest
    if following is not None:
        enter(run, following)
    elif place.block is not None:
        if not run.flow.inside(place.block) & rest.keys():
            leave(run, place.block)
    elif not rest:
        finish(run, "completed", "complete")


def open_node(run: Run, node: Node) -> None:
    """Ask the people of a node, or whoever submitted when the flow came back to its start."""
    if node.kind == "start":
        places = [people.active([run.instance.started_by_id])]
        spare = () if places[0] else people.instead(run.subject(), run.options.get("fallback", ()), frozenset())
        places = [places[0] or spare]
    else:
        answer = people.asked(node, run.subject(), run.options.get("fallback", ()), excluded(run, node))
        places = list(answer.places)
        if answer.missing:
            _note_missing(run, node, answer)
    if not all(places) or not places:
        raise Refused(nobody(run, node), code="nobody")
    if node.mode == "sequence":
        run.active = run.active | {node.id: _standing(run) | {"queue": [list(p) for p in places[1:]]}}
        places = places[:1]
    for at, place in enumerate(places):
        open_task(run, node, place, f"p{at}")


def _note_missing(run: Run, node: Node, answer: people.Answer) -> None:
    who = ", ".join(people.words(text, run.instance.record_key) for text in answer.missing)
    log.write(run, "fallback", node, note=str(_("Nobody found for: %(who)s", who=who)))


def nobody(run: Run, node: Node) -> Any:
    """What to say where nobody at all can be asked."""
    who = ", ".join(people.words(text, run.instance.record_key) for text in node.get("who", ()))
    return _("Nobody can be asked at “%(step)s”. Appoint somebody: %(who)s.", step=node.name, who=who)


def open_repair(run: Run, node: Node) -> None:
    """An automatic step failed where nobody could mend it at once: somebody is asked to mend and repeat it."""
    place = people.active([run.instance.started_by_id])
    place = place or people.instead(run.subject(), run.options.get("fallback", ()), frozenset())
    if not place:
        raise Refused(nobody(run, node), code="nobody")
    open_task(run, node, place, "repair")


def open_task(run: Run, node: Node, place: tuple[int, ...] | list[int], slot: str) -> Task:
    """One signature: a task for one person, or for one of several."""
    instance, record = run.instance, run.record
    task = Task(
        instance_id=instance.id,
        title=instance.title,
        title_en=instance.title_en,
        node=node.id,
        name=node.name,
        name_en=node.name_en or None,
        kind=KIND_OF.get(node.kind, "do"),
        record_key=instance.record_key,
        record_id=instance.record_id,
        record_version=record.version if record is not None else 1,
        round=instance.round,
        slot=slot,
        assignee_id=place[0] if len(place) == 1 else None,
        candidates=list(place),
        client_ref=client_of(run, node) if node.kind == "client" else None,
    )
    _set_timers(task, node)
    db.session.add(task)
    db.session.flush()
    db.session.add_all([Asked(task_id=task.id, user_id=user) for user in place])
    db.session.flush()
    log.tell_asked(run, task, place)
    return task


def client_of(run: Run, node: Node) -> int:
    """The client that is asked; raises `Refused` where the record has none."""
    found = run.value(node.get("client", "client"))
    if found is None:
        raise Refused(_("“%(step)s” asks the client, but the record names none.", step=node.name), code="no_client")
    return found


def timers_of(node: Node) -> list[dict[str, Any]]:
    """The node's timers, the earliest first."""
    return sorted(node.get("timers", ()), key=lambda timer: timer["hours"])


def _set_timers(task: Task, node: Node) -> None:
    timers = timers_of(node)
    if timers:
        task.timer_at = now() + timedelta(hours=timers[0]["hours"])
        last = next((t for t in timers if t["do"] == "escalate"), timers[-1])
        task.due_at = now() + timedelta(hours=last["hours"])


def close_task(task: Task, state: str, **more: Any) -> None:
    """End a task; nothing opens it again."""
    task.state, task.timer_at = state, None
    for name, value in more.items():
        setattr(task, name, value)
    db.session.flush()


def signed(run: Run, node: Node) -> None:
    """After a signature: wait for the others of this node, ask the next one, or go on."""
    if open_tasks(run.instance.id, node.id):
        return
    standing = run.active.get(node.id, {})
    queue = list(standing.get("queue", ()))
    while queue:
        place = people.active(queue.pop(0))
        place = tuple(p for p in place if p not in excluded(run, node)) or people.instead(
            run.subject(), run.options.get("fallback", ()), excluded(run, node)
        )
        run.active = run.active | {node.id: standing | {"queue": queue}}
        if not place:
            raise Refused(nobody(run, node), code="nobody")
        open_task(run, node, place, f"q{len(queue)}-{_count(run, node)}")
        return
    leave(run, node)


def _count(run: Run, node: Node) -> int:
    chosen = select(Task.id).where(Task.instance_id == run.instance.id, Task.node == node.id)
    return len(db.session.scalars(chosen).all())


def excluded(run: Run, node: Node) -> frozenset[int]:
    """Who may not pass this approval: who submitted or drafted, and who passed another approval of this flow."""
    if node.kind != "approve":
        return frozenset()
    found = drafters(run)
    if run.definition.distinct:
        others = run.deciders()
        found |= {p for n in run.flow if n.kind == "approve" and n.id != node.id for p in others.get(n.id, ())}
    return frozenset(found)


def drafters(run: Run) -> set[int]:
    """Who submitted, and whoever else the definition counts as drafter."""
    found = {run.instance.started_by_id}
    for text in run.options.get("drafters", ()):
        found |= set(people.people_of(people.read_token(text), run.subject()))
    return {p for p in found if p is not None}


def go_back(run: Run, node: Node, target: Node) -> None:
    """Begin anew at an earlier node: what stands behind it is cancelled, and a new round begins."""
    behind = run.flow.from_here_on(target.id)
    run.active = {ident: standing for ident, standing in run.active.items() if ident not in behind}
    for task in open_tasks(run.instance.id):
        if task.node in behind:
            close_task(task, "superseded")
    run.instance.round += 1
    back = (node.get("on_back") or {}).get(target.id)
    if back:
        automatic.act(run, node, back)
    run.active = run.active | {target.id: _standing(run)}
    open_node(run, target)


def finish(run: Run, state: str, what: str, reason: str | None = None) -> None:
    """End the flow; open tasks end with it."""
    ended = {"completed": "superseded", "withdrawn": "withdrawn", "stopped": "superseded"}[state]
    for task in open_tasks(run.instance.id):
        close_task(task, ended)
    run.active = {}
    run.instance.state, run.instance.ended_at = state, now()
    run.instance.reason = reason
    log.write(run, what, note=reason)
    log.tell_starter(run, what)
