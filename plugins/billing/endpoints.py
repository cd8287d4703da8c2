"""Pages of their own: receivables by age, and the account of a client."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request

from core import Endpoints, current_principal, db, get, gettext, labels, today
from plugins.billing import coins, pages, receivables
from plugins.billing.records import Bill
from plugins.clients import Client

billing = Endpoints("billing", "/billing")
READ = ("billing.bill", "read")


@billing.route("/ageing", permission=READ)
def ageing() -> Any:
    """What is owed by age: chart and table; each figure opens the bills behind it."""
    from sqlalchemy import select

    group = request.args.get("by") if request.args.get("by") in receivables.GROUPS else "client"
    currencies = list(db.session.scalars(select(Bill.currency).distinct().order_by(Bill.currency))) or ["CNY"]
    asked = request.args.get("currency")
    currency = asked if asked in currencies else "CNY" if "CNY" in currencies else currencies[0]
    title = gettext("Receivables")
    return render_template(
        "billing/ageing.html",
        title=title,
        crumbs=[(title, None)],
        group=group,
        currency=currency,
        currencies=currencies,
        day=today(),
        **receivables.table(group, currency),
    )


@billing.route("/clients/<int:client_id>/statement", permission=READ)
def statement(client_id: int) -> Any:
    """The account of one client over a period, this year unless days are given."""
    client = get(Client, client_id)
    first, last = _day("from", today().replace(month=1, day=1)), _day("to", today())
    held = coins.currencies_of(client_id)
    currency = request.args.get("currency") if request.args.get("currency") in held else held[0]
    bills = receivables.open_bills(client_id, currency)
    official, service = receivables.open_parts(bills)
    title = gettext("Statement of account")
    name = labels("clients.client", [client_id]).get(client_id, client.name)
    plural = gettext("Clients")
    return render_template(
        "billing/statement.html",
        title=title,
        crumbs=[(plural, "/r/clients.client"), (name, f"/r/clients.client/{client_id}"), (title, None)],
        name=name,
        client=client,
        bills=[(bill, pages.ledger.bill_state(bill), (today() - bill.due_on).days) for bill in bills],
        official=official,
        service=service,
        currency=currency,
        currencies=held,
        advance=_advance(client_id, currency),
        states=pages.STATES,
        **receivables.account(client_id, first, last, currency),
    )


def _advance(client_id: int, currency: str) -> Any:
    """Free money of the client, for those who may read payments."""
    free = coins.advances_of(client_id) if current_principal().can("billing.payment", "read") else {}
    return free.get(currency)


def _day(name: str, default: date) -> date:
    try:
        return date.fromisoformat(request.args.get(name) or "")
    except ValueError:
        return default
