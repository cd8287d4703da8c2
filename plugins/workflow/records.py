"""The records of flows: definitions with their versions, instances, tasks, who is asked, and the log of every step."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from core import L, Record, _, current_locale, fields
from plugins.workflow import choices

_RUNNING = text("state = 'running'")
_OPEN = text("state = 'open'")
_WAITS = text("state = 'open' AND timer_at IS NOT NULL")


class Definition(Record):
    """One version of a flow; running instances keep the version with which they started."""

    __record__ = {
        "key": "workflow.definition",
        "open": "how the agency decides is known to whoever may read it",
        "label": _("Flow definition"),
        "plural": _("Flow definitions"),
        "title": "name",
        "title_en": "name_en",
        "number": "code",
        "icon": "approval",
        "order": "code",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("code", "version_no"),)

    code: Mapped[str] = fields.text(
        _("Code"), required=True, search=True, max_length=40, help=_("Small letters, digits and underscores.")
    )
    version_no: Mapped[int] = fields.integer(_("Version of the flow"), required=True, default=1, readonly=True)
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=120)
    name_en: Mapped[str | None] = fields.text(_("English name"), search=True, max_length=120)
    record_key: Mapped[str] = fields.text(
        _("For records of type"),
        required=True,
        max_length=80,
        help=_("The key of the record type, as its pages have it behind /r/ in their address."),
    )
    state: Mapped[str] = fields.choice(
        _("State"), choices.DEFINITION_STATES, required=True, readonly=True, default="draft", index=True
    )
    nodes: Mapped[list | None] = fields.json(_("Nodes"), help=_("The nodes in order; the editor writes them."))
    options: Mapped[dict | None] = fields.json(
        _("Options"), help=_("Who may start it, on which records, what it holds meanwhile; see the plugin's README.")
    )
    distinct: Mapped[bool] = fields.boolean(
        _("Each approval by another person"),
        default=True,
        help=_("Nobody passes two approvals of one flow. Who submitted never approves, whatever stands here."),
    )
    note: Mapped[str | None] = fields.long_text(_("What changed"), max_length=4000)
    published_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Published by"), readonly=True, on_delete="set_null", index=False
    )
    published_at: Mapped[datetime | None] = fields.datetime(_("Published at"), readonly=True)

    def named(self) -> str:
        """Its name in the reader's language."""
        return self.name_en or self.name if current_locale() == "en" else self.name


class Instance(Record):
    """A flow that runs, or ran, for one record. `active` holds the nodes where it stands."""

    __record__ = {
        "key": "workflow.instance",
        "label": _("Flow"),
        "plural": _("Flows"),
        "title": "title",
        "title_en": "title_en",
        "icon": "approval",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_workflow_instance_record", "record_key", "record_id", "state"),
        Index("ix_workflow_instance_department", "department_id", "state"),
        Index(
            "uq_workflow_instance_running",
            "record_key",
            "record_id",
            "code",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
    )

    definition_id: Mapped[int] = fields.link(
        "workflow.definition", _("Flow definition"), required=True, readonly=True, on_delete="restrict"
    )
    code: Mapped[str] = fields.text(_("Code"), required=True, readonly=True, max_length=40)
    title: Mapped[str] = fields.text(_("Title"), required=True, readonly=True, search=True, max_length=300)
    title_en: Mapped[str | None] = fields.text(
        _("English title"), readonly=True, hidden=True, max_length=300, track=False
    )
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, readonly=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True, readonly=True)
    state: Mapped[str] = fields.choice(
        _("State"), choices.INSTANCE_STATES, required=True, readonly=True, default="running", index=True
    )
    round: Mapped[int] = fields.integer(_("Round"), required=True, readonly=True, default=1)
    active: Mapped[dict | None] = fields.json(_("Stands at"), hidden=True, track=False)
    started_by_id: Mapped[int | None] = fields.link("core.user", _("Started by"), readonly=True, on_delete="set_null")
    started_at: Mapped[datetime | None] = fields.datetime(_("Started at"), readonly=True)
    ended_at: Mapped[datetime | None] = fields.datetime(_("Ended at"), readonly=True)
    reason: Mapped[str | None] = fields.long_text(_("Reason"), readonly=True, max_length=4000)
    department_id: Mapped[int | None] = fields.link(
        "core.department", _("Department"), readonly=True, on_delete="set_null", index=False
    )
    branch_id: Mapped[int | None] = fields.link(
        "core.branch", _("Branch"), readonly=True, on_delete="set_null", index=False
    )
    client_ref: Mapped[int | None] = fields.integer(_("Client"), readonly=True, index=True)


class Task(Record):
    """What one person, one of several, or a client is asked at a node. Decided once, by `decide`."""

    __record__ = {
        "key": "workflow.task",
        "label": _("Approval"),
        "plural": _("Approvals"),
        "title": "title",
        "title_en": "title_en",
        "icon": "approval",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_workflow_task_instance", "instance_id", "node", "state"),
        Index("ix_workflow_task_client", "client_ref", "state"),
        Index("ix_workflow_task_timer", "timer_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index(
            "uq_workflow_task_open",
            "instance_id",
            "node",
            "slot",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    instance_id: Mapped[int] = fields.link(
        "workflow.instance", _("Flow"), required=True, readonly=True, on_delete="cascade", index=False
    )
    title: Mapped[str] = fields.text(_("Title"), required=True, readonly=True, search=True, max_length=300)
    title_en: Mapped[str | None] = fields.text(
        _("English title"), readonly=True, hidden=True, max_length=300, track=False
    )
    node: Mapped[str] = fields.text(_("Node"), required=True, readonly=True, max_length=40)
    name: Mapped[str] = fields.text(_("Step"), required=True, readonly=True, max_length=120)
    name_en: Mapped[str | None] = fields.text(_("Step in English"), readonly=True, max_length=120)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.TASK_KINDS, required=True, readonly=True)
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, readonly=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True, readonly=True)
    record_version: Mapped[int] = fields.integer(
        _("Version of the record"),
        required=True,
        readonly=True,
        track=False,
        default=1,
        help=_("The version that is to be decided on; it follows the record while the task is open."),
    )
    round: Mapped[int] = fields.integer(_("Round"), required=True, readonly=True, default=1)
    slot: Mapped[str] = fields.text(_("Slot"), required=True, hidden=True, track=False, max_length=20)
    state: Mapped[str] = fields.choice(
        _("State"), choices.TASK_STATES, required=True, readonly=True, default="open", index=True
    )
    assignee_id: Mapped[int | None] = fields.link("core.user", _("Asked person"), readonly=True, on_delete="set_null")
    candidates: Mapped[list | None] = fields.json(_("Any of these people"), readonly=True)
    client_ref: Mapped[int | None] = fields.integer(_("Client"), readonly=True)
    decision: Mapped[str | None] = fields.choice(_("Decision"), choices.DECISIONS, readonly=True)
    opinion: Mapped[str | None] = fields.long_text(_("Opinion"), readonly=True, max_length=4000)
    decided_by_id: Mapped[int | None] = fields.link("core.user", _("Handled by"), readonly=True, on_delete="set_null")
    decided_at: Mapped[datetime | None] = fields.datetime(_("Handled at"), readonly=True)
    due_at: Mapped[datetime | None] = fields.datetime(_("Due at"), readonly=True)
    urged_at: Mapped[datetime | None] = fields.datetime(_("Last urged"), readonly=True)
    urged: Mapped[int] = fields.integer(_("Times urged"), required=True, readonly=True, default=0, track=False)
    timer_at: Mapped[datetime | None] = fields.datetime(_("Next timer"), hidden=True, track=False)
    timers_run: Mapped[int] = fields.integer(_("Timers run"), required=True, hidden=True, track=False, default=0)

    def named(self) -> str:
        """The step's name in the reader's language."""
        return self.name_en or self.name if current_locale() == "en" else self.name


class Asked(Record):
    """One person who may decide a task; kept when the task is closed, so that who took part still sees it."""

    __record__ = {
        "key": "workflow.asked",
        "label": _("Asked person"),
        "plural": _("Asked people"),
        "archive": False,
        "public": False,
    }
    __table_args__ = (UniqueConstraint("task_id", "user_id"),)

    task_id: Mapped[int] = fields.link("workflow.task", _("Approval"), required=True, on_delete="cascade", index=False)
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True, on_delete="cascade")


class Step(Record):
    """One line of a flow's log: who did what, when, with which opinion and files. Never changed."""

    __record__ = {
        "key": "workflow.step",
        "label": _("Step of a flow"),
        "plural": _("Steps of flows"),
        "icon": "history",
        "order": "id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_workflow_step_instance", "instance_id", "id"),
        UniqueConstraint("decides_id", name="uq_workflow_step_decides"),
    )

    instance_id: Mapped[int] = fields.link(
        "workflow.instance", _("Flow"), required=True, readonly=True, on_delete="cascade", index=False
    )
    at: Mapped[datetime] = fields.datetime(_("When"), required=True, readonly=True)
    what: Mapped[str] = fields.choice(_("What happened"), choices.STEPS, required=True, readonly=True)
    node: Mapped[str | None] = fields.text(_("Node"), readonly=True, max_length=40)
    name: Mapped[str | None] = fields.text(_("Step"), readonly=True, max_length=120)
    name_en: Mapped[str | None] = fields.text(_("Step in English"), readonly=True, max_length=120)
    round: Mapped[int] = fields.integer(_("Round"), required=True, readonly=True, default=1)
    actor_id: Mapped[int | None] = fields.link("core.user", _("Who"), readonly=True, on_delete="set_null", index=False)
    actor_name: Mapped[str | None] = fields.text(_("Name"), readonly=True, max_length=120)
    via: Mapped[str | None] = fields.text(L("途径", "Way"), readonly=True, max_length=12)
    opinion: Mapped[str | None] = fields.long_text(_("Opinion"), readonly=True, max_length=4000)
    note: Mapped[str | None] = fields.long_text(_("Note"), readonly=True, max_length=4000)
    to_node: Mapped[str | None] = fields.text(_("Back to the node"), readonly=True, max_length=40)
    files: Mapped[list | None] = fields.json(_("Files"), readonly=True)
    decides_id: Mapped[int | None] = fields.link(
        "workflow.task", _("Decides"), readonly=True, on_delete="set_null", index=False, hidden=True
    )

    def named(self) -> str:
        """The node's name in the reader's language."""
        return (self.name_en or self.name or "") if current_locale() == "en" else (self.name or "")


RECORDS = (Definition, Instance, Task, Asked, Step)
