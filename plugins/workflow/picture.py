"""A flow as a drawing for templates: each node with its state, who and for how long. Only reads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from core import current_locale, current_principal, db, elevated, gettext, local, ngettext, now
from plugins.workflow import people
from plugins.workflow.choices import STEPS, label
from plugins.workflow.flow import Flow, Node, read_flow
from plugins.workflow.records import Definition, Instance, Step, Task

WHY = "the picture of a flow shows all its steps to whoever may see it"
PASSES = ("submit", "resubmit", "approve", "confirm", "done", "auto", "branch", "skip")
BACK = ("send_back", "request_change")


@dataclass
class Item:
    """One node as drawn. `state`: done, now, next, skip or out (the flow ended before it)."""

    id: str
    kind: str
    label: str
    state: str = "next"
    who: str = ""
    note: str = ""
    time: str = ""
    says: list[tuple[str, str]] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    gate: str = ""

    @property
    def thin(self) -> bool:
        """Drawn as a line, so that people stand out: what the flow does by itself, unless it waits there."""
        return self.kind == "auto" and self.state != "now" and not self.says


@dataclass
class Branch:
    """A row of items within a block, drawn side by side with the others."""

    label: str
    items: list[Item]
    state: str = "next"


def of_definition(definition: Definition) -> list[Item]:
    """How a definition goes, with the words for who is asked."""
    return [_plain(node, definition.record_key) for node in read_flow(definition.nodes).nodes]


def _plain(node: Node, record_key: str) -> Item:
    item = _item(node)
    item.who = _asked_words(node, record_key)
    item.branches = [Branch(b.label(current_locale()), [_plain(n, record_key) for n in b.nodes]) for b in node.branches]
    return item


def _item(node: Node) -> Item:
    item = Item(node.id, node.kind, node.label(current_locale()))
    if node.kind == "parallel":
        item.gate = gettext("All branches must be done before it goes on")
    if node.kind == "condition":
        item.gate = gettext("By condition")
    return item


def _asked_words(node: Node, record_key: str) -> str:
    if node.kind == "auto":
        return gettext("automatic")
    if node.kind == "start":
        return gettext("who submits")
    tokens = [people.words(text, record_key) for text in node.get("who", ())]
    joined = {"all": gettext(" and "), "sequence": gettext(", then ")}.get(node.mode, gettext(" or ")).join(tokens)
    client = gettext("the client, in the portal or by mail")
    return client if node.kind == "client" else joined


@dataclass
class _Told:
    """What is known of an instance, gathered once."""

    flow: Flow
    instance: Instance
    passed: dict[str, Step]
    tasks: dict[str, list[Task]]
    names: dict[int, str]
    opinions: dict[str, list[tuple[str, str]]]


def of_instance(instance: Instance) -> list[Item]:
    """Where an instance stands and how it came there. The caller has checked that the person may see it."""
    with elevated(WHY) as session:
        definition = session.get(Definition, instance.definition_id)
        flow = read_flow(definition.nodes)
        chosen = select(Step).where(Step.instance_id == instance.id).order_by(Step.id)
        steps = list(db.session.scalars(chosen))
        tasks: dict[str, list[Task]] = defaultdict(list)
        for task in db.session.scalars(select(Task).where(Task.instance_id == instance.id).order_by(Task.id)):
            tasks[task.node].append(task)
        ids = {i for row in tasks.values() for t in row for i in (t.candidates or ())} | {s.actor_id for s in steps}
        names = people.names_of(ids)
        told = _Told(flow, instance, _passed(flow, steps), tasks, names, _opinions(steps, names))
        return [_drawn(node, told) for node in flow.nodes]


def _passed(flow: Flow, steps: list[Step]) -> dict[str, Step]:
    """The last step by which each node was passed; going back undoes what lies behind."""
    found: dict[str, Step] = {}
    for step in steps:
        if step.what in BACK and step.to_node in flow:
            for ident in flow.from_here_on(step.to_node):
                found.pop(ident, None)
        elif step.what in PASSES and step.node:
            found[step.node] = step
    return found


def _opinions(steps: list[Step], names: dict[int, str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for step in steps:
        if step.opinion and step.node:
            who = names.get(step.actor_id or 0) or step.actor_name or ""
            found[step.node].append((f"{who} {label(STEPS, step.what)}".strip(), step.opinion))
    return found


def _drawn(node: Node, told: _Told) -> Item:
    item = _item(node)
    waiting = [t for t in told.tasks.get(node.id, ()) if t.state == "open"]
    running = told.instance.state == "running"
    passed = told.passed.get(node.id)
    item.branches = [
        Branch(b.label(current_locale()), [_drawn(n, told) for n in b.nodes]) for b in node.branches
    ]  # fmt: skip
    for branch in item.branches:
        branch.state = _row_state(branch.items)
    if waiting and running:
        _standing(item, waiting, told)
    elif node.branches:
        item.state = _block_state(item, node, told)
    elif passed is not None:
        _done(item, node, passed, told)
    elif not running:
        item.state = "out"
    else:
        item.who = _asked_words(node, told.instance.record_key)
    item.says = told.opinions.get(node.id, [])[-2:]
    return item


def _standing(item: Item, waiting: list[Task], told: _Told) -> None:
    me = current_principal().user_id
    since = min(t.created_at for t in waiting)
    everybody = list(dict.fromkeys(i for t in waiting for i in (t.candidates or ())))
    item.state = "now"
    item.who = (
        gettext("you") if everybody == [me] else gettext(", ").join(told.names.get(i, "?") for i in everybody[:4])
    )
    if waiting[0].kind == "client":
        item.who = gettext("the client, in the portal or by mail")
    item.note = gettext("waiting for %(span)s", span=span(now() - since))


def _done(item: Item, node: Node, passed: Step, told: _Told) -> None:
    item.state = "skip" if passed.what == "skip" else "done"
    item.time = when(passed.at)
    if node.kind in ("auto", "condition"):
        item.who = gettext("automatic")
        item.note = passed.note if passed.what == "skip" and passed.note else ""
        return
    signers = [
        t.decided_by_id
        for t in told.tasks.get(node.id, ())
        if t.state == "done" and t.round == max((x.round for x in told.tasks[node.id] if x.state == "done"), default=0)
    ] or [passed.actor_id]
    item.who = gettext(", ").join(told.names.get(i, passed.actor_name or "") for i in dict.fromkeys(signers) if i)
    took = [t for t in told.tasks.get(node.id, ()) if t.state == "done" and t.decided_at]
    if took:
        item.note = gettext("took %(span)s", span=span(took[-1].decided_at - took[-1].created_at))


def _row_state(items: list[Item]) -> str:
    states = {i.state for i in items}
    if "now" in states:
        return "now"
    return "done" if items and states <= {"done", "skip"} else "next"


def _block_state(item: Item, node: Node, told: _Told) -> str:
    states = [b.state for b in item.branches]
    if "now" in states:
        return "now"
    if node.kind == "parallel":
        return "done" if all(s == "done" for s in states) else "next"
    return "done" if node.id in told.passed else "next"


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = max(int(length.total_seconds() // 60), 0)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [
        ngettext("%(n)s day", "%(n)s days", days) if days else "",
        ngettext("%(n)s hour", "%(n)s hours", hours) if hours else "",
        ngettext("%(n)s minute", "%(n)s minutes", minutes) if not days and (minutes or not hours) else "",
    ]
    return " ".join(p for p in parts if p)


def when(moment: datetime) -> str:
    """`11-22 15:40`, with the year when it is another one."""
    shown = local(moment)
    return f"{shown:%m-%d %H:%M}" if shown.year == local(now()).year else f"{shown:%Y-%m-%d}"


def words_of_state(instance: Instance) -> str:
    """How long it has run, or when it ended."""
    if instance.state == "running":
        return gettext("running for %(span)s", span=span(now() - (instance.started_at or instance.created_at)))
    return gettext("ended %(when)s", when=when(instance.ended_at or instance.updated_at))
