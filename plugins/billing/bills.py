"""What happens to a bill: totals of a draft, issuing with its number, voiding, credit notes. Money is in `receipts`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import (
    Change,
    Conflict,
    DatePart,
    FieldError,
    Invalid,
    NumberRule,
    Refused,
    Seq,
    Text,
    _,
    create,
    current_principal,
    db,
    elevated,
    emit,
    number_records,
    today,
)
from plugins.billing import ledger
from plugins.billing.reckoning.allocation import ORDER, release
from plugins.billing.reckoning.amounts import ZERO
from plugins.billing.reckoning.prices import foreign_cost
from plugins.billing.records import Allocation, Bill, BillLine, Payment, PriceItem
from plugins.billing.settings import agreed

NUMBERS = NumberRule(
    "billing.bill",
    "number",
    (Text("BIL-"), DatePart("%Y%m"), Text("-"), Seq(width=4, reset="month")),
    when=lambda bill: bill.state != "draft",
)
"""Drawn when a bill is issued, in its transaction: no number is lost, whatever happens to drafts."""

EDITABLE_AFTER = frozenset({"reference", "remark", "cost", "department", "reminded_on", "reminders"})
"""What may change on an issued bill besides its money: nothing that the client was told."""
WHY = "issuing a bill settles what it corrects"


def defaults(bills: Iterable[Any]) -> None:
    """A new bill lies where its client lies."""
    for bill in bills:
        client = bill.client or _client(bill.client_id)
        if client is None:
            continue
        bill.branch_id = bill.branch_id or client.branch_id
        bill.department_id = bill.department_id or client.department_id
        bill.currency = (bill.currency or "CNY").upper()
        bill.title = bill.title or str(_("Fees of %(client)s", client=client.name))[:300]


def _client(ident: int | None) -> Any:
    from plugins.clients import Client

    return db.session.scalars(select(Client).where(Client.id == ident)).first() if ident else None


def keep_issued(changes: Iterable[Change]) -> None:
    """An issued bill is never edited; corrections are credit notes. Raises `Refused`."""
    if db.session().principal.is_system:
        return
    for change in changes:
        bill = change.record
        if (change.old.get("state") or bill.state) != "draft" and not EDITABLE_AFTER.issuperset(change.new):
            raise Refused(_("An issued bill is not changed. Make a credit note."), code="issued")


def keep_issued_lines(lines: Iterable[Any]) -> None:
    """Lines are written only while their bill is a draft. Raises `Refused`."""
    ids = {line.bill_id for line in lines if line.bill_id}
    with elevated("look whether bills are drafts"):
        states = select(Bill.id).where(Bill.id.in_(ids), Bill.state != "draft")
        if ids and db.session.scalar(states.limit(1)) is not None:
            raise Refused(_("An issued bill is not changed. Make a credit note."), code="issued")


def check_lines(lines: Iterable[Any]) -> None:
    """Amounts of bills are not negative, those of credit notes not positive. Raises `Refused`."""
    for line in lines:
        values = ledger.amounts(line).values()
        wrong = any(v > 0 for v in values) if getattr(line, "corrects_id", None) else any(v < 0 for v in values)
        if wrong:
            raise Refused(_("Amounts of a bill are not negative; a credit note takes amounts back."), code="sign")


def follow_lines(lines: Iterable[Any]) -> None:
    """The sums of drafts follow their lines."""
    with elevated("sums of a draft follow its lines"):
        for bill_id in sorted({line.bill_id for line in lines if line.bill_id}):
            ledger.recount(bill_id)


def is_draft(bill: Any) -> Any:
    """True, or the reason why it is no draft."""
    return True if bill.state == "draft" else _("This bill is issued already.")


def issue(bill: Bill, due_on: Any = None) -> Bill:
    """Number a draft and let it count; a credit note settles what it corrects at once. Raises `Refused`, `Conflict`."""
    with elevated(WHY):
        bill = ledger.lock(Bill, [bill.id])[bill.id]
        if bill.state != "draft":
            raise Conflict(_("This bill is issued already: %(number)s.", number=bill.number), code="already_issued")
        lines = ledger.lines_of(bill.id)
        if not lines:
            raise Refused(_("A bill without lines is not issued."), code="empty")
        ledger.total_up(bill, lines)
        bill.issued_on, bill.issued_by_id = today(), current_principal().user_id
        bill.due_on = due_on or bill.due_on or today() + timedelta(days=agreed().due_days)
        if bill.kind == "credit_note":
            _credit(bill, lines)
        else:
            if bill.total < 0:
                raise Refused(_("The sum of a bill is not negative."), code="sign")
            bill.state = "issued"
            ledger.refresh_bill(bill)
        number_records(db.session(), [NUMBERS], [bill])
        db.session.flush()
        emit("billing.bill.issued", {"id": bill.id}, key=f"bill-issued-{bill.id}")
    return bill


def _credit(note: Bill, lines: list[BillLine]) -> None:
    """Take amounts back from the bill that is corrected; what was paid for them becomes free on the payments."""
    original = ledger.lock(Bill, [note.corrects_id or 0]).get(note.corrects_id or 0)
    if original is None or original.state in ("draft", "void"):
        raise Refused(_("The bill that this note corrects is not in force."), code="not_in_force")
    left = ledger.creditable(original.id)
    for line in lines:
        for part, amount in ledger.amounts(line).items():
            if amount and -amount > left.get((line.corrects_id, part), ZERO):
                raise Refused(_("“%(line)s”: more than was billed.", line=line.description), code="too_much")
    note.state = "paid"
    note.balance = ZERO
    db.session.flush()
    _release_excess(original)
    ledger.refresh_bill(original)
    if original.balance < 0:
        raise Refused(_("What was written off is not credited again; reverse the write-off first."), code="written_off")


def _release_excess(original: Bill) -> None:
    """Money allocated to parts that are no longer owed goes back to its payments."""
    held: dict[tuple[int, str], list[Allocation]] = {}
    for row in ledger.live_allocations(Allocation.bill_id == original.id):
        held.setdefault((row.line_id, row.part), []).append(row)
    owed = ledger.creditable(original.id)
    payments: set[int] = set()
    for (line, part), rows in held.items():
        excess = sum((r.amount for r in rows), ZERO) - owed[line, part]
        if excess > 0:
            by_id = {r.id: r for r in rows}
            for ident, back in release(excess, [(r.id, r.part, r.line_id, r.amount) for r in rows]):
                by_id[ident].amount -= back
                by_id[ident].undo_reason = str(_("Credited by a credit note"))
                payments.add(by_id[ident].payment_id)
    for payment in ledger.lock(Payment, payments).values():
        ledger.refresh_payment(payment)


def void(bill: Bill, reason: str) -> Bill:
    """Take an issued bill out of force as long as no money is on it; a draft needs no number and is simply void."""
    with elevated(WHY):
        bill = ledger.lock(Bill, [bill.id])[bill.id]
        if bill.state == "void":
            raise Conflict(_("This bill is void already."), code="already_void")
        if bill.paid or bill.credited or bill.written_off or (bill.kind == "credit_note" and bill.state != "draft"):
            raise Refused(_("Money is booked on this bill. Take it back first, or make a credit note."), code="booked")
        was_issued = bill.state != "draft"
        bill.state, bill.void_reason, bill.balance = "void", reason, ZERO
        db.session.flush()
        if was_issued:
            emit("billing.bill.voided", {"id": bill.id}, key=f"bill-voided-{bill.id}")
    return bill


def add_item(bill: Bill, item_id: int, quantity: Any, *, rush: bool = False) -> None:
    """A service of the price list on a draft: counted on its case, or the stated quantity."""
    from plugins.billing.drafting import rush_line
    from plugins.billing.pricing import Matter, fee_table, line_of, matter_of
    from plugins.billing.reckoning.official import Subject
    from plugins.cases import Case

    item = db.session.scalars(select(PriceItem).where(PriceItem.id == item_id)).one()
    client, case = _client(bill.client_id), db.session.get(Case, bill.case_id) if bill.case_id else None
    tier = client.tier if client is not None else None
    matter = matter_of(case, tier=tier) if case is not None else Matter(Subject(), tier)
    line = line_of(item, matter, fee_table(), quantity)
    position = len(ledger.lines_of(bill.id))
    for offset, values in enumerate([line, rush_line(line)] if rush else [line], 1):
        values |= {"bill": bill.id, "case": bill.case_id, "position": position + offset}
        create(BillLine, values, allow=("list_price", "price_percent", "note"))


def add_cost(bill: Bill, what: str, invoice: Decimal, currency: str | None, rate: Decimal | None) -> None:
    """What somebody else charges for the client's matter, as a disbursement: foreign money at the day's rate with the
    reserve for exchange differences. Raises `Invalid` without a rate."""
    currency = (currency or "CNY").upper()
    if currency != "CNY" and not (rate and rate > 0):
        raise Invalid([FieldError("rate", "required", _("Give the exchange rate of the day."))])
    amount = invoice if currency == "CNY" else foreign_cost(agreed().prices, invoice, rate or Decimal(1))
    told = what if currency == "CNY" else f"{what} ({currency} {invoice:,.2f} × {rate:f})"
    values = {"bill": bill.id, "case": bill.case_id, "position": len(ledger.lines_of(bill.id)) + 1}
    create(BillLine, values | {"description": told, "disbursement_amount": amount})


def can_void(bill: Any) -> Any:
    """True, or the reason why not."""
    if bill.state in ("draft", "void"):
        return _("Only issued bills are made void.")
    if bill.paid or bill.credited or bill.written_off or (bill.kind == "credit_note" and bill.state != "draft"):
        return _("Money is booked on this bill. Take it back first, or make a credit note.")
    return True


def can_credit(bill: Any) -> Any:
    """True, or the reason why there is nothing to credit."""
    if bill.kind == "credit_note" or bill.state in ("draft", "void"):
        return _("Only issued bills are corrected by a credit note.")
    return True if bill.credited < bill.total else _("The whole bill is credited already.")


def credit_note(bill: Bill, reason: str) -> dict[str, Any]:
    """A draft that takes back everything still creditable; people reduce it to what they mean and issue it."""
    left = ledger.creditable(bill.id)
    values = {"client": bill.client_id, "case": bill.case_id, "title": f"{reason}"[:300], "remark": reason}
    given = {"kind": "credit_note", "corrects": bill.id, "source": "credit"}
    note = create(Bill, values | given | {"currency": bill.currency}, allow=("kind", "corrects", "source"))
    for line in ledger.lines_of(bill.id):
        amounts = {part: left[line.id, part] for part in ORDER}
        if any(amounts.values()):
            create(BillLine, _credit_line(note.id, line, amounts), allow=("corrects",))
    return {"url": f"/r/billing.bill/{note.id}", "id": note.id}


def _credit_line(note_id: int, line: BillLine, amounts: dict[str, Any]) -> dict[str, Any]:
    kept = ("position", "description", "description_en", "quantity", "unit", "tax_rate")
    copied = {name: getattr(line, name) for name in kept}
    taken = {f"{part}_amount": -amount for part, amount in amounts.items()}
    return copied | taken | {"bill": note_id, "corrects": line.id, "case": line.case_id, "item": line.item_id}
