"""The finance panel of the home page: what is to be issued, confirmed, matched, chased and decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core import Panel, current_principal, db, gettext, today
from plugins.billing.choices import OPEN_BILLS
from plugins.billing.coins import by_currency
from plugins.billing.records import Bill, Payment, Quotation, Refund, WriteOff

BILL, PAYMENT = "billing.bill", "billing.payment"


def panels() -> list[Panel]:
    """For those who issue bills or book money."""
    principal = current_principal()
    if not (principal.can(BILL, "issue") or principal.can(PAYMENT, "allocate")):
        return []
    tiles = [*_bills(), *(_money() if principal.can(PAYMENT, "read") else ()), *_decisions()]
    context = {"tiles": tiles, "calm": not any(tile["count"] for tile in tiles)}
    first = principal.can(PAYMENT, "allocate")
    return [Panel("billing/home.html", context, order=5 if first else 15, key="billing")]


def _counted(coin: Any, amount: Any, *conditions: Any) -> tuple[int, dict[str, Decimal]]:
    """How many, and their sums by currency."""
    chosen = select(coin.label("coin"), amount.label("amount")).where(*conditions)
    return db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0, by_currency(chosen)


def _tile(label: str, count: int, sums: dict[str, Decimal], href: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "value": count, "count": count, "sums": sums, "href": href} | more


def _bills() -> list[dict[str, Any]]:
    drafts = _counted(Bill.currency, Bill.total, Bill.state == "draft")
    late = _counted(Bill.currency, Bill.balance, Bill.state.in_(OPEN_BILLS), Bill.due_on < today())
    return [
        _tile(gettext("To issue"), *drafts, "/r/billing.bill?view=draft"),
        _tile(gettext("Overdue"), *late, "/r/billing.bill?view=overdue", moon="overdue" if late[0] else "done"),
    ]


def _money() -> list[dict[str, Any]]:
    free = _counted(Payment.currency, Payment.unallocated, Payment.state == "confirmed", Payment.unallocated > 0)
    told = _counted(Payment.currency, Payment.amount, Payment.state == "announced")
    tiles = [_tile(gettext("Not allocated"), *free, "/r/billing.payment?view=free")]
    if told[0]:
        tiles.append(_tile(gettext("To confirm"), *told, "/r/billing.payment?view=announced"))
    return tiles


def _decisions() -> list[dict[str, Any]]:
    """What waits for this person as the second one."""
    asked = (
        (Refund, "approve", gettext("Refunds to decide"), Payment, Refund.payment_id),
        (WriteOff, "sign", gettext("Write-offs to sign"), Bill, WriteOff.bill_id),
    )
    tiles = []
    for model, code, label, owner, link in asked:
        key = model.__record__["key"]
        if current_principal().can(key, code):
            found = _counted(owner.currency, model.amount, model.state == "requested", owner.id == link)
            if found[0]:
                tiles.append(_tile(label, *found, f"/r/{key}"))
    if current_principal().can("billing.quotation", "approve_discount"):
        waiting = _counted(Quotation.currency, Quotation.service_total, Quotation.state == "waiting")
        if waiting[0]:
            tiles.append(_tile(gettext("Discounts to approve"), waiting[0], {}, "/r/billing.quotation?view=waiting"))
    return tiles
