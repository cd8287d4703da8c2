"""From bills to documents: one for each issued bill, a red one when it is voided. Runs twice without harm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, false, or_, select

from core import db, enqueue, gettext, notify, now, record_class, system, today
from plugins.finance_bridge.records import Book, Document
from plugins.finance_bridge.rights import people

PUSH = "finance_bridge.push"
OUT_OF_FORCE = ("draft", "void")


def on_issued(payload: dict[str, Any], _key: str) -> None:
    """A bill was issued: its document, if an active book takes bills of that branch and day."""
    bill = _bill(payload["id"])
    if bill is not None and bill.state not in OUT_OF_FORCE:
        document_for(bill)


def on_voided(payload: dict[str, Any], _key: str) -> None:
    """A bill went out of force: what was not sent yet stays here, what was sent is taken back by a red document."""
    document = db.session.scalars(
        select(Document).where(Document.bill_id == payload["id"], Document.sign == "normal").with_for_update()
    ).first()
    if document is not None:
        take_back(document)


def collect() -> dict[str, int]:
    """Documents for issued bills that have none yet, for example those issued before a book was set up."""
    made = 0
    for ident in _without_document():
        with system("finance documents of issued bills"):
            bill = _bill(ident)
            made += bill is not None and bill.state not in OUT_OF_FORCE and document_for(bill) is not None
    return {"made": made}


def _without_document() -> list[int]:
    bill = record_class("billing.bill")
    with system("look for bills without a finance document") as session:
        books = list(session.scalars(select(Book).where(Book.state == "active")))
        has = select(Document.id).where(Document.bill_id == bill.id)
        query = select(bill.id).where(bill.state.not_in(OUT_OF_FORCE), bill.total != 0, ~has.exists())
        query = query.where(or_(false(), *(_taken(book, bill, books) for book in books)))
        return list(session.scalars(query.order_by(bill.id).limit(1000)))


def _taken(book: Book, bill: Any, books: list[Book]) -> Any:
    """Which bills a book takes, as SQL: those of its branch, or of branches without a book, from its first day on."""
    own = [other.branch_id for other in books if other.branch_id is not None]
    place = (
        bill.branch_id == book.branch_id if book.branch_id else bill.branch_id.is_(None) | bill.branch_id.not_in(own)
    )
    return and_(place, bill.issued_on >= book.start_on)


def _bill(ident: int) -> Any:
    bill = record_class("billing.bill")
    return db.session.scalars(select(bill).where(bill.id == ident)).first()


def book_for(branch_id: int | None) -> Book | None:
    """The active book of a branch, or the one for all branches."""
    query = select(Book).where(Book.state == "active").order_by(Book.id)
    books = list(db.session.scalars(query))
    own = [book for book in books if book.branch_id is not None and book.branch_id == branch_id]
    return next(iter(own), next((book for book in books if book.branch_id is None), None))


def document_for(bill: Any) -> Document | None:
    """The document of an issued bill, made when it is new; None when no book takes it."""
    known = db.session.scalars(select(Document).where(Document.bill_id == bill.id, Document.sign == "normal")).first()
    if known is not None:
        return known
    book = book_for(bill.branch_id)
    if book is None or not bill.total or (bill.issued_on is not None and bill.issued_on < book.start_on):
        return None
    document = Document(
        external_key=f"{book.connection.prefix}-{bill.number}"[:60],
        bill_id=bill.id,
        book_id=book.id,
        branch_id=bill.branch_id,
        client_id=bill.client_id,
        mode=book.mode,
        amount=bill.total,
        currency=bill.currency,
        day=bill.issued_on,
        due=bill.due_on,
        remark=f"{bill.number} {bill.title or ''}".strip()[:200],
        next_at=now(),
    )
    return _put(document)


def _put(document: Document) -> Document:
    db.session.add(document)
    db.session.flush()
    enqueue(PUSH, key=PUSH)
    return document


def take_back(document: Document) -> Document | None:
    """Nothing is deleted over there: a red document with the same lines. What never left is simply not sent."""
    if _is_surely_here(document):
        document.state, document.reason = "cancelled", "voided"
        return None
    red = select(Document).where(Document.bill_id == document.bill_id, Document.sign == "red")
    if (known := db.session.scalars(red).first()) is not None:
        return known
    paid = document.payment != "none"
    if paid or document.state == "held":
        _ask(document)
    same = ("bill_id", "book_id", "branch_id", "client_id", "mode", "currency", "customer_code", "remark")
    values = {name: getattr(document, name) for name in same}
    values |= {"state": "held", "reason": "paid_there"} if paid else {"state": "pending"}
    values |= {"external_key": f"{document.external_key}-R", "sign": "red", "reverses_id": document.id}
    values |= {"amount": -document.amount, "day": today(), "due": document.due, "next_at": now()}
    return _put(Document(**values))


def _is_surely_here(document: Document) -> bool:
    """Whether it never reached the ledger, or was refused there."""
    if document.state == "pending":
        return document.sent_at is None and document.claim is None
    refused = document.state == "held" and document.reason == "closed_period" and document.remote_id is None
    return refused or document.state in ("failed", "cancelled")


def _ask(document: Document) -> None:
    subject = gettext("Bill of %(key)s was voided: please take it back in the ledger", key=document.external_key)
    notify(people(document.branch_id), subject, severity="urgent", record=document, key=f"finance-voided-{document.id}")
