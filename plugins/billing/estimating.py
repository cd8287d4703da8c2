"""What an event of a case would cost by the price list, before it happens. Writes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import Action, L, Param, db
from plugins.billing.pricing import due_items, fee_table, line_of, matter_of
from plugins.billing.records import PriceItem
from plugins.clients import Client


def actions() -> list[Action]:
    """The estimate as a named action on cases, which other plugins ask for by its name."""
    event = Param("event", L("事件", "Event"), required=True)
    return [
        Action("cases.case", "estimate_cost", L("按价目表估算费用", "Estimate by the price list"), estimate, (event,))
    ]


def estimate(case: Any, given: dict[str, Any]) -> dict[str, Any] | None:
    """`official`, `service` and `currency` of what falls due with `event`; None when the list has nothing for it."""
    client = db.session.scalars(select(Client).where(Client.id == case.client_id)).first()
    items = db.session.scalars(select(PriceItem).where(PriceItem.active, PriceItem.archived_at.is_(None))).all()
    matter = matter_of(case, None, client.tier if client else None)
    due = due_items(items, case, given["event"], matter)
    if not due:
        return None
    table = fee_table()
    lines = [line_of(item, matter, table) for item in due]
    return {
        "official": sum((line["official_amount"] for line in lines), Decimal(0)),
        "service": sum((line["service_amount"] for line in lines), Decimal(0)),
        "currency": "CNY",
    }
