"""Named actions on bills, payments, refunds, write-offs, quotations and cases: their inputs; the work is elsewhere."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from core import Action, FieldError, Invalid, Param, _
from plugins.billing import bills, receipts

BILL, PAYMENT = "billing.bill", "billing.payment"


def actions() -> list[Action]:
    """All actions of the plugin."""
    return [*_bills(), *_payments()]


def _bills() -> list[Action]:
    return [
        Action(
            BILL,
            "issue",
            _("Issue"),
            lambda bill, given: _issued(bills.issue(bill, given["due_on"])),
            params=(Param("due_on", _("Due on"), "date", help=_("Empty: by the agreed days.")),),
            available=bills.is_draft,
            primary=True,
            icon="send",
        ),
        Action(
            BILL,
            "credit",
            _("Credit note"),
            lambda bill, given: bills.credit_note(bill, given["reason"]),
            params=(Param("reason", _("Reason"), required=True),),
            available=bills.can_credit,
            icon="receipt-refund",
        ),
        Action(
            BILL,
            "void",
            _("Void"),
            lambda bill, given: bills.void(bill, given["reason"]) and None,
            params=(Param("reason", _("Reason"), required=True),),
            available=bills.can_void,
            icon="x",
        ),
    ]


def _issued(bill: Any) -> dict[str, Any]:
    return {"number": bill.number, "message": _("%(number)s is issued.", number=bill.number)}


def _payments() -> list[Action]:
    return [
        Action(
            PAYMENT,
            "confirm",
            _("Confirm receipt"),
            lambda payment, _given: receipts.confirm(payment),
            available=receipts.can_confirm,
            primary=True,
            icon="check",
        ),
        Action(
            PAYMENT,
            "allocate",
            _("Allocate"),
            lambda payment, given: _allocated(receipts.allocate(payment, wanted(given), given["key"] or fresh_key())),
            params=(
                Param("bill", _("Bill"), "link", target=BILL),
                Param("amount", _("Amount"), "money"),
                Param("amounts", _("Amounts by bill"), "json"),
                Param("key", _("Key"), help=_("The same key does its work once.")),
            ),
            available=receipts.has_free_money,
            primary=True,
            icon="link",
        ),
        Action(
            PAYMENT,
            "unallocate",
            _("Take back allocations"),
            lambda payment, given: {"amount": str(receipts.unallocate(payment, given["reason"], given["bill"]))},
            params=(
                Param("bill", _("Bill"), "link", target=BILL, help=_("Empty: all of them.")),
                Param("reason", _("Reason"), required=True),
            ),
            available=receipts.has_allocations,
            icon="unlink",
        ),
        Action(
            PAYMENT,
            "reverse",
            _("Reverse"),
            lambda payment, given: receipts.reverse(payment, given["reason"]) and None,
            params=(Param("reason", _("Reason"), required=True),),
            available=receipts.can_reverse,
            icon="arrow-back-up",
        ),
    ]


def wanted(given: dict[str, Any]) -> dict[int, Decimal]:
    """The amounts by bill that a caller gives as `amounts` [{bill, amount}], or as one `bill` and `amount`."""
    if given["bill"]:
        return {given["bill"]: given["amount"] or Decimal(0)}
    rows = given["amounts"]
    found: dict[int, Decimal] = {}
    try:
        for row in rows or ():
            found[int(row["bill"])] = found.get(int(row["bill"]), Decimal(0)) + Decimal(str(row["amount"]))
    except (KeyError, TypeError, ValueError, InvalidOperation):
        message = _("Give the amounts as a list of bill and amount.")
        raise Invalid([FieldError("amounts", "invalid", message)]) from None
    if not found:
        raise Invalid([FieldError("amounts", "required", _("Say which bills this money pays."))])
    return found


def _allocated(rows: list[Any]) -> dict[str, Any]:
    return {"allocated": str(sum((row.amount for row in rows), Decimal("0.00")))}


def fresh_key() -> str:
    """A key for one press of a button."""
    return secrets.token_hex(8)
