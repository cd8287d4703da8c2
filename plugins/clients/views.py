"""What the lists, pages and forms of clients and contacts show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import (
    CalendarView,
    Column,
    DetailView,
    FormView,
    KanbanView,
    ListView,
    Menu,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    current_locale,
    db,
)
from plugins.clients import choices
from plugins.clients.records import Contact

NAMES = Section(
    "names", _("Names and registration"), ("name", "name_en", "former_names", "uscc", "kind", "region_name")
)
FORM_NAMES = Section(NAMES.key, NAMES.label, (*NAMES.fields[:-1], "region"))
RELATION = Section(
    "relation",
    _("Relationship"),
    (
        *("tier", "stage", "owner", "trademark_agent", "patent_agent", "team", "department", "branch"),
        *("since", "source", "referrer", "confidentiality"),
    ),
)
BUSINESS = Section(
    "business",
    _("Line of business"),
    ("industry", "size", "main_business", "brands", "website", "phone", "internal_remarks"),
)
ADDRESS = Section("address", _("Addresses"), ("address", "address_en", "postal_address", "postcode"))
WISHES = Section(
    "wishes", _("Wishes"), ("requirements", "preferred_channel", "report_format", "billing_cycle", "portal_notice")
)
BILLING = Section(
    "billing",
    _("Billing"),
    (
        "invoice_title",
        "tax_number",
        "taxpayer",
        "bank_name",
        "bank_account",
        "billing_email",
        "currency",
        "credit_limit",
    ),
    folded=True,
)
PERSON = Section("person", _("Person"), ("client", "name", "name_en", "position", "unit", "roles", "is_primary"))
REACH = Section("reach", _("How to reach"), ("mobile", "phone", "email", "wechat", "preferred_channel", "language"))
DECISIONS = Section(
    "decisions", _("Decisions"), ("decision_role", "authority", "reports_to", "preferences", "birthday", "remarks")
)


def head(client: Any) -> dict[str, Any]:
    """What must be seen before anything else: the client's wishes."""
    return {"requirements": client.requirements or [], "confidential": client.confidentiality == "high"}


def picture(client: Any) -> dict[str, Any]:
    """Who decides at the client, and on which step of the tiers it stands."""
    return {
        "levels": decision_levels(client.id),
        "tiers": [str(tier.label) for tier in choices.TIERS],
        "tier_now": next((n for n, tier in enumerate(choices.TIERS, 1) if tier.code == client.tier), 0),
    }


def decision_levels(client_id: int) -> list[list[dict[str, Any]]]:
    """The contacts by level of who reports to whom, from the top down; at most three levels of four."""
    contacts = db.session.scalars(
        select(Contact).where(Contact.client_id == client_id, Contact.archived_at.is_(None)).order_by(Contact.id)
    ).all()
    known = {contact.id for contact in contacts}
    levels: list[list[Any]] = []
    above: set[int | None] = {None}
    for _level in range(3):
        row = [c for c in contacts if (c.reports_to_id if c.reports_to_id in known else None) in above]
        if not row:
            break
        levels.append(row[:4])
        above = {c.id for c in row}
    return [[_person(contact) for contact in row] for row in levels]


def _person(contact: Contact) -> dict[str, Any]:
    words = {choice.code: str(choice.label) for choice in (*choices.DECISION_ROLES, *choices.CHANNELS)}
    shown = contact.name_en if current_locale() == "en" and contact.name_en else contact.name
    return {
        "name": shown,
        "role": contact.position,
        "note": contact.authority or words.get(contact.preferred_channel or "", contact.preferences),
        "key": contact.decision_role == "decides",
        "badge": words[contact.decision_role] if contact.decision_role in ("decides", "reviews") else None,
    }


def views() -> list[View]:
    """All views of this plugin."""
    return [*client_views(), *contact_views()]


def client_views() -> list[View]:
    """List, page, form and board of clients."""
    return [
        ListView(
            "clients.client",
            columns=(
                Column("name"),
                Column("kind"),
                Column("region", template="clients/cell_region.html", needs=("region",), sort="region"),
                Column("tier"),
                Column("owner"),
                Column("branch"),
                Column("uscc", shown=False),
                Column("industry", shown=False),
                Column("since", shown=False),
            ),
            filters=("kind", "tier", "region", "owner", "branch", "source", "confidentiality"),
            group_by=("tier", "kind", "owner", "branch"),
            presets=(
                Preset("mine", _("My clients"), {"owner": "me"}, default=True),
                Preset("all", _("All clients"), {}),
                Preset("key", _("Key clients"), {"tier__in": "general_key,partner,strategic"}),
                Preset("potential", _("Potential"), {"tier": "potential"}),
            ),
            sort="name",
            empty=_("No clients yet. Import a sheet or add the first."),
        ),
        DetailView(
            "clients.client",
            subtitle=("number", "kind", "region_name", "since"),
            badge="tier",
            head_template="clients/head.html",
            head_context=head,
            facts=(NAMES, RELATION),
            tabs=(
                Tab(
                    "contacts",
                    _("Contacts"),
                    related=Related(
                        "clients.contact", "client", ("name", "position", "roles", "mobile", "email", "decision_role")
                    ),
                ),
                Tab("data", _("Data"), sections=(WISHES, BUSINESS, ADDRESS, BILLING)),
            ),
        ),
        FormView("clients.client", sections=(FORM_NAMES, RELATION, WISHES, BUSINESS, ADDRESS, BILLING)),
        KanbanView("clients.client", field="tier", card=("kind", "owner")),
    ]


def contact_views() -> list[View]:
    """List, page, form and birthdays of contacts."""
    return [
        ListView(
            "clients.contact",
            columns=tuple(
                map(Column, ("name", "client", "position", "roles", "mobile", "email", "decision_role", "is_primary"))
            ),
            filters=("client", "roles", "decision_role", "is_primary"),
            group_by=("client", "decision_role"),
            sort="name",
            empty=_("No contacts yet. Add one on a client's page."),
        ),
        DetailView("clients.contact", subtitle=("position", "unit"), facts=(PERSON, REACH, DECISIONS)),
        FormView("clients.contact", sections=(PERSON, REACH, DECISIONS)),
        CalendarView("clients.contact", date="birthday", title="name"),
    ]


def menus() -> list[Menu]:
    """The sidebar entries."""
    return [
        Menu(
            "clients",
            _("Clients"),
            "users",
            "clients",
            10,
            record="clients.client",
            permission=("clients.client", "read"),
        ),
        Menu(
            "contacts",
            _("Contacts"),
            "address-book",
            "clients",
            20,
            record="clients.contact",
            permission=("clients.contact", "read"),
        ),
    ]
