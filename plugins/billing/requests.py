"""What needs two persons: refunds and write-offs. One asks, another decides; the amount says who may."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from core import Conflict, FieldError, Invalid, Refused, _, create, current_principal, db, elevated, now
from plugins.billing import ledger
from plugins.billing.choices import OPEN_BILLS
from plugins.billing.records import Bill, Payment, Refund, WriteOff
from plugins.billing.settings import agreed


def complete_refunds(refunds: Iterable[Any]) -> None:
    """A refund lies where its payment lies; not more than is free. Raises `Refused`."""
    for refund in refunds:
        payment = db.session.get(Payment, refund.payment_id)
        if payment is None:
            continue
        refund.client_id, refund.branch_id = payment.client_id, payment.branch_id
        refund.requested_by_id = current_principal().user_id
        if payment.state != "confirmed" or refund.amount > payment.unallocated:
            message = _("Only %(amount)s of this payment is free.", amount=payment.unallocated)
            raise Refused(message, code="not_enough")


def keep_decided(changes: Iterable[Any]) -> None:
    """What was decided is not edited. Raises `Refused`."""
    if db.session().principal.is_system:
        return
    for change in changes:
        if (change.old.get("state") or change.record.state) != "requested":
            raise Refused(_("This was decided already."), code="decided")


def request_refund(payment: Payment, amount: Decimal, reason: str) -> Refund:
    """Ask for a refund of money that is not allocated."""
    return create(Refund, {"payment": payment.id, "amount": amount, "reason": reason})


def is_requested(request: Any) -> Any:
    """True, or the reason why nothing is to be decided."""
    return True if request.state == "requested" else _("This was decided already.")


def _second_person(request: Any) -> None:
    """Raises `Refused` for the one who asked."""
    if request.state != "requested":
        raise Conflict(_("This was decided already."), code="already_decided")
    if request.requested_by_id is not None and request.requested_by_id == current_principal().user_id:
        raise Refused(_("You asked for it yourself; somebody else decides."), code="separation_of_duties")


def _decided(request: Any, state: str, opinion: str | None) -> None:
    request.state, request.opinion = state, opinion
    request.decided_by_id, request.decided_at = current_principal().user_id, now()
    db.session.flush()


def approve_refund(refund: Refund, opinion: str | None) -> Refund:
    """The money goes back; above the small amount a partner decides. Raises `Refused`, `Conflict`."""
    principal = current_principal()
    with elevated(ledger.LEDGER):
        payment = ledger.lock(Payment, [refund.payment_id])[refund.payment_id]
        refund = ledger.lock(Refund, [refund.id])[refund.id]
        _second_person(refund)
        if refund.amount > agreed().small_amount and not principal.has_role("partner"):
            raise Refused(_("Refunds above %(amount)s are approved by a partner.", amount=agreed().small_amount))
        if payment.state != "confirmed" or refund.amount > payment.unallocated:
            message = _("Only %(amount)s of this payment is free.", amount=payment.unallocated)
            raise Refused(message, code="not_enough")
        _decided(refund, "approved", opinion)
        ledger.refresh_payment(payment)
        return refund


def reject(request: Any, opinion: str) -> None:
    """Nothing happens to the money; the request says why."""
    with elevated(ledger.LEDGER):
        request = ledger.lock(type(request), [request.id])[request.id]
        _second_person(request)
        _decided(request, "rejected", opinion)


def can_write_off(bill: Any) -> Any:
    """True, or the reason why not."""
    return True if bill.state in OPEN_BILLS else _("Nothing is owed on this bill.")


def request_write_off(bill: Bill, amount: Decimal | None, reason: str) -> WriteOff:
    """Sign first for giving up a balance (all of it when no amount is named). Raises `Invalid`, `Refused`."""
    if bill.state not in OPEN_BILLS:
        raise Refused(_("Nothing is owed on this bill."), code="nothing_owed")
    asked = bill.balance if amount is None else amount
    if not 0 < asked <= bill.balance:
        message = _("%(bill)s: only %(amount)s is open.", bill=bill.number, amount=bill.balance)
        raise Invalid([FieldError("amount", "too_much", message)])
    values = {"bill": bill.id, "amount": asked, "reason": reason, "requested_by": current_principal().user_id}
    return create(WriteOff, values, allow=tuple(values))


SIGNERS = {
    "small": (frozenset({"finance_head"}), frozenset({"branch_manager", "partner"})),
    "large": (frozenset({"finance_head"}), frozenset({"partner"})),
}
"""Who signs together: one of each group, whoever comes first."""


def sign_write_off(request: WriteOff, opinion: str | None) -> WriteOff:
    """The second signature books it: finance head with branch manager, above the small amount with a partner."""
    with elevated(ledger.LEDGER):
        bill = ledger.lock(Bill, [request.bill_id])[request.bill_id]
        request = ledger.lock(WriteOff, [request.id])[request.id]
        _second_person(request)
        if not _together(request):
            raise Refused(_("The finance head and a partner (up to %(amount)s a branch manager) sign together.",
                            amount=agreed().small_amount), code="separation_of_duties")  # fmt: skip
        if bill.state not in OPEN_BILLS or request.amount > bill.balance:
            message = _("%(bill)s: only %(amount)s is open.", bill=bill.number, amount=bill.balance)
            raise Refused(message, code="too_much")
        _decided(request, "approved", opinion)
        ledger.refresh_bill(bill)
        return request


def _together(request: WriteOff) -> bool:
    from core import load_principal

    first = load_principal(request.requested_by_id) if request.requested_by_id else None
    mine, theirs = current_principal().roles, first.roles if first else frozenset()
    one, other = SIGNERS["small" if request.amount <= agreed().small_amount else "large"]
    return bool((mine & one and theirs & other) or (mine & other and theirs & one))


def can_reverse_write_off(request: Any) -> Any:
    """True, or the reason why not."""
    return True if request.state == "approved" else _("Only what was written off is taken back.")


def reverse_write_off(request: WriteOff, reason: str) -> WriteOff:
    """The debt stands again, for example because the client paid after all."""
    with elevated(ledger.LEDGER):
        bill = ledger.lock(Bill, [request.bill_id])[request.bill_id]
        request = ledger.lock(WriteOff, [request.id])[request.id]
        if request.state != "approved":
            raise Conflict(_("Only what was written off is taken back."), code="not_approved")
        request.state, request.opinion = "reversed", reason
        db.session.flush()
        ledger.refresh_bill(bill)
        return request
