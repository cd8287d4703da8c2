"""Whose documents are whose, who may make and release them, and what people of a client see of one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, false

from core import FieldRule, Grant, Principal, Scopes, hidden_but, scopes_of_place
from plugins.documents.kinds import record_keys

DATA = Path(__file__).parent / "data" / "grants.json"
MAKING = ("make_document", "make_documents")
CARRYING = ("release", "withdraw_release", "send_mail", "make_again", "print_again")
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
TO_CLIENT = (
    "number",
    "title",
    "language",
    "state",
    "pages",
    "file",
    "xlsx_file",
    "sha256",
    "released_at",
    "record_caption",
)
"""What people of a client see of a document that was released to them."""


def grants() -> list[Grant]:
    """The grants of the shipped role pack; who may make a document of a record may carry it further."""
    given = json.loads(DATA.read_text("utf-8"))
    makers = given.pop("makers")
    found = [Grant(role, key, tuple(can), scope) for key, rows in given.items() for role, can, scope in rows]
    found += [Grant(role, "documents.document", ("create", *CARRYING), scope) for role, scope in makers]
    return found + [Grant(role, key, MAKING, scope) for key in record_keys() for role, scope in makers]


def scopes() -> dict[str, Scopes]:
    """A document is whose its record is."""
    place = scopes_of_place(record_keys)
    return {"documents.document": replace(place, extra=place.extra | {"released": released})}


def released(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Released to one of the clients that the person is bound to."""
    clients = principal.claims.get("clients.client", frozenset())
    if not clients:
        return false()
    return and_(
        model.client_ref.in_(sorted(clients)),
        model.released_at.is_not(None),
        model.audience == "client",
        model.state == "ready",
        model.archived_at.is_(None),
    )


def field_rules() -> list[FieldRule]:
    """The rest of a document is ours."""
    return hidden_but("documents.document", TO_CLIENT, PORTAL)
