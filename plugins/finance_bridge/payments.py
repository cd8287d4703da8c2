"""What was received over there comes back: bills are settled exactly once, reversals and differences are told.

The ledger tells how much was received in all. What is more than was booked from it becomes one more receipt; what is
less takes receipts back. Payments that people entered by hand are never overwritten: a difference waits for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from core import Refused, db, gettext, notify, now, record_class, system, today
from plugins.billing import record_receipt, reverse_receipt
from plugins.finance_bridge.drivers.base import Fault, Remote
from plugins.finance_bridge.reaching import driver_of, heard, reach_of
from plugins.finance_bridge.records import ZERO, Book, Document
from plugins.finance_bridge.rights import people

log = logging.getLogger("zhian.finance")

OVERLAP = timedelta(minutes=10)
"""The ledger is asked again for what changed just before the cursor: clocks differ, commits come late."""
WHY = "payments told by the ledger"


def poll_all() -> dict[str, int]:
    """Ask every active book that can tell; how many documents changed."""
    with system(WHY) as session:
        books = list(session.scalars(select(Book.id).where(Book.state == "active", Book.mode == "receivable")))
    return {"changed": sum(poll(book) for book in books)}


def poll(book_id: int) -> int:
    """Read what changed since the cursor; it moves on when all of it was taken in. How many documents changed."""
    reach = reach_of(book_id)
    if not reach.ready or reach.kind != "kingdee" or reach.mode != "receivable":
        return 0
    with system(WHY) as session:
        cursor = session.scalar(select(Book.cursor).where(Book.id == book_id)) or ""
    try:
        with driver_of(reach) as driver:
            found = list(driver.payment_states(before(cursor)))
    except Fault as fault:
        heard(reach.connection_id, fault)
        return 0
    heard(reach.connection_id)
    changed, broken = take_in_all(found)
    values: dict[str, Any] = {"polled_at": now()}
    if not broken:
        values["cursor"] = max([cursor, *(r.modified for r in found if is_stamp(r.modified))]) or None
    with system(WHY) as session:  # by a statement: two polls at once both keep theirs, the overlap makes up for it
        statement = update(Book).where(Book.id == book_id).values(values)
        session.execute(statement.execution_options(synchronize_session=False))
    return changed


def take_in_all(found: Iterable[Remote]) -> tuple[int, int]:
    """Each in a transaction of its own, so that one that breaks does not hold up the others: changed, broken."""
    changed = broken = 0
    for remote in found:
        try:
            changed += take_in(remote)
        except Exception:
            log.exception("what the ledger says of %s could not be taken in", remote.key)
            broken += 1
    return changed, broken


def before(cursor: str) -> str:
    """The cursor less the overlap, in the ledger's own clock and as its filter wants it; empty for none."""
    return f"{datetime.fromisoformat(cursor) - OVERLAP:%Y-%m-%d %H:%M:%S}" if is_stamp(cursor) else ""


def is_stamp(text: str) -> bool:
    """Whether the ledger's word for a moment is one."""
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def take_in(remote: Remote) -> bool:
    """Keep what the ledger says of one document, and settle its bill; whether anything was new."""
    with system(WHY) as session:
        query = select(Document).where(Document.external_key == remote.key).with_for_update()
        document = session.scalars(query).first()
        if document is None or document.state not in ("confirmed", "held") or document.sign == "red":
            return False
        same = (document.payment, document.remote_paid, document.remote_state, document.remote_modified)
        told = (remote.payment, remote.paid, remote.state or None, remote.modified or None)
        if same == told and document.difference is None:
            return False
        untouched = document.payment == remote.payment == "none"
        document.payment, document.remote_paid = remote.payment, remote.paid
        document.remote_state, document.remote_modified = remote.state or None, remote.modified or None
        settle(document, cancelled=remote.cancelled, untouched=untouched)
        return True


def received(document: Document) -> Decimal | None:
    """How much was received over there by state and amount; None when the two contradict each other."""
    total, paid = abs(document.amount), document.remote_paid
    if document.payment == "full":
        return total if paid in (ZERO, total) else None
    if document.payment == "part":
        return paid if ZERO < paid < total else None
    return ZERO if paid == ZERO else None


def settle(document: Document, *, cancelled: bool = False, untouched: bool = False) -> None:
    """Book what is new, take back what is gone, or note the difference. In the caller's transaction, as the system.

    `untouched`: nothing was received over there yet, so that a payment entered here by hand is merely ahead of it.
    """
    bill = _bill(document.bill_id)
    target = received(document)
    by_hand = bill.paid - document.booked
    open_in_all = bill.total - bill.credited - bill.written_off
    if cancelled and bill.state != "void":
        return _differ(document, "cancelled")
    if target is None or document.amount <= 0:
        return _differ(document, "odd") if target is None else None
    if bill.state == "void" and target:
        return _differ(document, "more")
    if target == document.left_alone:
        document.difference = None
        return None
    if by_hand != document.accepted and target != bill.paid:
        return None if untouched else _differ(document, "by_hand")
    if by_hand != document.accepted:
        document.difference = None
        return None
    wanted = min(target, open_in_all) - document.accepted
    if target > open_in_all and target - open_in_all != bill.credited:
        return _differ(document, "more")
    document.difference = None
    return _book(document, max(wanted, ZERO))


def _bill(ident: int) -> Any:
    """The bill, locked as billing locks it: nobody moves money on it meanwhile."""
    bill = record_class("billing.bill")
    query = select(bill).where(bill.id == ident).with_for_update()
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def _book(document: Document, wanted: Decimal) -> None:
    if wanted < document.booked:
        _take_back(document, wanted)
    if wanted > document.booked and document.difference is None:
        _receive(document, wanted - document.booked)


def _receive(document: Document, amount: Decimal) -> None:
    """One more receipt. Its number is kept with the document in the same transaction, so that it is booked once."""
    document.receipt_count += 1
    key = f"{document.external_key}#{document.receipt_count}"
    note = gettext("Told by the ledger: %(number)s", number=document.remote_number or document.external_key)
    record_receipt(
        bill_id=document.bill_id,
        amount=amount,
        paid_on=changed_on(document.remote_modified),
        external_key=key,
        source=document.book.connection.kind,
        note=note,
    )
    document.receipts = [*(document.receipts or []), {"key": key, "amount": str(amount)}]
    document.booked += amount


def _take_back(document: Document, wanted: Decimal) -> None:
    """The ledger has less than before: take our receipts back, the last first, and tell a person."""
    kept = list(document.receipts or [])
    reason = gettext("Taken back in the ledger: %(number)s", number=document.remote_number or document.external_key)
    was = document.booked
    while kept and document.booked > wanted:
        last = kept[-1]
        try:
            reverse_receipt(last["key"], reason)
        except Refused:
            return _differ(document, "cannot_reverse")
        kept.pop()
        document.booked -= Decimal(last["amount"])
    document.receipts = kept
    subject = gettext(
        "%(key)s: received in the ledger fell from %(was)s to %(now)s", key=document.external_key, was=was, now=wanted
    )
    key = f"finance-reversed-{document.id}-{document.receipt_count}-{wanted}"
    notify(people(document.branch_id), subject, severity="urgent", record=document, key=key)
    return None


def changed_on(modified: str | None) -> date:
    """The day of the ledger's own stamp; today without one."""
    try:
        return datetime.fromisoformat(modified or "").date()
    except ValueError:
        return today()


def _differ(document: Document, what: str) -> None:
    """Keep the difference, and tell finance of it once."""
    if document.difference == what:
        return
    document.difference = what
    subject = gettext("%(key)s: payments here and in the ledger differ", key=document.external_key)
    key = f"finance-differs-{document.id}-{what}-{document.remote_paid}-{document.receipt_count}"
    notify(people(document.branch_id), subject, severity="warning", record=document, key=key)


def take_theirs(document: Document) -> None:
    """A person decides: what was entered by hand is part of the ledger's sum; only the rest is booked."""
    bill = _bill(document.bill_id)
    target = received(document)
    if target is None:
        raise Refused(gettext("State and amount in the ledger contradict each other; mend it there first."))
    by_hand = bill.paid - document.booked
    if target < by_hand:
        message = gettext("More was entered by hand here than the ledger has. Take a payment back here instead.")
        raise Refused(message, code="by_hand")
    document.accepted, document.left_alone, document.difference = by_hand, None, None
    settle(document)


def leave_alone(document: Document) -> None:
    """A person decides: our figure stands; the ledger's is not asked about again until it changes."""
    document.left_alone, document.difference = received(document), None
