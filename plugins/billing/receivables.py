"""What is owed by age, per client or branch, and the account of one client over a period. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select

from core import _, db, gettext, labels, today
from plugins.billing.choices import OPEN_BILLS
from plugins.billing.reckoning.ageing import BUCKETS, age
from plugins.billing.reckoning.amounts import ZERO
from plugins.billing.records import Allocation, Bill, Payment, Refund, WriteOff

HEADS = {
    "current": _("Not due"),
    "d30": _("1-30 days"),
    "d60": _("31-60 days"),
    "d90": _("61-90 days"),
    "over": _("Over 90 days"),
}
DAYS = {"current": ("today", None), "d30": ("today-30", "today"), "d60": ("today-60", "today-30")}
DAYS |= {"d90": ("today-90", "today-60"), "over": (None, "today-90")}
"""Due on or after the first, before the second: the days of a column as the filters of the list say them."""
GROUPS = {"client": ("clients.client", Bill.client_id), "branch": ("core.branch", Bill.branch_id)}


class Row(NamedTuple):
    """Whose, the amounts by column with the list behind each, the sum."""

    id: int | None
    name: str
    cells: list[tuple[Decimal, str | None]]
    total: tuple[Decimal, str]


def table(group: str, currency: str = "CNY") -> dict[str, Any]:
    """The ageing table by client or branch, with its foot and its chart."""
    record, column = GROUPS[group]
    chosen = select(column, Bill.due_on, Bill.balance).where(
        Bill.state.in_(OPEN_BILLS), Bill.balance > 0, Bill.currency == currency
    )
    found = age(((whose, due or today(), owed) for whose, due, owed in db.session.execute(chosen)), today())
    names = labels(record, [whose for whose in found if whose])
    rows = [_row(group, whose, names.get(whose) or gettext("without"), sums, currency) for whose, sums in found.items()]
    rows.sort(key=lambda row: (-row.total[0], row.name))
    whole = {name: sum((sums[name] for sums in found.values()), ZERO) for name in (*BUCKETS, "total")}
    foot = _row(None, None, gettext("In all"), whole, currency)
    return {"rows": rows, "foot": foot, "heads": [str(HEADS[name]) for name in BUCKETS], "chart": _chart(foot)}


def _row(group: str | None, whose: int | None, name: str, sums: dict[str, Decimal], currency: str) -> Row:
    query = {"state__in": ",".join(OPEN_BILLS), "currency": currency}
    if group:
        query |= {group: str(whose)} if whose else {f"{group}__isnull": "true"}
    cells = [(sums[key], _address(query | _days(key)) if sums[key] else None) for key in BUCKETS]
    return Row(whose, name, cells, (sums["total"], _address(query)))


def _days(key: str) -> dict[str, str]:
    first, last = DAYS[key]
    return ({"due_on__gte": first} if first else {}) | ({"due_on__lt": last} if last else {})


def _address(query: dict[str, str]) -> str:
    return "/r/billing.bill?view=-&sort=due_on&" + "&".join(f"{name}={value}" for name, value in query.items())


def _chart(foot: Row) -> dict[str, Any]:
    """One bar for each column, in the colours of growing urgency; a bar opens its list."""
    colours = ("--z-c1", "--z-c2", "--z-c3", "--z-c4", "--z-overdue-mark")
    data = [
        {"value": float(amount), "href": href, "itemStyle": {"color": colour}}
        for (amount, href), colour in zip(foot.cells, colours, strict=True)
    ]
    label = {"show": True, "position": "top", "color": "--z-ink-2", "fontSize": 12}
    return {
        "grid": {"left": 4, "right": 4, "top": 26, "bottom": 2, "containLabel": True},
        "xAxis": {"type": "category", "data": [str(HEADS[name]) for name in BUCKETS], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "splitNumber": 3},
        "series": [{"type": "bar", "barMaxWidth": 56, "name": gettext("Open balance"), "data": data, "label": label}],
    }


class Move(NamedTuple):
    """One row of an account: what was charged raises the balance, what was received lowers it."""

    day: date
    what: str
    number: str
    href: str
    official: Decimal
    service: Decimal
    received: Decimal
    balance: Decimal


def account(client_id: int, first: date, last: date, currency: str = "CNY") -> dict[str, Any]:
    """The account of a client in one currency between two days: opening, moves, closing balance."""
    moves = sorted(_moves(client_id, currency), key=lambda move: (move[0], move[4] + move[5] == 0, move[2]))
    opening = sum((m[4] + m[5] - m[6] for m in moves if m[0] < first), ZERO)
    shown, left = [], opening
    for day, what, number, href, official, service, received in moves:
        if first <= day <= last:
            left += official + service - received
            shown.append(Move(day, what, number, href, official, service, received, left))
    return {
        "first": first,
        "last": last,
        "opening": opening,
        "moves": shown,
        "charged": sum((m.official + m.service for m in shown), ZERO),
        "received": sum((m.received for m in shown), ZERO),
        "closing": left,
    }


def _moves(client_id: int, currency: str) -> Iterable[tuple[date, str, str, str, Decimal, Decimal, Decimal]]:
    """Bills and credit notes, money received and given back, balances given up, as signed rows."""
    mine = (Bill.client_id == client_id, Bill.currency == currency)
    bills = select(Bill).where(*mine, Bill.issued_on.is_not(None), Bill.state != "void")
    for bill in db.session.scalars(bills):
        what = gettext("Credit note") if bill.kind == "credit_note" else gettext("Bill")
        official = bill.official_total + bill.disbursement_total
        yield bill.issued_on, what, bill.number, f"/r/billing.bill/{bill.id}", official, bill.service_total, ZERO
    his = (Payment.client_id == client_id, Payment.currency == currency)
    for payment in db.session.scalars(select(Payment).where(*his, Payment.state == "confirmed")):
        href = f"/r/billing.payment/{payment.id}"
        yield payment.received_on, gettext("Receipt of money"), payment.number, href, ZERO, ZERO, payment.amount
    back = select(Refund).join(Payment, Payment.id == Refund.payment_id).where(*his, Refund.state == "approved")
    for refund in db.session.scalars(back):
        href, day = f"/r/billing.refund/{refund.id}", refund.decided_at.date()
        yield day, gettext("Refund"), refund.reason, href, ZERO, ZERO, -refund.amount
    given_up = select(WriteOff).join(Bill, Bill.id == WriteOff.bill_id)
    for off in db.session.scalars(given_up.where(*mine, WriteOff.state == "approved")):
        href, day = f"/r/billing.write_off/{off.id}", off.decided_at.date()
        yield day, gettext("Write-off"), off.reason, href, ZERO, ZERO, off.amount


def open_bills(client_id: int, currency: str = "CNY") -> list[Bill]:
    """The bills of a client in one currency on which money is awaited, the oldest first."""
    mine = (Bill.client_id == client_id, Bill.currency == currency)
    chosen = select(Bill).where(*mine, Bill.state.in_(OPEN_BILLS), Bill.balance > 0)
    return list(db.session.scalars(chosen.order_by(Bill.due_on, Bill.id)))


def open_parts(bills: list[Bill]) -> tuple[Decimal, Decimal]:
    """How much of what is open are official fees and disbursements, and how much service fees."""
    ids = [bill.id for bill in bills]
    held = select(Allocation.part, func.sum(Allocation.amount)).where(
        Allocation.bill_id.in_(ids), Allocation.undone_at.is_(None)
    )
    paid = dict(db.session.execute(held.group_by(Allocation.part)).all())
    through = sum((b.official_total + b.disbursement_total for b in bills), ZERO)
    through -= (paid.get("official") or ZERO) + (paid.get("disbursement") or ZERO)
    whole = sum((bill.balance for bill in bills), ZERO)
    official = max(ZERO, min(through, whole))
    return official, whole - official
