"""Money that comes in: confirming, allocating, taking back, reversing, refunds; and the door for other plugins.

An allocation carries a key: the same command with the same key does its work once, however often it arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import (
    Conflict,
    DatePart,
    FieldError,
    Invalid,
    NotFound,
    NumberRule,
    Refused,
    Seq,
    Text,
    _,
    current_principal,
    db,
    elevated,
    emit,
    get,
    note_action,
    now,
    today,
)
from plugins.billing import ledger
from plugins.billing.choices import OPEN_BILLS
from plugins.billing.reckoning.allocation import spread
from plugins.billing.reckoning.amounts import ZERO
from plugins.billing.records import Allocation, Bill, Payment

NUMBERS = NumberRule(
    "billing.payment",
    "number",
    (Text("REC-"), DatePart("%Y%m"), Text("-"), Seq(width=4, reset="month")),
)
RECORDED = _("record_receipt")
SETTLED = _("put %(amount)s of %(number)s on this")


def defaults(payments: Iterable[Any]) -> None:
    """A new payment lies where its client lies; entered by staff that may confirm, it has arrived already."""
    from plugins.clients import Client

    for payment in payments:
        client = payment.client
        if client is None:
            client = db.session.scalars(select(Client).where(Client.id == payment.client_id)).first()
        if client is not None:
            payment.branch_id = payment.branch_id or client.branch_id
            payment.currency = (payment.currency or "CNY").upper()
        if payment.state is None or payment.state == "announced":
            principal = current_principal()
            if principal.realm == "staff" and principal.can("billing.payment", "confirm"):
                _arrived(payment)


def keep_amounts(changes: Iterable[Any]) -> None:
    """Amount, client and currency of money that arrived stay as they are. Raises `Refused`."""
    if db.session().principal.is_system:
        return
    for change in changes:
        if change.record.state != "announced" and {"amount", "client", "currency"} & set(change.new):
            raise Refused(_("This money has arrived. Reverse the payment and enter it anew."), code="arrived")


def _arrived(payment: Any) -> None:
    payment.state = "confirmed"
    payment.confirmed_by_id, payment.confirmed_at = current_principal().user_id, now()
    payment.unallocated = payment.amount


def announce(payments: Iterable[Any]) -> None:
    """Tell others of money that has arrived."""
    for payment in payments:
        if payment.state == "confirmed":
            emit("billing.payment.recorded", {"id": payment.id}, key=f"payment-recorded-{payment.id}")


def can_confirm(payment: Any) -> Any:
    """True, or the reason why not."""
    return True if payment.state == "announced" else _("This payment does not wait for a confirmation.")


def confirm(payment: Payment) -> None:
    """The money is on our account."""
    with elevated(ledger.LEDGER):
        payment = ledger.lock(Payment, [payment.id])[payment.id]
        if payment.state != "announced":
            raise Conflict(_("This payment does not wait for a confirmation."), code="not_waiting")
        _arrived(payment)
        db.session.flush()
        announce([payment])


def has_free_money(payment: Any) -> Any:
    """True, or the reason why nothing can be allocated."""
    if payment.state != "confirmed":
        return _("Only money that has arrived is allocated.")
    return True if payment.unallocated > 0 else _("All of this payment is allocated.")


def allocate(payment: Payment, wanted: Mapping[int, Decimal], key: str) -> list[Allocation]:
    """Put money of a payment on bills (id → amount); official fees of each bill first. Once per `key`.

    Raises `Refused` when the money or a balance does not suffice, `NotFound` for bills that the person may not see.
    """
    for bill_id in wanted:
        get(Bill, bill_id)
    with elevated(ledger.LEDGER):
        payment = ledger.lock(Payment, [payment.id])[payment.id]
        if done := ledger.live_allocations(Allocation.payment_id == payment.id, Allocation.key == key):
            return done
        bills = ledger.lock(Bill, wanted)
        _check_money(payment, wanted)
        made = [row for bill_id in sorted(wanted) for row in _pay(payment, bills[bill_id], wanted[bill_id], key)]
        ledger.refresh_payment(payment)
        return made


def _check_money(payment: Payment, wanted: Mapping[int, Decimal]) -> None:
    if payment.state != "confirmed":
        raise Refused(_("Only money that has arrived is allocated."), code="not_confirmed")
    if any(amount <= 0 for amount in wanted.values()):
        raise Invalid([FieldError("amounts", "positive", _("The amount must be more than zero."))])
    if sum(wanted.values(), ZERO) > payment.unallocated:
        message = _("Only %(amount)s of this payment is free.", amount=payment.unallocated)
        raise Refused(message, code="not_enough")


def _pay(payment: Payment, bill: Bill, amount: Decimal, key: str) -> list[Allocation]:
    if bill.client_id != payment.client_id or bill.currency != payment.currency:
        raise Refused(_("%(bill)s belongs to another client or currency.", bill=bill.number), code="other_client")
    if bill.state not in OPEN_BILLS or amount > bill.balance:
        message = _("%(bill)s: only %(amount)s is open.", bill=bill.number or bill.id, amount=bill.balance)
        raise Refused(message, code="too_much")
    same = payment.confirmed_by_id is not None and payment.confirmed_by_id == bill.issued_by_id
    rows = []
    for share in spread(amount, ledger.open_claims(bill)):
        values = {"line_id": share.claim.line, "part": share.claim.part, "amount": share.amount, "same_person": same}
        row = Allocation(payment_id=payment.id, bill_id=bill.id, key=key, allocated_on=today(), **values)
        db.session.add(row)
        rows.append(row)
    ledger.refresh_bill(bill)
    told = {"amount": f"{amount:,.2f}", "number": payment.number}
    note_action(db.session(), SETTLED.message, bill, changes={"words": told})
    return rows


def unallocate(payment: Payment, reason: str, bill_id: int | None = None) -> Decimal:
    """Take money back from one bill, or from all; what it was is kept. Returns the sum that is free again."""
    with elevated(ledger.LEDGER):
        payment = ledger.lock(Payment, [payment.id])[payment.id]
        chosen = [Allocation.payment_id == payment.id, *([Allocation.bill_id == bill_id] if bill_id else [])]
        rows = ledger.live_allocations(*chosen)
        bills = ledger.lock(Bill, {row.bill_id for row in rows})
        rows = ledger.live_allocations(*chosen)
        for row in rows:
            row.undone_at, row.undo_reason = now(), reason
        for bill in bills.values():
            ledger.refresh_bill(bill)
        ledger.refresh_payment(payment)
        return sum((row.amount for row in rows), ZERO)


def has_allocations(payment: Any) -> Any:
    """True, or the reason why there is nothing to take back."""
    return True if payment.allocated > 0 else _("Nothing of this payment is allocated.")


def can_reverse(payment: Any) -> Any:
    """True, or the reason why not."""
    if payment.state == "reversed":
        return _("This payment is reversed already.")
    return True if not payment.refunded else _("Money of this payment was refunded already.")


def reverse(payment: Payment, reason: str) -> Payment:
    """The money did not arrive after all: it leaves all bills, and the payment counts no more."""
    with elevated(ledger.LEDGER):
        payment = ledger.lock(Payment, [payment.id])[payment.id]
        if payment.state == "reversed":
            return payment
        if payment.refunded:
            raise Refused(_("Money of this payment was refunded already."), code="refunded")
        unallocate(payment, reason)
        payment.state, payment.reverse_reason = "reversed", reason
        ledger.refresh_payment(payment)
        return payment


def record_receipt(
    *,
    amount: Decimal,
    paid_on: date,
    external_key: str,
    source: str,
    bill_id: int | None = None,
    client_id: int | None = None,
    note: str = "",
) -> Payment:
    """Money that another system has seen, recorded once per `external_key` and put on the bill as far as it is open.

    What exceeds the balance stays on the client's account. Without a bill all of it does. Runs with the rights of the
    caller's code, not of a role: whoever calls it answers for the source. Raises `NotFound`, `Refused`, `Invalid`.
    """
    if amount <= 0:
        raise Invalid([FieldError("amount", "positive", _("The amount must be more than zero."))])
    with elevated(f"receipt of money told by {source}"):
        bill = ledger.lock(Bill, [bill_id]).get(bill_id) if bill_id else None
        if (bill_id and bill is None) or not (bill_id or client_id):
            raise NotFound(_("There is no such bill."))
        known = db.session.scalars(select(Payment).where(Payment.external_key == external_key)).first()
        if known is not None:
            return known
        payment = _new_receipt(bill.client_id if bill else client_id, amount, paid_on, external_key, source, note)
        if bill is not None:
            payment.currency, payment.branch_id = bill.currency, bill.branch_id
        db.session.add(payment)
        db.session.flush()
        announce([payment])
        if bill is not None and bill.state in OPEN_BILLS and bill.balance > 0:
            allocate(payment, {bill.id: min(amount, bill.balance)}, f"receipt-{external_key}")
        note_action(db.session(), RECORDED.message, payment, reason=note or None)
        db.session.flush()
        return payment


def _new_receipt(client_id: int | None, amount: Decimal, paid_on: date, key: str, source: str, note: str) -> Payment:
    given = {"external_key": key, "source": source[:40], "note": note or None, "method": "bank"}
    payment = Payment(client_id=client_id, amount=amount, received_on=paid_on, state="confirmed", **given)
    payment.confirmed_at, payment.unallocated = now(), amount
    return payment


def reverse_receipt(external_key: str, reason: str) -> Payment:
    """Undo `record_receipt`; a second time changes nothing. Raises `NotFound` for a key that nobody recorded."""
    with elevated("a receipt of money is taken back by its source"):
        payment = db.session.scalars(select(Payment).where(Payment.external_key == external_key)).first()
        if payment is None:
            raise NotFound(_("No payment carries this key."))
        return reverse(payment, reason)
