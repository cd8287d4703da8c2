"""From a bill to what the ledger gets: mapped codes, lines or entries, balanced. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core import db, gettext, record_class
from plugins.finance_bridge.choices import ACCOUNTS, PARTS
from plugins.finance_bridge.drivers.base import (
    ZERO,
    Receivable,
    ReceivableLine,
    Refusal,
    Voucher,
    VoucherEntry,
)
from plugins.finance_bridge.records import Book, Document, Mapping

HOME_CURRENCY = {"CNY": "PRE001"}
"""What the ledger calls a currency unless it is mapped."""


class Missing(Refusal):
    """A code of ours has no counterpart; `message` names it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "mapping")


@dataclass(frozen=True)
class Codes:
    """The mapping of one book."""

    targets: dict[tuple[str, str], str]

    @classmethod
    def of(cls, book: Book) -> Codes:
        """Read from the database."""
        query = select(Mapping.kind, Mapping.source, Mapping.target).where(Mapping.book_id == book.id)
        return cls({(row.kind, row.source): row.target for row in db.session.execute(query)})

    def find(self, kind: str, source: str) -> str | None:
        """Their code, or None."""
        return self.targets.get((kind, source)) or (HOME_CURRENCY.get(source) if kind == "currency" else None)

    def get(self, kind: str, source: str, label: Any) -> str:
        """Their code; raises `Missing` that says what to map."""
        found = self.find(kind, source)
        if not found:
            raise Missing(gettext("No code over there for “%(what)s”.", what=str(label)))
        return found


def draft_of(document: Document) -> Receivable | Voucher:
    """What is to be sent, checked: lines or entries add up to the document's amount. Raises `Refusal`, `Missing`."""
    book = document.book
    codes, lines = Codes.of(book), lines_of(document.bill_id)
    factor = Decimal(-1 if document.sign == "red" else 1)
    draft = _receivable(document, codes, lines, factor) if document.mode == "receivable" else None
    if draft is None:
        draft = _voucher(document, codes, lines, factor)
    draft.check(document.amount)
    return draft


def lines_of(bill_id: int) -> list[Any]:
    """The lines of a bill in their order."""
    line = record_class("billing.bill_line")
    return list(db.session.scalars(select(line).where(line.bill_id == bill_id).order_by(line.position, line.id)))


def customer_of(document: Document, codes: Codes) -> str:
    """The customer's code: the document's own, the mapped one, or the client's number, as the book says."""
    if document.customer_code:
        return document.customer_code
    client = document.client
    mapped = codes.find("customer", str(document.client_id))
    if mapped:
        return mapped
    if document.book.customer_codes == "client_number" and client is not None and client.number:
        return client.number
    raise Missing(gettext("No customer code over there for “%(what)s”.", what=client.name if client else ""))


def _receivable(document: Document, codes: Codes, lines: Iterable[Any], factor: Decimal) -> Receivable:
    book, labels = document.book, {choice.code: choice.label for choice in PARTS}
    rows = []
    for line in lines:
        for part in labels:
            amount = (getattr(line, f"{part}_amount") or ZERO) * factor
            if amount:
                rate = line.tax_rate if part == "service" else ZERO
                item = codes.get("item", part, labels[part])
                rows.append(ReceivableLine(item, line.description, _sign(amount), abs(amount), rate, amount))
    return Receivable(
        key=document.external_key,
        day=document.day,
        due=document.due,
        customer=customer_of(document, codes),
        currency=codes.get("currency", document.currency, document.currency),
        settle_org=book.settle_org or "",
        pay_org=book.pay_org or book.settle_org or "",
        remark=document.remark or "",
        lines=tuple(rows),
    )


def _sign(amount: Decimal) -> Decimal:
    """A red line has the quantity minus one, at the same price."""
    return Decimal(1 if amount > 0 else -1)


def _voucher(document: Document, codes: Codes, lines: Iterable[Any], factor: Decimal) -> Voucher:
    book, labels = document.book, {choice.code: choice.label for choice in ACCOUNTS}
    sums = {"income": ZERO, "tax": ZERO, "official": ZERO, "disbursement": ZERO}
    for line in lines:
        tax = line.tax or ZERO
        sums["income"] += (line.service_amount or ZERO) - tax
        sums["tax"] += tax
        sums["official"] += line.official_amount or ZERO
        sums["disbursement"] += line.disbursement_amount or ZERO
    text = document.remark or document.external_key
    account = {name: codes.get("account", name, labels[name]) for name, total in sums.items() if total}
    credits = [VoucherEntry(text, account[name], credit=sums[name] * factor) for name in account]
    total = sum((entry.credit for entry in credits), ZERO)
    receivable = codes.get("account", "receivable", labels["receivable"])
    debit = VoucherEntry(text, receivable, debit=total, customer=customer_of(document, codes))
    currency = codes.get("currency", document.currency, document.currency)
    return Voucher(
        key=document.external_key,
        day=document.day,
        ledger=book.ledger or "",
        group=book.voucher_group or "",
        currency=currency,
        entries=(debit, *credits),
    )
