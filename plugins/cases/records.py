"""The records around a case: official events, applicants, classes with goods, relations, members of its team."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, current_locale, fields
from plugins.cases import choices, nice, status
from plugins.cases.case import Case


class Event(Record):
    """Something that happened to a case: a paper of the office, an act of ours, an instruction, a fact."""

    __record__ = {
        "key": "cases.event",
        "label": _("Event"),
        "plural": _("Events"),
        "icon": "file-text",
        "order": "-date",
        "archive": True,
    }
    __table_args__ = (Index("ix_cases_event_case_date", "case_id", "date"),)

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade")
    code: Mapped[str] = fields.choice(_("Event"), choices.events, required=True, max_length=60, index=True)
    date: Mapped[date | None] = fields.date(_("Date"), help=_("The day of the event itself."))
    dispatch_date: Mapped[date | None] = fields.date(_("Dispatch date"))
    receipt_date: Mapped[date | None] = fields.date(_("Receipt date"))
    delivery: Mapped[str | None] = fields.choice(_("Served by"), choices.DELIVERIES)
    notice_number: Mapped[str | None] = fields.text(_("Notice number"), search=True, max_length=80)
    document_id: Mapped[int | None] = fields.file(_("Document"))
    source: Mapped[str | None] = fields.choice(_("Source"), choices.EVENT_SOURCES)
    outcome: Mapped[str | None] = fields.choice(_("Outcome"), choices.OUTCOMES)
    details: Mapped[dict | None] = fields.json(_("Details"))
    classes: Mapped[list | None] = fields.multi_choice(
        _("Classes concerned"), nice.CLASSES, help=_("Empty: all classes.")
    )
    state_before: Mapped[str | None] = fields.choice(_("Status before"), choices.states, readonly=True)
    state_after: Mapped[str | None] = fields.choice(_("Status after"), choices.states, readonly=True)
    waiting: Mapped[str | None] = fields.text(_("Waits for"), readonly=True, max_length=300)
    reason: Mapped[str | None] = fields.long_text(_("Reason given"))
    raised_by_id: Mapped[int | None] = fields.link("cases.event", _("Raised by"), readonly=True, on_delete="set_null")

    @property
    def title(self) -> str:
        """What happened, in words."""
        known = status.event_types().get(self.code)
        return known.label(current_locale()) if known else self.code


class Applicant(Record):
    """A party of a case with its name as filed, linked to a client where it is one."""

    __record__ = {
        "key": "cases.applicant",
        "label": _("Applicant"),
        "plural": _("Applicants"),
        "title": "name",
        "icon": "building",
        "order": "position",
        "archive": False,
    }

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade")
    position: Mapped[int] = fields.integer(_("Order"), required=True, default=1)
    role: Mapped[str] = fields.choice(_("Role"), choices.PARTY_ROLES, required=True, default="applicant")
    name: Mapped[str] = fields.text(_("Name as filed"), required=True, search=True, max_length=300)
    name_en: Mapped[str | None] = fields.text(_("English name as filed"), search=True, max_length=300)
    client_id: Mapped[int | None] = fields.link("clients.client", _("Client"))
    address: Mapped[str | None] = fields.text(_("Address"), max_length=400)
    address_en: Mapped[str | None] = fields.text(_("English address"), max_length=400)
    country: Mapped[str | None] = fields.choice(_("Country"), choices.JURISDICTIONS)


class Goods(Record):
    """One Nice class of a mark with its goods; it carries a status of its own where it left that of the case."""

    __record__ = {
        "key": "cases.goods",
        "label": _("Class and goods"),
        "plural": _("Classes and goods"),
        "title": "nice_class",
        "icon": "tags",
        "order": "id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("case_id", "nice_class"),)

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade")
    nice_class: Mapped[str] = fields.choice(_("Nice class"), nice.CLASSES, required=True)
    items: Mapped[list | None] = fields.tags(_("Goods and services"))
    items_en: Mapped[list | None] = fields.tags(_("Goods in English"))
    similar_groups: Mapped[list | None] = fields.tags(_("Similar groups"))
    status: Mapped[str | None] = fields.choice(
        _("Status of the class"), choices.states, readonly=True, help=_("Empty: as the case.")
    )


class Relation(Record):
    """How a case relates to another: family, base, proceeding against, assignment of."""

    __record__ = {
        "key": "cases.relation",
        "label": _("Related case"),
        "plural": _("Related cases"),
        "icon": "link",
        "order": "id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("case_id", "kind", "to_id"),)

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade")
    kind: Mapped[str] = fields.choice(_("Relation"), choices.RELATIONS, required=True)
    to_id: Mapped[int | None] = fields.link("cases.case", _("Other case"), on_delete="cascade")
    external: Mapped[str | None] = fields.text(_("Number outside"), max_length=120)
    note: Mapped[str | None] = fields.text(_("Note"), max_length=300)


class Member(Record):
    """Somebody who works on a case besides the agent in charge."""

    __record__ = {
        "key": "cases.member",
        "label": _("Member of the team"),
        "plural": _("Team"),
        "icon": "user",
        "order": "id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("case_id", "user_id", "role"),)

    case_id: Mapped[int] = fields.link("cases.case", _("Case"), required=True, on_delete="cascade")
    user_id: Mapped[int] = fields.link("core.user", _("Person"), required=True)
    role: Mapped[str] = fields.choice(
        _("Role"), choices.MEMBER_ROLES, required=True, default="assistant", open_choices=True
    )
    until: Mapped[date | None] = fields.date(_("Until"))


RECORDS: tuple[type[Record], ...] = (Case, Event, Applicant, Goods, Relation, Member)

__all__ = ["RECORDS", "Applicant", "Case", "Event", "Goods", "Member", "Relation"]
