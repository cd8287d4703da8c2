"""Sums of money by currency: amounts of different currencies are never added. Reads only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from core import db
from plugins.billing.records import Bill, Payment

YUAN = "CNY"


def by_currency(chosen: Select[Any]) -> dict[str, Decimal]:
    """Sums out of a select of (currency, amount), the yuan first; nothing that is zero."""
    rows = chosen.subquery()
    coin, amount = rows.c
    found = db.session.execute(select(coin, func.sum(amount)).group_by(coin)).all()
    return {coin or YUAN: total for coin, total in sorted(found, key=lambda row: (row[0] != YUAN, row[0])) if total}


def currencies_of(client_id: int) -> list[str]:
    """In which currencies a client was billed or has paid, the yuan first; the yuan where nothing was."""
    billed = select(Bill.currency).where(Bill.client_id == client_id, Bill.state.not_in(("draft", "void")))
    paid = select(Payment.currency).where(Payment.client_id == client_id, Payment.state == "confirmed")
    found = {*db.session.scalars(billed.distinct()), *db.session.scalars(paid.distinct())} or {YUAN}
    return sorted(found, key=lambda coin: (coin != YUAN, coin))


def advances_of(client_id: int) -> dict[str, Decimal]:
    """Money of a client that is not allocated to bills, by currency."""
    free = select(Payment.currency, Payment.unallocated)
    return by_currency(free.where(Payment.client_id == client_id, Payment.state == "confirmed"))
