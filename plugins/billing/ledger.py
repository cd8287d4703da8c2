"""Where money stands: locks, open parts of bills, and the sums that bills and payments keep. Decides nothing.

Every change of money goes through the same three steps: lock payments, then bills, each in the order of their ids;
change allocations, refunds or write-offs; count the sums anew from the rows. All of it runs under `elevated()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import func, select, update

from core import db, today
from plugins.billing.bill import TOTALS
from plugins.billing.reckoning.ageing import bucket
from plugins.billing.reckoning.allocation import ORDER, Claim
from plugins.billing.reckoning.amounts import ZERO, Line, balance, totals
from plugins.billing.records import Allocation, Bill, BillLine, Payment, Refund, WriteOff

R = TypeVar("R")
LEDGER = "sums of money follow what was allocated, refunded and written off"


def lock(model: type[R], ids: Iterable[int]) -> dict[int, R]:
    """The rows as they are now, held until the transaction ends; in order of ids, so that nobody waits in a ring."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    query = select(model).where(model.id.in_(wanted)).order_by(model.id).with_for_update()  # type: ignore[attr-defined]
    rows = db.session.scalars(query, execution_options={"populate_existing": True})
    return {row.id: row for row in rows}


def lines_of(bill_id: int) -> list[BillLine]:
    """The lines of a bill in their order."""
    query = select(BillLine).where(BillLine.bill_id == bill_id).order_by(BillLine.position, BillLine.id)
    return list(db.session.scalars(query))


def live_allocations(*conditions: Any) -> list[Allocation]:
    """Allocations that hold money."""
    query = select(Allocation).where(Allocation.undone_at.is_(None), Allocation.amount > 0, *conditions)
    return list(db.session.scalars(query.order_by(Allocation.id)))


def amounts(line: Any) -> dict[str, Decimal]:
    """The parts of a line by name."""
    return {part: getattr(line, f"{part}_amount") or ZERO for part in ORDER}


def open_claims(bill: Bill) -> list[Claim]:
    """What is still open of each part of each line, after allocations and credit notes."""
    left = {(line.id, part): amount for line in lines_of(bill.id) for part, amount in amounts(line).items()}
    for row in live_allocations(Allocation.bill_id == bill.id):
        left[row.line_id, row.part] -= row.amount
    for line in _credit_lines(bill.id):
        for part, amount in amounts(line).items():
            left[line.corrects_id, part] += amount
    return [Claim(bill.id, line, part, max(amount, ZERO)) for (line, part), amount in left.items()]


def _credit_lines(bill_id: int) -> list[BillLine]:
    """Lines of issued credit notes of a bill; their amounts are negative."""
    query = (
        select(BillLine)
        .join(Bill, Bill.id == BillLine.bill_id)
        .where(Bill.corrects_id == bill_id, Bill.kind == "credit_note", Bill.state.in_(("issued", "paid")))
    )
    return list(db.session.scalars(query))


def creditable(bill_id: int) -> dict[tuple[int, str], Decimal]:
    """How much of each part of each line no credit note has taken back yet."""
    left = {(line.id, part): amount for line in lines_of(bill_id) for part, amount in amounts(line).items()}
    for line in _credit_lines(bill_id):
        for part, amount in amounts(line).items():
            left[line.corrects_id, part] += amount
    return left


def total_up(bill: Any, lines: Iterable[Any]) -> None:
    """The sums of a draft's lines."""
    foot = totals(
        Line(line.official_amount, line.service_amount, line.disbursement_amount, line.tax_rate) for line in lines
    )
    bill.official_total, bill.service_total, bill.disbursement_total = foot.official, foot.service, foot.disbursement
    bill.tax_total, bill.total = foot.tax, foot.total


def recount(bill_id: int) -> None:
    """The sums of a draft from its lines, by a statement, so that hooks may ask for it."""
    sums = Bill()
    total_up(sums, lines_of(bill_id))
    change = update(Bill).where(Bill.id == bill_id, Bill.state == "draft")
    change = change.values(**{name: getattr(sums, name) for name in TOTALS}, version=Bill.version + 1)
    db.session.execute(change, execution_options={"synchronize_session": False})
    for held in list(db.session().identity_map.values()):
        if isinstance(held, Bill) and held.id == bill_id:
            db.session.expire(held)


def refresh_bill(bill: Bill) -> None:
    """Paid, credited, written off, balance and status from the rows that say so."""
    bill.paid = _sum(Allocation.amount, Allocation.bill_id == bill.id, Allocation.undone_at.is_(None))
    bill.credited = -_sum(Bill.total, Bill.corrects_id == bill.id, Bill.kind == "credit_note", Bill.state == "paid")
    bill.written_off = _sum(WriteOff.amount, WriteOff.bill_id == bill.id, WriteOff.state == "approved")
    bill.balance = balance(bill.total, bill.paid, bill.credited, bill.written_off)
    if bill.balance > 0:
        bill.state = "part_paid" if bill.paid or bill.credited else "issued"
    else:
        bill.state = "written_off" if bill.written_off else "paid"


def refresh_payment(payment: Payment) -> None:
    """Allocated, refunded and what is left, from the rows that say so."""
    payment.allocated = _sum(Allocation.amount, Allocation.payment_id == payment.id, Allocation.undone_at.is_(None))
    payment.refunded = _sum(Refund.amount, Refund.payment_id == payment.id, Refund.state == "approved")
    free = payment.amount - payment.allocated - payment.refunded
    payment.unallocated = free if payment.state == "confirmed" else ZERO


def _sum(column: Any, *conditions: Any) -> Decimal:
    db.session.flush()
    return db.session.scalar(select(func.sum(column)).where(*conditions)) or ZERO


def is_overdue(state: str, due_on: Any, owed: Decimal) -> bool:
    """Whether a bill is awaited past its due day."""
    return state in ("issued", "part_paid") and due_on is not None and owed > 0 and due_on < today()


def bill_state(bill: Bill) -> str:
    """The status as people read it: `overdue` where a bill is awaited past its due day, else the stored one."""
    return "overdue" if is_overdue(bill.state, bill.due_on, bill.balance) else bill.state


def bucket_of(due_on: Any) -> str:
    """The column of the ageing table on the day of today."""
    return bucket(due_on or today(), today())
