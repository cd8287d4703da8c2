"""What the pages of bills, payments, quotations, clients and cases show of money; with the person's own rights."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select

from core import current_locale, current_principal, db, labels
from plugins.billing import ledger, quoting
from plugins.billing.choices import BILL_STATES, OPEN_BILLS, UNITS
from plugins.billing.coins import advances_of, by_currency
from plugins.billing.reckoning.allocation import OpenBill, suggest
from plugins.billing.reckoning.amounts import ZERO
from plugins.billing.records import Allocation, Bill, BillLine, Payment

SHOWN = 30
STATES = {choice.code: choice for choice in BILL_STATES}
UNIT_WORDS = {choice.code: choice.label for choice in UNITS}


def may_read() -> bool:
    """Whether the person sees any bill at all."""
    return current_principal().can("billing.bill", "read")


class Part(NamedTuple):
    """A piece of a bar: what it is, how much, where it begins and how wide it is in per cent."""

    key: str
    amount: Decimal
    start: str
    width: str


def bar(whole: Decimal, **parts: Decimal) -> list[Part]:
    """Pieces of a balance bar, one after the other."""
    made, start = [], ZERO
    for key, amount in parts.items() if whole > 0 else ():
        if amount > 0:
            width = amount * 100 / whole
            made.append(Part(key, amount, f"{start:.2f}", f"{width:.2f}"))
            start += width
    return made


def lines(rows: list[Any]) -> list[dict[str, Any]]:
    """Lines as the tables of bills and quotations show them."""
    english = current_locale() == "en"
    cases = labels("cases.case", [i for r in rows if (i := getattr(r, "case_id", None))])
    return [
        {
            "name": (row.description_en or row.description) if english else row.description,
            "quantity": f"{row.quantity.normalize():f}",
            "unit": str(UNIT_WORDS.get(row.unit, "")),
            "row": row,
            "note": row.note,
            "case": (row.case_id, cases[row.case_id]) if getattr(row, "case_id", None) in cases else None,
        }
        for row in rows
    ]


def bill_head(bill: Bill) -> dict[str, Any]:
    """Figures, balance bar and lines of a bill."""
    parts = {"paid": bill.paid, "credited": bill.credited, "written_off": bill.written_off, "open": bill.balance}
    rows = ledger.lines_of(bill.id)
    return {
        "bill": bill,
        "overdue": ledger.bill_state(bill) == "overdue",
        "bar": bar(bill.total, **parts) if bill.state not in ("draft", "void") else [],
        "lines": lines(rows),
        "disbursed": any(row.disbursement_amount for row in rows),
        "one_case": bill.case_id is not None,
    }


def bill_payments(bill: Bill) -> dict[str, Any]:
    """The money on a bill, by payment and part; what was taken back is struck out."""
    rows = db.session.execute(
        select(Allocation, Payment.number, Payment.received_on)
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(Allocation.bill_id == bill.id)
        .order_by(Allocation.id)
    ).all()
    notes = db.session.scalars(select(Bill).where(Bill.corrects_id == bill.id, Bill.state != "void"))
    return {"rows": rows, "notes": list(notes), "currency": bill.currency}


def count_payments(bill: Bill) -> int:
    """How many payments are on a bill."""
    chosen = select(func.count(func.distinct(Allocation.payment_id))).where(Allocation.bill_id == bill.id)
    return db.session.scalar(chosen.where(Allocation.undone_at.is_(None))) or 0


def payment_head(payment: Payment) -> dict[str, Any]:
    """Figures and bar of a payment, and the bills that it most likely pays."""
    parts = {"allocated": payment.allocated, "refunded": payment.refunded, "free": payment.unallocated}
    rows = suggestions(payment) if payment.state == "confirmed" and payment.unallocated > 0 else []
    may = current_principal().can("billing.payment", "allocate")
    return {"payment": payment, "bar": bar(payment.amount, **parts), "suggested": rows, "may_allocate": may}


def suggestions(payment: Payment) -> list[tuple[Bill, Decimal | None]]:
    """The open bills of the client with what the free money most likely pays of each; suggested ones first."""
    chosen = select(Bill).where(Bill.client_id == payment.client_id, Bill.state.in_(OPEN_BILLS), Bill.balance > 0)
    bills = list(db.session.scalars(chosen.where(Bill.currency == payment.currency).order_by(Bill.due_on, Bill.id)))
    told = f"{payment.reference or ''} {payment.note or ''}"
    named = [bill.id for bill in bills if bill.number and bill.number in told]
    found = suggest(payment.unallocated, (OpenBill(b.id, b.due_on, b.balance) for b in bills), named)
    return sorted(((b, found.get(b.id)) for b in bills), key=lambda pair: (pair[1] is None, pair[0].due_on))


def quotation_head(quotation: Any) -> dict[str, Any]:
    """Figures and lines of a quotation."""
    rows = quoting.lines_of(quotation.id)
    return {
        "quotation": quotation,
        "expired": quoting.is_expired(quotation),
        "lines": lines(rows),
        "disbursed": any(row.disbursement_amount for row in rows),
    }


def of_client(client: Any) -> dict[str, Any]:
    """The bills of a client, open ones first, and what it has paid in advance."""
    return _table(Bill.client_id == client.id) | {
        "client": client,
        "advance": advances_of(client.id) if current_principal().can("billing.payment", "read") else None,
        "more": f"/r/billing.bill?view=-&client={client.id}",
    }


def of_case(case: Any) -> dict[str, Any]:
    """The bills on which a case has lines."""
    return _table(_on_case(case.id)) | {"case": case, "more": f"/r/billing.bill?view=-&case={case.id}"}


def _on_case(case_id: int) -> Any:
    return or_(Bill.case_id == case_id, Bill.id.in_(select(BillLine.bill_id).where(BillLine.case_id == case_id)))


def _table(condition: Any) -> dict[str, Any]:
    order = (Bill.state.in_(OPEN_BILLS).desc(), Bill.id.desc())
    rows = list(db.session.scalars(select(Bill).where(condition, Bill.state != "void").order_by(*order).limit(SHOWN)))
    owed = by_currency(select(Bill.currency, Bill.balance).where(condition, Bill.state.in_(OPEN_BILLS)))
    return {"rows": [(row, ledger.bill_state(row)) for row in rows], "owed": owed, "states": STATES}


def count_of_client(client: Any) -> int:
    """How many bills a client has."""
    return _count(Bill.client_id == client.id)


def count_of_case(case: Any) -> int:
    """On how many bills a case stands."""
    return _count(_on_case(case.id))


def _count(condition: Any) -> int:
    return db.session.scalar(select(func.count(Bill.id)).where(condition, Bill.state != "void")) or 0
