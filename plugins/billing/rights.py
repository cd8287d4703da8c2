"""Whose bills and payments are whose, as SQL expressions, and what each role may do and see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, union_all

from core import FieldRule, Grant, Principal, Scopes, hidden_but
from plugins.billing.records import Allocation, Bill, BillLine, Payment, Quotation, QuotationLine, Refund, WriteOff
from plugins.cases import Case, Member
from plugins.clients import Client

DATA = Path(__file__).parent / "data" / "grants.json"
PORTAL = ("portal_owner", "portal_legal", "portal_finance", "portal_viewer", "portal_inventor")
Expression = Callable[[Any, Principal], ColumnElement[bool]]
_client, _case = Client.__table__.c, Case.__table__.c

TO_CLIENT = {
    "billing.bill": (
        *("number", "title", "kind", "state", "client", "case", "currency", "issued_on", "due_on", "reference"),
        *("remark", "official_total", "disbursement_total", "service_total", "tax_total", "total", "paid", "credited"),
        "balance",
    ),
    "billing.bill_line": (
        *("bill", "position", "case", "description", "description_en", "quantity", "unit", "official_amount"),
        *("disbursement_amount", "service_amount", "tax_rate", "tax", "total"),
    ),
    "billing.payment": (
        *("number", "state", "client", "received_on", "amount", "currency", "method", "payer", "reference"),
        *("allocated", "refunded", "unallocated"),
    ),
    "billing.allocation": ("payment", "bill", "part", "amount", "allocated_on"),
    "billing.refund": ("payment", "client", "amount", "state", "decided_at"),
    "billing.quotation": (
        *("number", "subject", "state", "client", "case", "currency", "quoted_on", "valid_until", "terms", "scope_in"),
        *("scope_out", "official_total", "disbursement_total", "service_total", "tax_total", "total", "answered_on"),
    ),
    "billing.quotation_line": (
        *("quotation", "position", "description", "description_en", "quantity", "unit", "official_amount"),
        *("disbursement_amount", "service_amount", "tax_rate", "tax", "total"),
    ),
}
"""What people of a client see of their bills, payments and quotations; everything else is ours."""

MADE_OF = {"billing.bill": "billing.bill_line", "billing.quotation": "billing.quotation_line"}
NO_FLOOR = ("consultant", "client_manager", "process_clerk", "tm_agent", "pat_agent")
NO_COST = ("client_manager", "consultant", "process_clerk", "tm_agent", "pat_agent")
NO_ACCOUNT = ("client_manager", "consultant", "dept_head", "branch_manager")


def grants() -> list[Grant]:
    """The grants of the shipped role pack; lines follow what they are lines of, allocations their payment."""
    rows = json.loads(DATA.read_text("utf-8"))
    given = [Grant(role, record, tuple(can), scope) for record, found in rows.items() for role, can, scope in found]
    for whole, part in MADE_OF.items():
        given += [grant for row in rows[whole] for grant in _of_lines(part, *row)]
    payments = rows["billing.payment"]
    given += [Grant(role, "billing.allocation", ("read",), scope) for role, can, scope in payments if "read" in can]
    return given


def _of_lines(part: str, role: str, can: list[str], scope: str) -> list[Grant]:
    """Who reads the whole reads its lines; who may change it adds, changes and removes them."""
    made = [Grant(role, part, ("read",), scope)] if "read" in can else []
    writes = ("create", "update", "delete")
    return [*made, Grant(role, part, writes, scope)] if "update" in can else made


def _clients_of(me: int | None) -> Any:
    return select(_client.id).where(_client.owner_id == me)


def _cases_of(me: int | None) -> Any:
    """Cases on which the person is named."""
    member = Member.__table__.c
    return union_all(
        select(_case.id).where(_case.agent_id == me),
        select(_case.id).where(_case.process_clerk_id == me),
        select(_case.id).where(_case.client_manager_id == me),
        select(member.case_id).where(member.user_id == me),
    )


def _own(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Of one's own clients, of cases one manages for them, and what one made."""
    me, table = principal.user_id, model.__table__.c
    ways = [table.client_id.in_(_clients_of(me)), table.created_by_id == me]
    if "case_id" in table:
        ways.append(table.case_id.in_(_cases_of(me)))
    return model.id.in_(union_all(*(select(table.id).where(way) for way in ways)))


def _assigned(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Of cases on which the person is named."""
    return model.case_id.in_(_cases_of(principal.user_id)) if hasattr(model, "case_id") else false()


def _team(model: Any, principal: Principal) -> ColumnElement[bool]:
    if not principal.team_ids:
        return false()
    return model.client_id.in_(select(_client.id).where(_client.team_id.in_(sorted(principal.team_ids))))


def _department(model: Any, principal: Principal) -> ColumnElement[bool]:
    """Of the department itself, or of a client or case that lies in it."""
    ids = sorted(principal.department_ids)
    if not ids:
        return false()
    ways = [model.client_id.in_(select(_client.id).where(_client.department_id.in_(ids)))]
    if hasattr(model, "department_id"):
        ways.insert(0, model.department_id.in_(ids))
    if hasattr(model, "case_id"):
        ways.append(model.case_id.in_(select(_case.id).where(_case.department_id.in_(ids))))
    return or_(*ways)


def _branch(model: Any, principal: Principal) -> ColumnElement[bool]:
    return model.branch_id == principal.branch_id if principal.branch_id else false()


def _of_client(*told: Any) -> Expression:
    """Of the clients that a person of the portal acts for, where the agency has told them: `told` are conditions."""

    def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
        ids = sorted(principal.claims.get("clients.client", ()))
        if not ids:
            return false()
        found = model.client_id.in_(ids)
        for condition in told:
            found = found & condition(model)
        return found

    return expression


def _whole(*told: Any) -> Scopes:
    return Scopes(
        own=_own,
        assigned=_assigned,
        team=_team,
        department=_department,
        branch=_branch,
        extra={"client": _of_client(*told)},
    )


def _via(link: str, whole: Scopes) -> Scopes:
    """The scopes of what `link` points to."""

    def through(name: str) -> Expression:
        def expression(model: Any, principal: Principal) -> ColumnElement[bool]:
            target = getattr(model, link).property.mapper.class_
            inner = whole.expression(name, target, principal)
            return getattr(model, f"{link}_id").in_(select(target.__table__.c.id).where(inner))

        return expression

    names = ("own", "assigned", "team", "department", "branch")
    return Scopes(**{name: through(name) for name in names}, extra={"client": through("client")})


def scopes() -> dict[str, Scopes]:
    """Clients see what was issued or sent to them; drafts and announcements inside the house stay there."""
    bill = _whole(lambda model: model.state != "draft")
    quotation = _whole(lambda model: model.state.not_in(("draft", "waiting")))
    payment = _whole()
    return {
        key(Bill): bill,
        key(BillLine): _via("bill", bill),
        key(Quotation): quotation,
        key(QuotationLine): _via("quotation", quotation),
        key(Payment): payment,
        key(Allocation): _via("payment", payment),
        key(Refund): _via("payment", payment),
        key(WriteOff): _via("bill", bill),
    }


def key(model: Any) -> str:
    """The key of a record class."""
    return model.__record__["key"]


def field_rules() -> list[FieldRule]:
    """Floor prices, own costs, margins, payers' accounts; and for clients all that is not theirs."""
    return [
        FieldRule("billing.price_item", "floor_price", "hidden", NO_FLOOR),
        FieldRule("billing.quotation", "below_floor", "hidden", NO_FLOOR),
        FieldRule("billing.quotation", "margin", "hidden", ("consultant", "client_manager")),
        FieldRule("billing.bill", "cost", "hidden", NO_COST),
        FieldRule("billing.payment", "payer_account", "masked", NO_ACCOUNT),
        *(rule for record, shown in TO_CLIENT.items() for rule in hidden_but(record, shown, PORTAL)),
    ]
