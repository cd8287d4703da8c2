"""The records of this plugin: deadlines, rules, calendar days, reminder plans, reminders. No behaviour here."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.deadlines import choices

# An import makes a dozen of these for each case, so each index here has to be worth its price.
_NOT_SUPERSEDED = text("status <> 'superseded'")
MANUAL = "MANUAL"
"""The rule code of a deadline that somebody entered by hand, for example one printed in a paper no rule knows."""
_HAS_DEPUTY = text("deputy_id IS NOT NULL")
_HAS_SECOND = text("second_id IS NOT NULL")


class Deadline(Record):
    """One date that the office or the law sets for a case. A recomputed one replaces the old row, which stays."""

    __record__ = {
        "key": "deadlines.deadline",
        "label": _("Deadline"),
        "plural": _("Deadlines"),
        "title": "name",
        "title_en": "name_en",
        "secondary": "heading",
        "icon": "clock",
        "order": "due",
        "archive": False,
        "search": False,  # thousands are called the same; Ctrl-K finds their case
    }
    __table_args__ = (
        Index(
            "uq_deadlines_deadline_identity",
            "case_id",
            "identity",
            unique=True,
            sqlite_where=_NOT_SUPERSEDED,
            postgresql_where=_NOT_SUPERSEDED,
        ),
        Index("ix_deadlines_deadline_case", "case_id", "status", "due"),
        Index("ix_deadlines_deadline_status_due", "status", "due"),
        Index("ix_deadlines_deadline_status_internal", "status", "internal_date"),
        Index("ix_deadlines_deadline_person", "responsible_id", "status", "internal_date"),
        Index("ix_deadlines_deadline_person_due", "responsible_id", "status", "due"),
        Index("ix_deadlines_deadline_deputy", "deputy_id", sqlite_where=_HAS_DEPUTY, postgresql_where=_HAS_DEPUTY),
        Index("ix_deadlines_deadline_second", "second_id", sqlite_where=_HAS_SECOND, postgresql_where=_HAS_SECOND),
    )

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade", index=False)
    name: Mapped[str] = fields.text(_("Name"), required=True)
    name_en: Mapped[str | None] = fields.text(_("English name"))
    heading: Mapped[str | None] = fields.text(_("Case and matter"), readonly=True, track=False, max_length=300)
    rule_code: Mapped[str] = fields.text(_("Rule"), required=True, readonly=True, max_length=80, default=MANUAL)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.KINDS, required=True, readonly=True, default="deadline")
    severity: Mapped[str] = fields.choice(_("Severity"), choices.SEVERITIES, required=True, default="curable")
    status: Mapped[str] = fields.choice(_("Status"), choices.STATUSES, required=True, readonly=True, default="open")
    due: Mapped[date] = fields.date(_("Official date"), required=True)
    safe_date: Mapped[date | None] = fields.date(_("Safe date"), help=_("Empty: the official date."))
    internal_date: Mapped[date | None] = fields.date(_("Internal date"), help=_("Empty: some days before."))
    client_date: Mapped[date | None] = fields.date(_("Date for the client's answer"))
    base_date: Mapped[date | None] = fields.date(_("Counted from"), readonly=True)
    nominal_date: Mapped[date] = fields.date(_("End as counted"), required=True, readonly=True)
    calendar: Mapped[str] = fields.choice(_("Calendar"), choices.COVERAGES, required=True, readonly=True)
    provisional: Mapped[bool] = fields.boolean(_("Provisional"), readonly=True, default=False)
    optional: Mapped[bool] = fields.boolean(
        _("Optional"), readonly=True, default=False, help=_("An opportunity that nobody has to use.")
    )
    unverified: Mapped[bool] = fields.boolean(_("Local law not verified"), readonly=True, default=False)
    amount: Mapped[Decimal | None] = fields.money(_("Official fee"), readonly=True)

    responsible_id: Mapped[int | None] = fields.link("core.user", _("Responsible"), on_delete="set_null", index=False)
    deputy_id: Mapped[int | None] = fields.link("core.user", _("Deputy"), on_delete="set_null", index=False)
    department_id: Mapped[int | None] = fields.link(
        "core.department", _("Department"), on_delete="set_null", index=False
    )

    identity: Mapped[str] = fields.text(_("Identity"), required=True, hidden=True, track=False, max_length=160)
    fact: Mapped[str] = fields.text(_("Base fact"), required=True, hidden=True, track=False, max_length=40)
    event_id: Mapped[int | None] = fields.link(
        "cases.event", _("Event"), readonly=True, on_delete="set_null", index=False
    )
    occurrence: Mapped[str] = fields.text(_("Occurrence"), required=True, readonly=True, max_length=20)
    inputs: Mapped[dict | None] = fields.json(_("Inputs"), hidden=True, track=False)
    rule_version: Mapped[str | None] = fields.text(_("Rule version"), readonly=True, max_length=60, track=False)
    calendar_version: Mapped[str | None] = fields.text(_("Calendar version"), readonly=True, max_length=60, track=False)
    computed_due: Mapped[date | None] = fields.date(_("Official date as computed"), readonly=True)
    overridden: Mapped[bool] = fields.boolean(_("Set by hand"), readonly=True, default=False)
    wanted_due: Mapped[date | None] = fields.date(
        _("Later date asked for"), readonly=True, help=_("Counts only when the second person has confirmed it.")
    )
    wanted_reason: Mapped[str | None] = fields.long_text(_("Ground of the later date"), readonly=True, max_length=4000)
    wanted_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Later date asked for by"), readonly=True, on_delete="set_null", index=False
    )
    second_id: Mapped[int | None] = fields.link(
        "core.user", _("Second person for the date"), readonly=True, on_delete="set_null", index=False
    )
    replaces_id: Mapped[int | None] = fields.link(
        "deadlines.deadline", _("Replaces"), readonly=True, on_delete="set_null", index=False
    )
    change_note: Mapped[str | None] = fields.text(_("Why it changed"), readonly=True, max_length=400)

    act_date: Mapped[date | None] = fields.date(_("Date of the act"), readonly=True)
    evidence: Mapped[str | None] = fields.text(_("Receipt number"), readonly=True)
    evidence_file_id: Mapped[int | None] = fields.file(_("Receipt"), readonly=True)
    closed_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Closed by"), readonly=True, on_delete="set_null", index=False
    )
    closed_at: Mapped[datetime | None] = fields.datetime(_("Closed at"), readonly=True)
    confirmed_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Confirmed by"), readonly=True, on_delete="set_null", index=False
    )
    confirmed_at: Mapped[datetime | None] = fields.datetime(_("Confirmed at"), readonly=True)
    reason: Mapped[str | None] = fields.long_text(_("Reason"), readonly=True, max_length=4000)


class RuleRecord(Record):
    """A docketing rule: shipped ones to read, the agency's own to write, test and publish."""

    __record__ = {
        "key": "deadlines.rule",
        "open": "law and the agency's overlay, the same for everybody",
        "label": _("Deadline rule"),
        "plural": _("Deadline rules"),
        "title": "name",
        "secondary": "code",
        "icon": "scale",
        "order": "code",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("code", "origin"),)

    code: Mapped[str] = fields.text(_("Code"), required=True, search=True, max_length=80)
    name: Mapped[str] = fields.text(_("Name"), required=True, search=True)
    name_en: Mapped[str | None] = fields.text(_("English name"), search=True)
    origin: Mapped[str] = fields.choice(_("Origin"), choices.ORIGINS, required=True, readonly=True, default="own")
    status: Mapped[str] = fields.choice(_("Status"), choices.RULE_STATES, required=True, readonly=True, default="draft")
    pack_version: Mapped[str | None] = fields.text(_("Version"), readonly=True, max_length=60)
    right_kinds: Mapped[list | None] = fields.tags(_("Kinds of right"))
    trigger: Mapped[str | None] = fields.text(_("Trigger"), max_length=80)
    period: Mapped[str | None] = fields.text(_("Period"), max_length=80, readonly=True)
    roll: Mapped[str | None] = fields.choice(_("Calendar"), choices.rolls)
    severity: Mapped[str | None] = fields.choice(_("Severity"), choices.SEVERITIES)
    legal_basis: Mapped[list | None] = fields.tags(_("Legal basis"))
    effective_from: Mapped[date | None] = fields.date(_("In force from"))
    effective_to: Mapped[date | None] = fields.date(_("In force to"))
    certainty: Mapped[str | None] = fields.choice(_("Certainty"), choices.CERTAINTIES)
    if_missed: Mapped[str | None] = fields.text(_("If missed"))
    note: Mapped[str | None] = fields.long_text(_("Note"))
    definition: Mapped[dict | None] = fields.json(
        _("Definition"), help=_("The rule as data, in the shape of the shipped rules; see the plugin's README.")
    )
    examples: Mapped[list | None] = fields.json(
        _("Worked examples"), help=_("Inputs and the dates that must come out; publishing runs them.")
    )
    published_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Published by"), readonly=True, on_delete="set_null", index=False
    )
    published_at: Mapped[datetime | None] = fields.datetime(_("Published at"), readonly=True)


class RuleChange(Record):
    """A version of the agency's overlay on one rule: written by one person, tried on the stock, published by another.

    Of a rule's published versions the newest that is in effect holds; empty `changes` are the rule as it is shipped.
    """

    __record__ = {
        "key": "deadlines.rule_change",
        "open": "law and the agency's overlay, the same for everybody",
        "label": _("Change of a rule"),
        "plural": _("Changes of rules"),
        "title": "name",
        "secondary": "code",
        "icon": "scale",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("code", "number"),)

    code: Mapped[str] = fields.text(_("Rule"), required=True, readonly=True, search=True, max_length=80)
    number: Mapped[int] = fields.integer(_("Version"), required=True, readonly=True)
    name: Mapped[str] = fields.text(_("Name"), required=True, readonly=True, search=True)
    status: Mapped[str] = fields.choice(_("Status"), choices.RULE_STATES, required=True, readonly=True, default="draft")
    effect_from: Mapped[date] = fields.date(_("In effect from"), required=True, readonly=True)
    reason: Mapped[str] = fields.long_text(_("Reason"), required=True, readonly=True, max_length=2000)
    changes: Mapped[dict | None] = fields.json(_("Changes"), readonly=True)
    published_by_id: Mapped[int | None] = fields.link(
        "core.user", _("Published by"), readonly=True, on_delete="set_null", index=False
    )
    published_at: Mapped[datetime | None] = fields.datetime(_("Published at"), readonly=True)


class Computation(Record):
    """Work on the whole stock in the background: a trial of what would change, or computing anew; how far it is."""

    __record__ = {
        "key": "deadlines.computation",
        "open": "counts and days; names of cases are looked up for each reader",
        "label": _("Computation"),
        "plural": _("Computations"),
        "title": "subject",
        "icon": "activity",
        "order": "-id",
        "archive": False,
        "public": False,
    }
    __table_args__ = (Index("ix_deadlines_computation_subject", "subject", "id"),)

    subject: Mapped[str] = fields.text(_("Subject"), required=True, readonly=True, max_length=80)
    of_version: Mapped[int | None] = fields.integer(_("Of version"), readonly=True, track=False)
    status: Mapped[str] = fields.choice(
        _("Status"), choices.COMPUTING, required=True, readonly=True, default="waiting", track=False
    )
    done: Mapped[int] = fields.integer(_("Done"), required=True, readonly=True, default=0, track=False)
    total: Mapped[int] = fields.integer(_("Of"), required=True, readonly=True, default=0, track=False)
    result: Mapped[dict | None] = fields.json(_("Result"), readonly=True, track=False)


class CalendarDay(Record):
    """A day on which the calendar differs from the week: a holiday, a worked weekend, a closing day of WIPO."""

    __record__ = {
        "key": "deadlines.calendar_day",
        "open": "days off of the whole country",
        "label": _("Calendar day"),
        "plural": _("Statutory calendar"),
        "title": "name",
        "icon": "calendar",
        "order": "-day",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("day", "kind"),)

    day: Mapped[date] = fields.date(_("Day"), required=True)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.DAY_KINDS, required=True)
    name: Mapped[str | None] = fields.text(_("Name"), max_length=80)
    year: Mapped[int | None] = fields.integer(
        _("Year"), compute=lambda day: day.day.year if day.day else None, index=True
    )
    source: Mapped[str | None] = fields.text(_("Source"), max_length=120)
    published: Mapped[bool] = fields.boolean(_("In force"), readonly=True, default=False)


class ReminderPlan(Record):
    """How many days before which date who is reminded, for rules that match."""

    __record__ = {
        "key": "deadlines.reminder_plan",
        "open": "one plan for the whole agency",
        "label": _("Reminder plan"),
        "plural": _("Reminder plans"),
        "title": "name",
        "icon": "bell",
        "order": "position",
        "archive": True,
    }

    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=120)
    position: Mapped[int] = fields.integer(
        _("Position"), required=True, default=50, help=_("The first plan that fits a deadline is used.")
    )
    rules: Mapped[list | None] = fields.tags(
        _("Rules"), help=_("Codes such as CN.TM.RENEWAL; * stands for anything. Empty: all rules.")
    )
    severities: Mapped[list | None] = fields.multi_choice(_("Severities"), choices.SEVERITIES)
    anchor: Mapped[str] = fields.choice(_("Before which date"), choices.ANCHORS, required=True, default="safe_date")
    steps: Mapped[list | None] = fields.tags(
        _("Steps"), help=_("Days or months before the date: 15d, 7d, 3d, 12m; -1d is the day after.")
    )
    to_head: Mapped[bool] = fields.boolean(_("Also to the department head"), default=True)
    strong: Mapped[bool] = fields.boolean(_("Strong reminder"), default=False)


class Reminder(Record):
    """One decision to remind one person of one step of one deadline; the database holds each only once."""

    __record__ = {
        "key": "deadlines.reminder",
        "label": _("Reminder"),
        "plural": _("Reminders"),
        "title": "step",
        "icon": "bell",
        "order": "-planned_for",
        "archive": False,
    }
    __table_args__ = (
        UniqueConstraint("deadline_id", "step", "user_id", name="uq_deadlines_reminder_once"),
        Index("ix_deadlines_reminder_planned", "planned_for"),
    )

    deadline_id: Mapped[int] = fields.link(
        "deadlines.deadline", _("Deadline"), required=True, readonly=True, on_delete="cascade", index=False
    )
    step: Mapped[str] = fields.text(_("Step"), required=True, readonly=True, max_length=20)
    user_id: Mapped[int] = fields.link("core.user", _("To"), required=True, readonly=True, on_delete="cascade")
    planned_for: Mapped[date] = fields.date(_("Planned for"), required=True, readonly=True)
    status: Mapped[str] = fields.choice(
        _("Status"), choices.REMINDER_STATES, required=True, readonly=True, default="decided"
    )
    decided_at: Mapped[datetime | None] = fields.datetime(_("Decided at"), readonly=True)
    mail_id: Mapped[int | None] = fields.link("core.mail", _("Mail"), readonly=True, on_delete="set_null", index=False)
    plan_id: Mapped[int | None] = fields.link(
        "deadlines.reminder_plan", _("Plan"), readonly=True, on_delete="set_null", index=False
    )


RECORDS = (Deadline, RuleRecord, RuleChange, Computation, CalendarDay, ReminderPlan, Reminder)
