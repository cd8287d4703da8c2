"""The daily comparison of bills, documents and ledger; each difference with its amounts. Books payments on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from core import db, gettext, notify, record_class, report_progress, system, today
from plugins.finance_bridge.drivers.base import Fault, Remote
from plugins.finance_bridge.payments import received, take_in_all
from plugins.finance_bridge.reaching import Reach, driver_of, heard, reach_of
from plugins.finance_bridge.records import ZERO, Book, Document, Reconciliation
from plugins.finance_bridge.rights import people

RECONCILE = "finance_bridge.reconcile"
REACH_BACK = timedelta(days=92)
"""Bills issued longer ago are not compared every day."""
WHY = "daily comparison with the ledger"


def reconcile(book_id: int | None = None) -> dict[str, int]:
    """Compare one book, or all active ones; how many differences each has."""
    with system(WHY) as session:
        chosen = Book.id == book_id if book_id else Book.state == "active"
        books = list(session.scalars(select(Book.id).where(chosen).order_by(Book.id)))
    found = {}
    for done, ident in enumerate(books, 1):
        found[str(ident)] = compare(ident)
        report_progress(done, len(books))
    return found


def compare(book_id: int) -> int:
    """The report of today for one book, made or made anew; how many differences."""
    reach = reach_of(book_id)
    with system(WHY) as session:
        book = session.scalars(select(Book).where(Book.id == book_id)).one()
        since = max(book.start_on, today() - REACH_BACK)
    remote = _remote(reach, since)
    if remote is not None:
        take_in_all(remote)
    with system(WHY) as session:
        book = session.scalars(select(Book).where(Book.id == book_id)).one()
        bills, documents = _bills(book, since), _documents(book, since)
        rows = differences(bills, documents, remote)
        return _keep(session, book, since, bills, documents, remote, rows)


def _remote(reach: Reach, since: date) -> list[Remote] | None:
    """What the ledger has of these days, under our keys; None when it cannot be asked."""
    if reach.kind != "kingdee":
        return None
    try:
        with driver_of(reach) as driver:
            found = driver.list_ours(reach.mode, since, today() + timedelta(days=366))
    except Fault as fault:
        heard(reach.connection_id, fault)
        return None
    heard(reach.connection_id)
    return found


def _bills(book: Book, since: date) -> list[Any]:
    """Issued bills of the days that belong to this book, voided ones included."""
    bill = record_class("billing.bill")
    query = select(bill).where(bill.issued_on >= since, bill.state != "draft", bill.total != 0)
    mine = select(Document.bill_id).where(Document.book_id == book.id)
    others = select(Document.bill_id).where(Document.book_id != book.id)
    if book.branch_id:
        place = bill.branch_id == book.branch_id
    else:
        taken = select(Book.branch_id).where(Book.state == "active", Book.branch_id.is_not(None))
        place = or_(bill.branch_id.is_(None), bill.branch_id.not_in(taken))
    query = query.where(or_(bill.id.in_(mine), place & bill.id.not_in(others)))
    return list(db.session.scalars(query.order_by(bill.id)))


def _documents(book: Book, since: date) -> list[Document]:
    bill = record_class("billing.bill")
    issued = select(bill.id).where(bill.issued_on >= since)
    query = select(Document).where(Document.book_id == book.id, Document.bill_id.in_(issued))
    return list(db.session.scalars(query.order_by(Document.id)))


def differences(bills: Iterable[Any], documents: Iterable[Any], remote: list[Remote] | None) -> list[dict[str, Any]]:
    """Every difference between the three, as plain rows. Pure: it looks at attributes alone."""
    documents = list(documents)
    by_bill = {(d.bill_id, d.sign): d for d in documents}
    there = {r.key: r for r in remote or []}
    twice = Counter(r.key for r in remote or [])
    rows = []
    for bill in bills:
        document = by_bill.get((bill.id, "normal"))
        rows += _of_bill(bill, document, by_bill.get((bill.id, "red")), None if remote is None else there)
    known = {d.external_key for d in documents}
    rows += [
        _row("stray_remote", r.key, None, ZERO, r.total, remote=r.number) for r in there.values() if r.key not in known
    ]
    rows += [_row("double_remote", key, None, ZERO, there[key].total) for key, count in twice.items() if count > 1]
    return rows


def _of_bill(bill: Any, document: Any, red: Any, there: dict[str, Remote] | None) -> list[dict[str, Any]]:
    void = bill.state == "void"
    if document is None:
        return [] if void else [_row("missing_document", bill.number, bill, bill.total, ZERO)]
    key, made = document.external_key, document.state == "confirmed"
    if void:
        live = made and not (red is not None and red.state == "confirmed")
        return [_row("voided_live", key, bill, ZERO, document.amount, document)] if live else []
    if not made:
        told = document.state == "cancelled"
        return [_row("missing_document" if told else "not_confirmed", key, bill, bill.total, ZERO, document)]
    if there is None:
        return []
    if key not in there:
        return [_row("missing_remote", key, bill, bill.total, ZERO, document)]
    found = there[key]
    rows = []
    if found.total != bill.total:
        rows.append(_row("amount", key, bill, bill.total, found.total, document))
    if document.mode == "receivable" and (document.difference or _apart(bill, document)):
        rows.append(_row("paid", key, bill, bill.paid, document.remote_paid, document))
    return rows


def _apart(bill: Any, document: Any) -> bool:
    """Whether other sums were received here and there, and nobody has said that ours stands."""
    there = received(document)
    return there not in (bill.paid, document.left_alone) and bill.state != "void"


def _row(
    what: str, key: str, bill: Any, ours: Decimal, theirs: Decimal, document: Any = None, remote: str = ""
) -> dict[str, Any]:
    return {
        "what": what,
        "key": key,
        "bill": bill.number if bill is not None else "",
        "bill_id": bill.id if bill is not None else None,
        "document_id": document.id if document is not None else None,
        "remote": (document.remote_number if document is not None else remote) or "",
        "ours": f"{ours:.2f}",
        "theirs": f"{theirs:.2f}",
        "difference": f"{theirs - ours:.2f}",
    }


def _keep(
    session: Any,
    book: Book,
    since: date,
    bills: list[Any],
    documents: list[Document],
    remote: list[Remote] | None,
    rows: list[dict[str, Any]],
) -> int:
    day = today()
    query = select(Reconciliation).where(Reconciliation.book_id == book.id, Reconciliation.day == day)
    report = session.scalars(query).first()
    if report is None:
        report = Reconciliation(book_id=book.id, day=day, since=since, state="agreed", name=f"{book.name} {day}")
        session.add(report)
    counted = [bill for bill in bills if bill.state != "void"]
    made = [document for document in documents if document.state == "confirmed"]
    silent = remote is None and book.connection.kind == "kingdee"
    report.branch_id, report.since, report.rows, report.difference_count = book.branch_id, since, rows, len(rows)
    report.bill_count, report.bill_total = len(counted), sum((b.total for b in counted), ZERO)
    report.confirmed_count, report.confirmed_total = len(made), sum((d.amount for d in made), ZERO)
    report.remote_count, report.remote_total = len(remote or []), sum((r.total for r in remote or []), ZERO)
    report.state = "unfinished" if silent else "different" if rows else "agreed"
    session.flush()
    if rows and not silent:
        subject = gettext("%(book)s: %(n)s differences with the ledger", book=book.name, n=len(rows))
        told = f"finance-reconciled-{report.id}-{len(rows)}"
        notify(people(book.branch_id), subject, severity="warning", record=report, key=told)
    return len(rows)
