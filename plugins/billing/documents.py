"""The letters of billing: quotation, bill, statement of account. Plain data for whoever renders them; no layout."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core import DocumentKind, _, capital_amount, db, today
from plugins.billing import ledger, quoting, receivables
from plugins.billing.coins import advances_of, currencies_of
from plugins.billing.pages import STATES, UNIT_WORDS
from plugins.billing.reckoning.ageing import BUCKETS, age
from plugins.billing.reckoning.amounts import ZERO
from plugins.billing.settings import agreed
from plugins.clients import Client, client_fields, contact_fields

PAYERS, DECIDERS = ("finance", "daily"), ("decision_maker", "legal_head", "daily")


def kinds() -> list[DocumentKind]:
    """What can be made of quotations, bills and clients."""
    return [
        DocumentKind(
            "quotation",
            "billing.quotation",
            _("Quotation"),
            "billing/documents/quotation.html",
            quotation,
            available=lambda record: True if record.number else _("Send the quotation first: it has no number yet."),
        ),
        DocumentKind(
            "bill",
            "billing.bill",
            _("Bill"),
            "billing/documents/bill.html",
            bill,
            available=lambda record: True if record.number else _("Issue the bill first: it has no number yet."),
        ),
        DocumentKind(
            "statement_of_account",
            "clients.client",
            _("Statement of account"),
            "billing/documents/statement.html",
            statement,
        ),
    ]


def quotation(record: Any, language: str) -> dict[str, Any]:
    """The data of a quotation letter; totals are the sums of its lines, and the capitals say the total."""
    client = db.session.get(Client, record.client_id)
    rows = quoting.lines_of(record.id)
    own = {
        "subject": record.subject,
        "valid_until": record.valid_until,
        "terms": record.terms or agreed().terms.get(language, agreed().terms["zh"]),
        "scope_in": record.scope_in,
        "scope_out": record.scope_out,
        "date": record.quoted_on,
    }
    return {
        "branch_id": record.branch_id,
        "signer_id": record.quoted_by_id,
        "client": client_fields(client, language),
        "to": contact_fields(client, DECIDERS, language),
        "quote": _sums(record, language) | own | {"items": _items(rows, language)},
    }


def bill(record: Any, language: str) -> dict[str, Any]:
    """The data of a bill."""
    client = db.session.get(Client, record.client_id)
    own = {
        "date": record.issued_on,
        "due_date": record.due_on,
        "subject": record.title,
        "reference": record.reference,
        "remark": record.remark,
        "paid": record.paid,
        "credited": record.credited,
        "balance": record.balance,
        "state": str(STATES[record.state].label),
        "is_credit_note": record.kind == "credit_note",
    }
    return {
        "branch_id": record.branch_id,
        "signer_id": record.issued_by_id,
        "client": client_fields(client, language),
        "to": contact_fields(client, PAYERS, language),
        "bill": _sums(record, language) | own | {"items": _items(ledger.lines_of(record.id), language)},
    }


def statement(record: Any, language: str) -> dict[str, Any]:
    """The account of a client this year, what is open by age, and what was paid in advance."""
    held = currencies_of(record.id)
    currency = record.currency if record.currency in held else held[0]
    told = receivables.account(record.id, date(today().year, 1, 1), today(), currency)
    bills = receivables.open_bills(record.id, currency)
    official, service = receivables.open_parts(bills)
    aged = age(((0, b.due_on or today(), b.balance) for b in bills), today()).get(0, {})
    late = [(today() - b.due_on).days for b in bills if b.due_on and b.due_on < today()]
    overdue = sum((aged.get(name, ZERO) for name in BUCKETS[1:]), ZERO)
    closing = told["closing"]
    return {
        "branch_id": record.branch_id,
        "client": client_fields(record, language),
        "to": contact_fields(record, PAYERS, language),
        "account": {
            "from": told["first"],
            "until": told["last"],
            "opening": told["opening"],
            "charged": told["charged"],
            "received": told["received"],
            "closing": closing,
            "closing_capital": capital_amount(closing, currency),
            "moves": [dict(zip(("date", "what", "number", "official", "service", "received", "balance"),
                               (m.day, m.what, m.number, m.official, m.service, m.received, m.balance), strict=True))
                      for m in told["moves"]],
            "official_open": official,
            "service_open": service,
            "overdue_total": overdue,
            "overdue_days_max": max(late, default=0),
            "ages": [{"label": str(receivables.HEADS[name]), "amount": aged.get(name, ZERO)} for name in BUCKETS],
            "unallocated": advances_of(record.id).get(currency, ZERO),
            "currency": currency,
            "elsewhere": _elsewhere(record.id, [coin for coin in held if coin != currency]),
            "bills": [_open_bill(b) for b in bills],
        },
    }  # fmt: skip


def _elsewhere(client_id: int, others: list[str]) -> list[dict[str, Any]]:
    """What is open in further currencies, which have no place in this account."""
    owed = {coin: sum((b.balance for b in receivables.open_bills(client_id, coin)), ZERO) for coin in others}
    return [{"currency": coin, "open": amount} for coin, amount in owed.items() if amount]


def _open_bill(record: Any) -> dict[str, Any]:
    late = max(0, (today() - record.due_on).days) if record.due_on else 0
    kept = {"date": record.issued_on, "due_date": record.due_on, "number": record.number, "subject": record.title}
    return kept | {"total": record.total, "balance": record.balance, "days_overdue": late}


def _sums(record: Any, language: str) -> dict[str, Any]:
    return {
        "number": record.number,
        "currency": record.currency,
        "official_total": record.official_total,
        "disbursement_total": record.disbursement_total,
        "service_total": record.service_total,
        "tax_total": record.tax_total,
        "total": record.total,
        "total_capital": capital_amount(record.total, record.currency),
    }


def _items(rows: list[Any], language: str) -> list[dict[str, Any]]:
    return [
        {
            "no": number,
            "service": row.description if language == "zh" else row.description_en or row.description,
            "service_zh": row.description,
            "service_en": row.description_en,
            "unit": str(UNIT_WORDS.get(row.unit, "")),
            "quantity": _plain(row.quantity),
            "official_fee": row.official_amount,
            "disbursement": row.disbursement_amount,
            "service_fee": row.service_amount,
            "tax_rate": _plain(row.tax_rate),
            "amount": row.total,
        }
        for number, row in enumerate(rows, 1)
    ]


def _plain(number: Decimal) -> str:
    """A figure without useless zeros."""
    return f"{number.normalize():f}"
