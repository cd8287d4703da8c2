"""Lists, pages, menus and panels of flows and definitions; the approval's own page is in `pages`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import (
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Panel,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    current_principal,
    db,
    elevated,
)
from plugins.workflow import definitions, material, mine, picture, starting
from plugins.workflow.choices import INSTANCE_STATES
from plugins.workflow.handling import is_mine
from plugins.workflow.records import Definition, Instance, Task
from plugins.workflow.run import open_tasks

DEFINITION, INSTANCE, TASK = "workflow.definition", "workflow.instance", "workflow.task"
SHOWN = 5
TASK_COLUMNS = ("name", "assignee", "state", "decision")


def views() -> list[View]:
    """All views of the plugin."""
    return [*_of_definitions(), *_of_instances(), _of_tasks()]


def _of_definitions() -> list[View]:
    return [
        ListView(
            DEFINITION,
            columns=(Column("name"), Column("code"), Column("version_no"), Column("record_key"), Column("state")),
            filters=("state", "record_key", "code"),
            presets=(
                Preset("in_force", _("In force"), {"state": "published"}, default=True),
                Preset("drafts", _("Drafts"), {"state": "draft"}),
                Preset("all", _("All"), {}),
            ),
            sort="code",
        ),
        FormView(
            DEFINITION,
            sections=(Section("what", _("Flow"), ("name", "name_en", "code", "record_key", "distinct", "note")),),
        ),
        DetailView(
            DEFINITION,
            badge="state",
            head_template="workflow/definition_head.html",
            head_context=_definition_head,
            facts=(
                Section(
                    "about",
                    "",
                    ("code", "version_no", "record_key", "distinct", "published_by", "published_at", "note"),
                ),
            ),
            tabs=(
                Tab("instances", _("Flows"), related=Related(INSTANCE, "definition", ("title", "state", "started_at"))),
            ),
        ),
    ]


def _of_instances() -> list[View]:
    return [
        ListView(
            INSTANCE,
            columns=(Column("title"), Column("state"), Column("started_by"), Column("started_at"), Column("ended_at")),
            filters=("state", "definition", "started_by", "department", "started_at"),
            group_by=("state", "definition"),
            presets=(
                Preset("running", _("Running"), {"state": "running"}, default=True),
                Preset("mine", _("Started by me"), {"started_by": "me"}),
                Preset("all", _("All"), {}),
            ),
            sort="-id",
        ),
        DetailView(
            INSTANCE,
            badge="state",
            subtitle=("definition",),
            head_template="workflow/instance_head.html",
            head_context=_instance_head,
            facts=(Section("about", "", ("started_by", "started_at", "ended_at", "round", "department", "branch")),),
            tabs=(
                Tab("log", _("Log"), template="workflow/log.html", context=_log, when=_reads_log),
                Tab("tasks", _("Approvals"), related=Related(TASK, "instance", TASK_COLUMNS)),
            ),
        ),
    ]


def _of_tasks() -> View:
    return ListView(
        TASK,
        columns=(
            Column("title"),
            Column("name"),
            Column("kind"),
            Column("assignee"),
            Column("state"),
            Column("decision"),
            Column("due_at"),
        ),
        filters=("state", "kind", "assignee", "decision", "node", "due_at"),
        presets=(
            Preset("open", _("Awaiting a decision"), {"state": "open"}, default=True),
            Preset("all", _("All"), {}),
        ),
        sort="-id",
    )


def _definition_head(definition: Definition) -> dict[str, Any]:
    problems = definitions.problems_of(definition.record_key, definition.nodes, definition.options)
    may_edit = definition.state == "draft" and current_principal().can(DEFINITION, "update")
    return {
        "definition": definition,
        "items": picture.of_definition(definition),
        "problems": len(problems) if definition.state == "draft" else 0,
        "may_edit": may_edit,
    }


def _instance_head(instance: Instance) -> dict[str, Any]:
    return {
        "instance": instance,
        "items": picture.of_instance(instance),
        "ago": picture.words_of_state(instance),
        "bound": material.record_of(instance.record_key, instance.record_id),
    }


def _reads_log(_instance: Instance) -> bool:
    return material.may_see_log()


def _log(instance: Instance) -> dict[str, Any]:
    return {"rows": material.log_of(instance)}


def menus() -> list[Menu]:
    """Approvals among one's own work; definitions and all flows among the settings."""
    return [
        Menu("workflow.mine", _("Approvals"), "approval", "work", order=20, url="/workflow", count=mine.count,
             permission=(TASK, "read")),
        Menu("workflow.instances", _("Flows"), "approval", "settings", order=40, record=INSTANCE),
        Menu("workflow.definitions", _("Flow definitions"), "sitemap", "settings", order=41, record=DEFINITION),
    ]  # fmt: skip


def _of_record(record: Any) -> list[Instance]:
    chosen = select(Instance).where(Instance.record_key == record.__record__["key"], Instance.record_id == record.id)
    return list(db.session.scalars(chosen.order_by(Instance.id.desc()).limit(SHOWN)))


def aside(record: Any) -> list[Panel]:
    """Beside a record: where its running flows stand."""
    if record.__record__["key"].startswith("workflow.") or not current_principal().can(INSTANCE, "read"):
        return []
    return [_running_panel(i) for i in _of_record(record) if i.state == "running"]


def _running_panel(instance: Instance) -> Panel:
    with elevated("where a flow stands"):
        definition = db.session.get(Definition, instance.definition_id)
        name = definition.named()
        mine_now = next((t.id for t in open_tasks(instance.id) if t.kind != "client" and is_mine(t)), None)
    context = {
        "name": name,
        "ago": picture.words_of_state(instance),
        "items": picture.of_instance(instance),
        "href": f"/r/workflow.instance/{instance.id}",
        "mine": f"/r/workflow.task/{mine_now}" if mine_now else None,
        "urge": True,
    }
    return Panel("workflow/aside.html", context, order=10, key="workflow.running")


def detail(record: Any) -> list[Panel]:
    """On a record's page: flows to start, what waits for the reader, what ended."""
    key = record.__record__["key"]
    if key.startswith("workflow.") or not current_principal().can(INSTANCE, "read"):
        return []
    offered = [
        {"name": d.named(), "href": f"/workflow/start?code={d.code}&record_key={key}&record_id={record.id}"}
        for d in starting.offered(record)
    ]
    instances = _of_record(record)
    if not offered and not instances:
        return []
    waiting = select(Task).where(Task.record_key == key, Task.record_id == record.id, Task.state == "open")
    tasks = [t for t in db.session.scalars(waiting) if t.kind != "client" and _asked(t)]
    context = {
        "offered": offered,
        "rows": mine.instance_rows(instances),
        "mine": [{"step": t.named(), "href": f"/r/workflow.task/{t.id}"} for t in tasks],
        "states": {c.code: c for c in INSTANCE_STATES},
    }
    return [Panel("workflow/panel.html", context, order=2, key="workflow.flows")]


def _asked(task: Task) -> bool:
    with elevated("whether the reader is asked"):
        return is_mine(task)
