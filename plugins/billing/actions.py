"""Named actions on bills, payments and what needs two persons; on quotations and cases: `actions_offers`."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from core import Action, FieldError, Invalid, Param, _, gettext
from plugins.billing import actions_offers, bills, estimating, letters, pages, receipts, reminders, requests

BILL, PAYMENT, REFUND, WRITE_OFF = "billing.bill", "billing.payment", "billing.refund", "billing.write_off"
REASON = Param("reason", _("Reason"), required=True)
OPINION = Param("opinion", _("Opinion"))
DUE = Param("due_on", _("Due on"), "date", help=_("Empty: by the agreed days."))


def actions() -> list[Action]:
    """All actions of the plugin."""
    here = [*_bills(), *_ends(), *_payments(), *_corrections(), *_decisions()]
    return [*here, *actions_offers.actions(), *estimating.actions()]


def _bills() -> list[Action]:
    return [
        Action(
            BILL,
            "issue",
            _("Issue"),
            lambda bill, given: _issued(bills.issue(bill, given["due_on"]), given),
            params=(DUE, *letters.PARAMS),
            available=bills.is_draft,
            primary=True,
            icon="send",
        ),
        Action(
            BILL,
            "remind",
            _("Send a reminder"),
            lambda found, _given: reminders.remind_many(found),
            available=reminders.is_overdue,
            bulk=True,
            primary=True,
            icon="mail",
        ),
    ]


def _ends() -> list[Action]:
    """Ways out of a bill other than being paid."""
    return [
        Action(
            BILL,
            "credit",
            _("Credit note"),
            lambda bill, given: bills.credit_note(bill, given["reason"]),
            params=(REASON,),
            available=bills.can_credit,
            icon="restore",
        ),
        Action(
            BILL,
            "write_off",
            _("Write off"),
            lambda bill, given: _id(requests.request_write_off(bill, given["amount"], given["reason"])),
            params=(Param("amount", _("Amount"), "money", help=_("Empty: the whole balance.")), REASON),
            available=requests.can_write_off,
            icon="ban",
        ),
        Action(
            BILL,
            "discard",
            _("Discard the draft"),
            lambda bill, given: _nothing(bills.void(bill, given["reason"])),
            params=(REASON,),
            available=bills.is_draft,
            icon="x",
        ),
        Action(
            BILL,
            "void",
            _("Void"),
            lambda bill, given: _nothing(bills.void(bill, given["reason"])),
            params=(REASON,),
            available=bills.can_void,
            icon="x",
        ),
    ]


def _issued(bill: Any, given: dict[str, Any]) -> dict[str, Any]:
    told = (gettext("%(number)s is issued.", number=bill.number), letters.go_out(bill, given))
    return {"number": bill.number, "message": " ".join(filter(None, told))}


def _id(record: Any) -> dict[str, Any]:
    return {"id": record.id, "url": f"/r/{record.__record__['key']}/{record.id}"}


def _nothing(_done: Any) -> None:
    return None


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
            params=_amounts,
            template="billing/allocate_dialog.html",
            available=receipts.has_free_money,
            primary=True,
            icon="link-plus",
        ),
    ]


def _corrections() -> list[Action]:
    """Money that goes another way."""
    return [
        Action(
            PAYMENT,
            "unallocate",
            _("Take back allocations"),
            lambda payment, given: {"amount": str(receipts.unallocate(payment, given["reason"], given["bill"]))},
            params=(Param("bill", _("Bill"), "link", target=BILL, help=_("Empty: all of them.")), REASON),
            available=receipts.has_allocations,
            icon="restore",
        ),
        Action(
            PAYMENT,
            "request_refund",
            _("Ask for a refund"),
            lambda payment, given: _id(requests.request_refund(payment, given["amount"], given["reason"])),
            params=(Param("amount", _("Amount"), "money", required=True), REASON),
            available=receipts.has_free_money,
            icon="transfer",
        ),
        Action(
            PAYMENT,
            "reverse",
            _("Reverse"),
            lambda payment, given: _nothing(receipts.reverse(payment, given["reason"])),
            params=(REASON,),
            available=receipts.can_reverse,
            icon="x",
        ),
    ]


def _decisions() -> list[Action]:
    """The second person."""
    return [
        _decision(REFUND, "approve", _("Approve the refund"), requests.approve_refund),
        _decision(WRITE_OFF, "sign", _("Sign the write-off"), requests.sign_write_off),
        *(
            Action(
                record,
                "reject",
                _("Reject"),
                lambda request, given: requests.reject(request, given["reason"]),
                params=(REASON,),
                available=requests.is_requested,
                icon="x",
            )
            for record in (REFUND, WRITE_OFF)
        ),
        Action(
            WRITE_OFF,
            "reverse",
            _("Take the write-off back"),
            lambda request, given: _nothing(requests.reverse_write_off(request, given["reason"])),
            params=(REASON,),
            available=requests.can_reverse_write_off,
            icon="transfer",
        ),
    ]


def _decision(record: str, code: str, label: Any, decide: Any) -> Action:
    return Action(
        record,
        code,
        label,
        lambda request, given: _nothing(decide(request, given["opinion"])),
        params=(OPINION,),
        available=requests.is_requested,
        primary=True,
        icon="check",
    )


def _amounts(payment: Any) -> list[Param]:
    """For programs `bill` and `amount`, or `amounts`; for the dialog one amount for each open bill of the client."""
    given = [
        Param("key", _("Command key"), default=fresh_key(), help=_("The same key does its work once.")),
        Param("bill", _("Bill"), "link", target=BILL),
        Param("amount", _("Amount"), "money"),
        Param("amounts", _("Amounts by bill"), "json"),
    ]
    for bill, amount in pages.suggestions(payment):
        label = f"{bill.number} · {bill.due_on} · {bill.balance:,.2f}"
        given.append(Param(f"bill_{bill.id}", label, "money", help=bill.title, default=lambda _payment, a=amount: a))
    return given


def wanted(given: dict[str, Any]) -> dict[int, Decimal]:
    """The amounts by bill: `amounts` [{bill, amount}], one `bill` and `amount`, or `bill_<id>` from the dialog."""
    if given["bill"]:
        return {given["bill"]: given["amount"] or Decimal(0)}
    rows = given["amounts"]
    found = {int(k[5:]): v for k, v in given.items() if k.startswith("bill_") and isinstance(v, Decimal) and v}
    try:
        for row in rows or ():
            amount = Decimal(str(row["amount"]))
            if isinstance(row["bill"], bool) or not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
                raise InvalidOperation
            found[int(row["bill"])] = found.get(int(row["bill"]), Decimal(0)) + amount
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
