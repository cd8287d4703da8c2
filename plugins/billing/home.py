"""The finance panel of the home page: what is to be issued, confirmed, matched, chased and decided."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core import Panel, current_principal, db, gettext, today
from plugins.billing.choices import OPEN_BILLS
from plugins.billing.reckoning.amounts import ZERO
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


def _counted(column: Any, *conditions: Any) -> tuple[int, Decimal]:
    count, amount = db.session.execute(select(func.count(), func.sum(column)).where(*conditions)).one()
    return count, amount or ZERO


def _tile(label: str, count: int, amount: Decimal | None, href: str, **more: Any) -> dict[str, Any]:
    note = f"¥{amount:,.2f}" if amount else ""
    return {"label": label, "value": count, "count": count, "note": note, "href": href} | more


def _bills() -> list[dict[str, Any]]:
    drafts = _counted(Bill.total, Bill.state == "draft")
    late = _counted(Bill.balance, Bill.state.in_(OPEN_BILLS), Bill.due_on < today())
    return [
        _tile(gettext("To issue"), *drafts, "/r/billing.bill?view=draft"),
        _tile(gettext("Overdue"), *late, "/r/billing.bill?view=overdue", moon="overdue" if late[0] else "done"),
    ]


def _money() -> list[dict[str, Any]]:
    free = _counted(Payment.unallocated, Payment.state == "confirmed", Payment.unallocated > 0)
    told = _counted(Payment.amount, Payment.state == "announced")
    tiles = [_tile(gettext("Not allocated"), *free, "/r/billing.payment?view=free")]
    if told[0]:
        tiles.append(_tile(gettext("To confirm"), *told, "/r/billing.payment?view=announced"))
    return tiles


def _decisions() -> list[dict[str, Any]]:
    """What waits for this person as the second one."""
    asked = (
        (Refund, "approve", gettext("Refunds to decide"), "requested"),
        (WriteOff, "sign", gettext("Write-offs to sign"), "requested"),
    )
    tiles = []
    for model, code, label, state in asked:
        key = model.__record__["key"]
        if current_principal().can(key, code):
            found = _counted(model.amount, model.state == state)
            if found[0]:
                tiles.append(_tile(label, *found, f"/r/{key}"))
    if current_principal().can("billing.quotation", "approve_discount"):
        waiting = _counted(Quotation.service_total, Quotation.state == "waiting")
        if waiting[0]:
            tiles.append(_tile(gettext("Discounts to approve"), waiting[0], None, "/r/billing.quotation?view=waiting"))
    return tiles
