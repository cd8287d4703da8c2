"""Bills and payments as their client sees them: what is open, what was paid, the statement. Only reads, guarded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core import (
    Filter,
    NotFound,
    Query,
    current_principal,
    dump,
    get,
    list_records,
    local,
    record_class,
    registry,
    today,
)
from plugins.portal import papers, words

BILL, PAYMENT, LINE, REFUND = "billing.bill", "billing.payment", "billing.bill_line", "billing.refund"
SHOWN = ("issued", "part_paid", "paid", "written_off", "void")
OWED = ("issued", "part_paid", "paid", "written_off")
ZERO = Decimal(0)
PAGE_SIZE = 20


def here() -> bool:
    """Whether this deployment writes bills, and this person may see them."""
    return BILL in registry().types and current_principal().can(BILL, "read")


def bill_list(page: int = 1) -> dict[str, Any]:
    """One page of bills, newest first, and the sum that is open."""
    found = list_records(
        record_class(BILL),
        Query(
            filters=(Filter("state", "in", list(SHOWN)),),
            sort=("-issued_on", "-id"),
            limit=PAGE_SIZE,
            page=page,
            count=True,
        ),
    )
    open_rows = _all(BILL, (Filter("state", "in", ["issued", "part_paid"]),))
    total = found.total or 0
    return {
        "rows": [line(row) for row in found.rows],
        "total": total,
        "pages": max(1, -(-total // PAGE_SIZE)),
        "open": _sums(open_rows, "balance"),
        "overdue": _sums([row for row in open_rows if row.get("due_on") and row["due_on"] < today()], "balance"),
        "advance": _sums([row for row in payments() if row.get("state") == "confirmed"], "unallocated"),
    }


def _all(key: str, filters: tuple[Filter, ...] = (), most: int = 2000) -> list[dict[str, Any]]:
    return list_records(record_class(key), Query(filters=filters, sort=("-id",), limit=most, page=1)).rows


def _sums(rows: list[dict[str, Any]], name: str) -> list[str]:
    """One sum for each currency, in words."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        currency = row.get("currency") or "CNY"
        sums[currency] = sums.get(currency, ZERO) + Decimal(str(row.get(name) or 0))
    return [words.money(amount, currency) for currency, amount in sums.items() if amount]


def line(row: dict[str, Any]) -> dict[str, Any]:
    """A bill as it is drawn."""
    state = registry().types[BILL].fields["state"].choice(row["state"])
    late = row["state"] in ("issued", "part_paid") and row.get("due_on") is not None and row["due_on"] < today()
    return row | {
        "state_words": str(state.label) if state else "",
        "tone": "danger" if late else (state.tone if state else ""),
        "late": late,
        "amount": words.money(row.get("total"), row.get("currency")),
        "left": words.money(row.get("balance"), row.get("currency")) if row.get("balance") else "",
    }


def bill_page(ident: int) -> dict[str, Any]:
    """One bill with its lines, and the paper that was released of it; raises `NotFound` alike for hidden and absent."""
    if not here():
        raise NotFound()
    bill = get(record_class(BILL), ident)
    if bill.state not in SHOWN:
        raise NotFound()
    row = line(dump(bill) | {"id": bill.id, "due_on": bill.due_on, "issued_on": bill.issued_on})
    lines = []
    if LINE in registry().types and current_principal().can(LINE, "read"):
        lines = _all(LINE, (Filter("bill", "eq", ident),))
    return {"bill": row, "lines": lines, "papers": papers.papers((BILL, ident)), "currency": row.get("currency")}


def payments() -> list[dict[str, Any]]:
    """What was received, newest first; nothing of it where payments are not this person's."""
    if PAYMENT not in registry().types or not current_principal().can(PAYMENT, "read"):
        return []
    found = [row for row in _all(PAYMENT) if row.get("state") not in ("announced", "reversed", "rejected")]
    return sorted(found, key=lambda row: row["received_on"], reverse=True)


def statement(start: date, end: date) -> dict[str, Any]:
    """What was charged and received in a period, in order, with the running balance; per currency, CNY first.

    Where the period reaches today, the closing balance is what is open less what was paid in advance; both are told.
    """
    rows = [*_charged(), *_received()]
    books = []
    for currency in sorted({row[4] for row in rows}, key=lambda c: (c != "CNY", c)):
        own = sorted((r for r in rows if r[4] == currency), key=lambda r: (r[0], ORDER.index(r[2]), r[1]))
        opening = sum((r[3] for r in own if r[0] < start), ZERO)
        book = _book(currency, opening, [r for r in own if start <= r[0] <= end])
        books.append(book | (_made_of(currency) if end >= today() else {}))
    return {"books": books, "start": start, "end": end}


ORDER = ("bill", "credit_note", "waived", "payment", "refund")
"""Of one day, what was charged stands before what was received."""


def _charged() -> list[tuple[Any, ...]]:
    """Bills and credit notes; what the agency gave up of a bill is told with it."""
    rows: list[tuple[Any, ...]] = []
    for row in _all(BILL, (Filter("state", "in", list(OWED)),)):
        total, day = _amount(row, "total"), row.get("issued_on")
        if day is None:
            continue
        about = (row.get("number") or "", row.get("currency") or "CNY")
        rows.append((day, about[0], "credit_note" if total < 0 else "bill", total, about[1]))
        given_up = total - _amount(row, "paid") - _amount(row, "credited") - _amount(row, "balance")
        if total > 0 and given_up > 0:
            rows.append((day, about[0], "waived", -given_up, about[1]))
    return rows


def _received() -> list[tuple[Any, ...]]:
    """Payments, and what went back of them: by its own day where refunds are this person's, else with the payment."""
    rows: list[tuple[Any, ...]] = []
    refunds = REFUND in registry().types and current_principal().can(REFUND, "read")
    about: dict[int, tuple[str, str]] = {}
    for row in payments():
        if row.get("state") != "confirmed" or not row.get("received_on"):
            continue
        number, currency = row.get("number") or "", row.get("currency") or "CNY"
        about[row["id"]] = (number, currency)
        rows.append((row["received_on"], number, "payment", -_amount(row, "amount"), currency))
        if not refunds and _amount(row, "refunded"):
            rows.append((row["received_on"], number, "refund", _amount(row, "refunded"), currency))
    for row in _all(REFUND, (Filter("state", "eq", "approved"),)) if refunds else ():
        paid = row["payment"]["id"] if isinstance(row["payment"], dict) else row["payment"]
        if paid in about and row.get("decided_at"):
            number, currency = about[paid]
            rows.append((local(row["decided_at"]).date(), number, "refund", _amount(row, "amount"), currency))
    return rows


def _amount(row: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(row.get(name) or 0))


def _made_of(currency: str) -> dict[str, Any]:
    """What is open on bills now, and what was paid in advance."""
    bills = _all(BILL, (Filter("state", "in", ["issued", "part_paid"]), Filter("currency", "eq", currency)))
    held = [row for row in payments() if row.get("state") == "confirmed" and (row.get("currency") or "CNY") == currency]
    owed = sum((_amount(row, "balance") for row in bills), ZERO)
    advance = sum((_amount(row, "unallocated") for row in held), ZERO)
    return {"open": words.money(owed, currency), "advance": words.money(advance, currency) if advance else ""}


def _book(currency: str, opening: Decimal, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    balance, lines = opening, []
    for day, number, kind, amount, _currency in rows:
        balance += amount
        lines.append(
            {
                "day": day,
                "number": number,
                "kind": kind,
                "amount": words.money(amount, currency),
                "balance": words.money(balance, currency),
                "figures": (amount, balance),
            }
        )
    return {
        "currency": currency,
        "opening": words.money(opening, currency),
        "closing": words.money(balance, currency),
        "figures": (opening, balance),
        "lines": lines,
    }
