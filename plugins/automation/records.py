"""The records of automation: rules with their versions, runs with what each step did, and calls that go out."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.automation import choices


class Rule(Record):
    """When, if, then. It runs with the rights of the person in `runs_as`, who agreed to the version in force."""

    __record__ = {
        "key": "automation.rule",
        "open": "what runs by itself is known to whoever may read rules at all",
        "label": _("Automation rule"),
        "plural": _("Automation rules"),
        "title": "name",
        "icon": "robot",
        "order": "name",
        "archive": True,
    }
    __table_args__ = (Index("ix_automation_rule_active", "active", "record_key"),)

    name: Mapped[str] = fields.text(_("Name"), required=True, search=True, max_length=120)
    note: Mapped[str | None] = fields.long_text(_("What it is for"), max_length=2000)
    record_key: Mapped[str | None] = fields.choice(_("Records of type"), choices.record_types, max_length=80)
    trigger: Mapped[str] = fields.choice(_("When…"), choices.TRIGGERS, required=True, default="created")
    when: Mapped[dict | None] = fields.json(_("Details of when"), help=_("The editor writes this."))
    condition: Mapped[dict | None] = fields.json(_("If…"), help=_("A tree of conditions; empty: always."))
    steps: Mapped[list | None] = fields.json(_("Then…"), help=_("Steps in their order; the editor writes them."))
    runs_as_id: Mapped[int | None] = fields.link(
        "core.user",
        _("Runs with the rights of"),
        on_delete="restrict",
        help=_("It can do what this person can do. Somebody else than you has to agree first. Left empty: you."),
    )
    per_hour: Mapped[int] = fields.integer(
        _("Most runs in an hour"), required=True, default=200, help=_("What is more waits, and somebody is told.")
    )
    active: Mapped[bool] = fields.boolean(_("Switched on"), default=False, readonly=True)
    active_since: Mapped[date | None] = fields.date(_("On since"), readonly=True)
    off_reason: Mapped[str | None] = fields.text(_("Why it is off"), readonly=True, max_length=300)
    version_no: Mapped[int] = fields.integer(_("Version of the rule"), required=True, default=1, readonly=True)
    tested_version: Mapped[int | None] = fields.integer(_("Tried out in version"), readonly=True)
    agreed_version: Mapped[int | None] = fields.integer(_("Agreed to in version"), readonly=True)
    agreed_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Agreed by"), readonly=True, on_delete="set_null", index=False
    )
    approved_version: Mapped[int | None] = fields.integer(_("Mail to clients approved in version"), readonly=True)
    approved_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Approved by"), readonly=True, on_delete="set_null", index=False
    )
    planned: Mapped[str | None] = fields.text(_("Last planned"), hidden=True, track=False, max_length=40)
    address_no: Mapped[int] = fields.integer(_("Number of the address"), hidden=True, track=False, default=1)
    signing_key: Mapped[str | None] = fields.secret(
        _("Key for signing calls"), help=_("Calls to other systems carry a signature made with it.")
    )
    code: Mapped[str | None] = fields.text(_("Code"), unique=True, readonly=True, max_length=60)


class Version(Record):
    """A rule as it was: what it minded, asked and did."""

    __record__ = {
        "key": "automation.version",
        "open": "versions of rules are read by whoever reads rules",
        "label": _("Version of a rule"),
        "plural": _("Versions of rules"),
        "icon": "versions",
        "order": "-version_no",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("rule_id", "version_no"),)

    rule_id: Mapped[int] = fields.link(
        "automation.rule", _("Rule"), required=True, readonly=True, on_delete="cascade", index=False
    )
    version_no: Mapped[int] = fields.integer(_("Version of the rule"), required=True, readonly=True)
    body: Mapped[dict | None] = fields.json(_("Contents"), readonly=True)


class Run(Record):
    """A rule on one record at one occasion, each only once (`key`). `results` tells what each step did."""

    __record__ = {
        "key": "automation.run",
        "label": _("Run of a rule"),
        "plural": _("Runs of rules"),
        "icon": "activity",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_automation_run_due", "state", "not_before", "id"),
        Index("ix_automation_run_rule", "rule_id", "ended_at"),
        Index("ix_automation_run_record", "record_key", "record_id"),
    )

    rule_id: Mapped[int] = fields.link(
        "automation.rule", _("Rule"), required=True, readonly=True, on_delete="cascade", index=False
    )
    version_no: Mapped[int] = fields.integer(_("Version of the rule"), required=True, readonly=True)
    record_key: Mapped[str | None] = fields.text(_("Record type"), readonly=True, max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"), readonly=True)
    occasion: Mapped[str] = fields.text(_("Occasion"), required=True, readonly=True, max_length=160)
    key: Mapped[str] = fields.text(_("Key"), required=True, hidden=True, unique=True, track=False, max_length=200)
    state: Mapped[str] = fields.choice(_("State"), choices.STATES, required=True, readonly=True, default="waiting")
    results: Mapped[list | None] = fields.json(_("Steps"), readonly=True, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=600, track=False)
    payload: Mapped[dict | None] = fields.json(_("Message"), hidden=True, track=False)
    chain: Mapped[list | None] = fields.json(_("Rules before it"), hidden=True, track=False)
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    not_before: Mapped[datetime] = fields.datetime(_("Not before"), required=True, hidden=True, track=False)
    started_at: Mapped[datetime | None] = fields.datetime(_("Started"), readonly=True, track=False)
    ended_at: Mapped[datetime | None] = fields.datetime(_("Ended"), readonly=True, track=False)
    replay_of_id: Mapped[int | None] = fields.link(
        "automation.run", _("Replay of"), readonly=True, on_delete="set_null"
    )


class Call(Record):
    """One call to another system that a step asked for; sent after the commit, repeated until it arrives."""

    __record__ = {
        "key": "automation.call",
        "label": _("Call to another system"),
        "plural": _("Calls to other systems"),
        "icon": "plug",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (Index("ix_automation_call_due", "state", "next_at", "id"),)

    run_id: Mapped[int] = fields.link(
        "automation.run", _("Run of a rule"), required=True, readonly=True, on_delete="cascade"
    )
    rule_id: Mapped[int] = fields.link("automation.rule", _("Rule"), required=True, readonly=True, on_delete="cascade")
    key: Mapped[str] = fields.text(_("Key"), required=True, hidden=True, unique=True, max_length=200)
    url: Mapped[str] = fields.text(_("Address"), required=True, readonly=True, max_length=1000)
    body: Mapped[dict | None] = fields.json(_("Message"), hidden=True, track=False)
    state: Mapped[str] = fields.choice(_("State"), choices.CALL_STATES, required=True, readonly=True, default="waiting")
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime | None] = fields.datetime(_("Next try"), readonly=True, track=False)
    code: Mapped[int | None] = fields.integer(_("Answer code"), readonly=True, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, max_length=400, track=False)


RECORDS = (Rule, Version, Run, Call)
