"""Rights and field rules of clients and contacts: what each role may do, in which scope, with which fields masked."""

from __future__ import annotations

import json
from pathlib import Path

from core import FieldRule, Grant, hidden_but

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
AGENTS = ("tm_agent", "pat_agent", "paralegal")
MASKED = ("process_clerk", "archive", "finance", "service_desk")
"""Roles that see telephone numbers masked and may look behind the mask, for a reason."""
NO_CREDIT = ("consultant", "process_clerk", *AGENTS)
CLIENT_TO_ITSELF = (
    *("number", "name", "name_en", "uscc", "kind", "address", "address_en", "postal_address", "postcode", "phone"),
    *("website", "brands", "invoice_title", "tax_number", "taxpayer", "currency", "portal_notice"),
)
"""What people of a client see of their own client; everything else is ours, also what is added later."""
CONTACT_TO_CLIENT = ("client", "name", "name_en", "position", "unit", "phone", "mobile", "email", "language")
"""What people of a client see of its contacts; what we noted about them stays with us."""


def grants() -> list[Grant]:
    """The grants of the shipped role pack for this plugin's records."""
    rows = json.loads(DATA.read_text("utf-8"))
    found = [Grant(role, record, tuple(can), scope) for record, given in rows.items() for role, can, scope in given]
    return [*found, *(Grant(role, "clients.contact", ("unmask",), "branch") for role in MASKED)]


def field_rules() -> list[FieldRule]:
    """Fields that are masked or hidden for people who hold only these roles."""
    client, contact = "clients.client", "clients.contact"
    account = ("consultant", *AGENTS, "process_clerk", "service_desk", "analyst")
    return [
        FieldRule(client, "bank_account", "masked", account),
        FieldRule(client, "credit_limit", "hidden", NO_CREDIT),
        FieldRule(contact, "mobile", "masked", (*MASKED, "analyst")),
        FieldRule(contact, "wechat", "masked", ("process_clerk", "archive", "finance", "analyst")),
        FieldRule(contact, "birthday", "hidden", ("process_clerk", "tm_agent", "pat_agent", "finance", "archive")),
        *hidden_but(client, CLIENT_TO_ITSELF, PORTAL),
        *hidden_but(contact, CONTACT_TO_CLIENT, PORTAL),
    ]
