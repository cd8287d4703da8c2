"""Whose portal users, messages and logs are whose, who may do what with them, and what of them a client sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from core import FieldRule, Grant, Principal, Scopes, hidden_but, record_class, scopes_via
from plugins.cases import OUTSIDE, unpublished
from plugins.clients import of_their_client
from plugins.portal.records import PortalUser

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
PERSONAL = ("portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
TO_CLIENT = {
    "portal.user": (
        "client",
        "name",
        "name_en",
        "email",
        "role",
        "state",
        "invited_at",
        "activated_at",
        "last_seen_at",
    ),
    "portal.message": ("client", "case", "side", "author", "body", "sent_at", "answered_at", "seen_at"),
    "portal.order": ("client", "kind", "subject", "details", "person", "state", "answer", "sent_at"),
    "portal.evidence": (
        *("client", "case", "question", "decision", "opinion", "amount", "person", "at", "document", "sha256"),
    ),
}
"""What people of a client see of these records; everything else is ours, also what is added later."""
NAMING = ("question", "opinion", "document")
"""What the evidence of a decision says of the case itself."""


def grants() -> list[Grant]:
    """The grants of the shipped role pack for this plugin's records and actions."""
    rows = json.loads(DATA.read_text("utf-8"))
    return [Grant(role, record, tuple(can), scope) for record, given in rows.items() for role, can, scope in given]


def field_rules() -> list[FieldRule]:
    """People of a client see of these records what is named, and nothing else; outsiders no unpublished invention."""
    readers = (*OUTSIDE, "audit_admin")
    closed = (FieldRule("portal.evidence", name, "hidden", readers, when=_unpublished) for name in NAMING)
    return [*closed, *(rule for record, shown in TO_CLIENT.items() for rule in hidden_but(record, shown, PORTAL))]


def _unpublished(model: Any, principal: Principal) -> ColumnElement[bool]:
    """About a case whose content is not public."""
    case = record_class("cases.case").__table__.c
    return model.case_id.in_(select(case.id).where(unpublished(case, principal)))


def scopes() -> dict[str, Scopes]:
    """Everything follows the client; what is about a case also follows those who are named on it."""
    via = replace(scopes_via("client"), extra={"client": of_their_client})
    about = replace(via, assigned=_named_on_its_case)
    return {
        "portal.user": via,
        "portal.affiliate": Scopes(
            **{name: _of_the_user(name) for name in ("own", "assigned", "team", "department", "branch")}
        ),
        "portal.access": via,
        "portal.order": via,
        "portal.message": about,
        "portal.evidence": about,
    }


def _named_on_its_case(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Named on the case that it is about; without one, on some work of the client."""
    of_case = scopes_via("case").assigned
    of_client = scopes_via("client").assigned
    assert of_case is not None
    assert of_client is not None
    return or_(of_case(model, principal), and_(model.case_id.is_(None), of_client(model, principal)))


def _of_the_user(name: str) -> Callable[[Any, Principal], ColumnElement[bool]]:
    """Both sides of an affiliation lie in the scope: the user's client and the one that is opened to them."""

    def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
        opened = getattr(scopes_via("client"), name)(model, principal)
        theirs = getattr(scopes_via("client"), name)(PortalUser, principal)
        return and_(opened, model.portal_user_id.in_(select(PortalUser.id).where(theirs)))

    return expression


def live_user(model: Any) -> ColumnElement[bool]:
    """Which portal users are bound to their client now."""
    return and_(model.state == "active", _kept(model))


def live_affiliate(model: Any) -> ColumnElement[bool]:
    """Affiliates count while their portal user does."""
    user = record_class("portal.user").__table__.c
    return and_(model.portal_user_id.in_(select(user.id).where(user.state == "active")), _kept(model))


def _kept(model: Any) -> ColumnElement[bool]:
    """The client is still looked after."""
    client = record_class("clients.client").__table__.c
    return model.client_id.in_(select(client.id).where(client.archived_at.is_(None)))
