"""Sheets of a book that is carried by hand: documents out, receipts in with a dry run first."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from core import Refused, _, db, elevated, gettext, keep, local, now, record_class
from plugins.billing import record_receipt
from plugins.finance_bridge.drafting import draft_of
from plugins.finance_bridge.drivers.base import Refusal
from plugins.finance_bridge.drivers.files import incoming, outgoing
from plugins.finance_bridge.records import ZERO, Book, Document, Sheet

WHY = "sheets that a person carries to the ledger"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMIT = 20 * 1024 * 1024


def make(book: Book) -> dict[str, Any]:
    """One sheet of all documents that wait; they count as sent. Raises `Refused` when nothing waits."""
    with elevated(WHY):
        query = select(Document).where(Document.book_id == book.id, Document.state == "pending").order_by(Document.id)
        drafts, documents = [], []
        for document in db.session.scalars(query.with_for_update()):
            draft = _draft(document)
            if draft is not None:
                drafts.append(draft)
                documents.append(document)
        if not drafts:
            raise Refused(_("No document waits for a sheet."), code="nothing")
        name = f"{book.name}-{local(now()):%Y%m%d-%H%M%S}.xlsx"
        total = sum((document.amount for document in documents), ZERO)
        sheet = Sheet(name=name, book_id=book.id, branch_id=book.branch_id, direction="out", state="made")
        sheet.matched, sheet.total = len(documents), total
        _attach(sheet, name, outgoing.sheet(book.mode, drafts))
        for document in documents:
            document.state, document.reason, document.sent_at, document.sheet_id = "sent", None, now(), sheet.id
            document.attempts += 1
        return {"url": f"/r/finance_bridge.sheet/{sheet.id}", "id": sheet.id}


def _draft(document: Document) -> Any:
    try:
        return draft_of(document)
    except Refusal as problem:
        document.state, document.reason, document.error = "failed", problem.code, problem.message[:1000]
        return None


def _attach(sheet: Sheet, name: str, content: bytes) -> None:
    """Keep the file with the sheet."""
    db.session.add(sheet)
    db.session.flush()
    sha256, size = keep(BytesIO(content), LIMIT)
    values = {"record_key": "finance_bridge.sheet", "record_id": sheet.id, "filename": name, "sha256": sha256}
    stored = record_class("core.attachment")(**values, size=size, mime=XLSX, revision=1)
    db.session.add(stored)
    db.session.flush()
    sheet.file_id, sheet.sha256 = stored.id, sha256
    db.session.flush()


def posted(sheet: Sheet) -> None:
    """The bookkeeper has taken the sheet in: its documents are confirmed."""
    with elevated(WHY):
        query = select(Document).where(Document.sheet_id == sheet.id, Document.state == "sent")
        for document in db.session.scalars(query.with_for_update()):
            document.state, document.confirmed_at = "confirmed", now()
            document.remote_number = document.external_key
        sheet.state = "posted"


def read_receipts(book: Book, path: Path, filename: str) -> Sheet:
    """The dry run of a sheet of receipts: kept as a sheet that books nothing yet. Raises `Refused` that says why."""
    try:
        rows = incoming.read(path, Path(filename).suffix.lower())
    except incoming.Unreadable as problem:
        raise Refused(_("The sheet needs these columns: %(names)s", names=str(problem)), code="columns") from None
    content = path.read_bytes()
    with elevated(WHY):
        open_still: dict[int, Decimal] = {}
        told = [_told(book, row, open_still) for row in rows]
        sheet = Sheet(name=filename[:200], book_id=book.id, branch_id=book.branch_id, direction="in", state="checked")
        _count(sheet, told)
        _attach(sheet, Path(filename).name[:200], content)
        assert sheet.sha256 == hashlib.sha256(content).hexdigest()
        return sheet


def _count(sheet: Sheet, told: list[dict[str, Any]]) -> None:
    numbers = {name: sum(1 for row in told if row["outcome"] == name) for name in ("matched", "doubled", "known")}
    sheet.matched, sheet.doubled, sheet.known = numbers["matched"], numbers["doubled"], numbers["known"]
    sheet.unmatched = len(told) - sum(numbers.values())
    sheet.total = sum((Decimal(row["amount"]) for row in told if row["outcome"] == "matched"), ZERO)
    sheet.rows = told


def _told(book: Book, row: incoming.Row, open_still: dict[int, Decimal]) -> dict[str, Any]:
    """One line of the dry run: matched, known, doubled or unmatched with its reason.

    `open_still` keeps what lines above leave open of each bill.
    """
    line = {"row": row.number, "receipt": row.receipt, "bill": row.bill, "payer": row.payer, "bill_id": None}
    line |= {"amount": f"{row.amount or ZERO:.2f}", "day": row.day.isoformat() if row.day else ""}
    line |= {"key": f"sheet-{book.id}-{row.key}"[:160], "outcome": "unmatched", "reason": ""}
    if row.problem == "doubled":
        return line | {"outcome": "doubled", "reason": gettext("stands in the sheet twice")}
    if row.problem:
        return line | {"reason": gettext("bill number, amount or date is missing or cannot be read")}
    bill, reason = _bill_of(book, row)
    line["bill_id"] = bill.id if bill is not None else None
    if _is_known(line["key"]):
        return line | {"outcome": "known", "reason": gettext("booked before")}
    if bill is not None and not reason:
        rest = open_still.get(bill.id, bill.balance)
        if row.amount > rest:
            reason = gettext("only %(amount)s is open", amount=rest)
        else:
            open_still[bill.id] = rest - row.amount
    return line | {"outcome": "unmatched" if reason else "matched", "reason": reason}


def _bill_of(book: Book, row: incoming.Row) -> tuple[Any, str]:
    bill = record_class("billing.bill")
    keys = select(Document.bill_id).where(Document.external_key == row.bill, Document.sign == "normal")
    query = select(bill).where(or_(bill.number == row.bill, bill.id.in_(keys)))
    if book.branch_id:
        query = query.where(bill.branch_id == book.branch_id)
    found = db.session.scalars(query).first()
    if found is None:
        return None, gettext("no bill of this number")
    if found.state not in ("issued", "part_paid"):
        return found, gettext("this bill is not open")
    if (row.amount or ZERO) <= 0:
        return found, gettext("the amount is not more than zero")
    return found, ""


def _is_known(key: str) -> bool:
    payment = record_class("billing.payment")
    return db.session.scalar(select(payment.id).where(payment.external_key == key)) is not None


def book(sheet: Sheet) -> dict[str, Any]:
    """Book what matched; each receipt once, however often its sheet comes."""
    booked = 0
    with elevated(WHY):
        for row in sheet.rows or []:
            if row["outcome"] == "matched" and not _is_known(row["key"]):
                record_receipt(
                    bill_id=row["bill_id"],
                    amount=Decimal(row["amount"]),
                    paid_on=date.fromisoformat(row["day"]),
                    external_key=row["key"],
                    source="sheet",
                    note=f"{sheet.name} {row['receipt']}".strip(),
                )
                booked += 1
        sheet.state = "booked"
    return {"message": gettext("%(n)s receipts booked", n=booked)}
