"""What the pages of this plugin draw: figures, roads, charts, differences. Only reads and counts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core import current_principal, db, gettext, local, may, now, today
from plugins.finance_bridge import setting_up
from plugins.finance_bridge.choices import DEAD, DIFFERENCES, FOUND, LIVE, PAYMENTS, REACH, REASONS, STATES
from plugins.finance_bridge.records import Book, Connection, Document, Exchange, Reconciliation

DAYS = 30
"""How far the overview looks back."""
LISTED = 8
WORDS = {choice.code: choice.label for choice in (*STATES, *REASONS)}
DRAWN = (("confirmed", ("confirmed",)), ("waiting", LIVE), ("dead", DEAD))
SUMS = ("ours", "theirs", "difference")
DOCUMENTS = "/r/finance_bridge.document"


def dead_count() -> int:
    """Documents that need a person."""
    return db.session.scalar(select(func.count(Document.id)).where(Document.state.in_(DEAD))) or 0


def overview() -> dict[str, Any]:
    """The page of the finance bridge."""
    counts = dict(db.session.execute(select(Document.state, func.count(Document.id)).group_by(Document.state)).all())
    differ = db.session.scalar(select(func.count(Document.id)).where(Document.difference.is_not(None))) or 0
    dead = select(Document).where(Document.state.in_(DEAD)).order_by(Document.id.desc()).limit(LISTED)
    days = _days()
    return {
        "tiles": _tiles(counts, differ),
        "connections": _connections(),
        "dead": list(db.session.scalars(dead)),
        "words": WORDS,
        "reports": _latest_reports(),
        "chart": _chart(days) if any(sum(c.values()) for _day, c in days) else None,
        "days": [(day, counts) for day, counts in days if sum(counts.values())],
        "summary": gettext("Documents of the last %(n)s days by their state", n=DAYS),
        "books": db.session.scalar(select(func.count(Book.id)).where(Book.state == "active")) or 0,
    }


def _tiles(counts: dict[str, int], differ: int) -> list[dict[str, Any]]:
    dead = sum(counts.get(state, 0) for state in DEAD)
    rows = [
        (gettext("Needs a person"), dead, "state__in=failed,held", "overdue" if dead else "done"),
        (gettext("Unknown"), counts.get("unknown", 0), "state=unknown", "today" if counts.get("unknown") else "done"),
        (gettext("On the way"), counts.get("pending", 0) + counts.get("sent", 0), "state__in=pending,sent", "later"),
        (gettext("Payments differ"), differ, "difference__isnull=false", "today" if differ else "done"),
        (gettext("Confirmed"), counts.get("confirmed", 0), "state=confirmed", "done"),
    ]
    return [
        {"label": label, "value": n, "href": f"{DOCUMENTS}?view=-&{query}", "moon": moon, "note": " "}
        for label, n, query, moon in rows
    ]


def _connections() -> list[dict[str, Any]]:
    """Each connection with its state, its books, and its last exchange."""
    if not current_principal().can("finance_bridge.connection", "read"):
        return []
    reach = {choice.code: choice for choice in REACH}
    last = dict(
        db.session.execute(select(Exchange.connection_id, func.max(Exchange.at)).group_by(Exchange.connection_id)).all()
    )
    books: dict[int, list[Any]] = {}
    for book in db.session.scalars(select(Book).order_by(Book.name)):
        books.setdefault(book.connection_id, []).append(book)
    return [
        {
            "record": connection,
            "reach": reach[connection.reach],
            "carried": connection.kind == "file",
            "last": f"{local(last[connection.id]):%m-%d %H:%M}" if connection.id in last else "",
            "books": books.get(connection.id, []),
        }
        for connection in db.session.scalars(select(Connection).order_by(Connection.name))
    ]


def _latest_reports() -> list[Reconciliation]:
    """The newest report of each book."""
    newest = select(func.max(Reconciliation.id)).group_by(Reconciliation.book_id)
    query = select(Reconciliation).where(Reconciliation.id.in_(newest)).order_by(Reconciliation.day.desc())
    return list(db.session.scalars(query.limit(LISTED)))


def _days() -> list[tuple[str, Counter[str]]]:
    first = today() - timedelta(DAYS - 1)
    start = now() - timedelta(DAYS + 1)
    found: dict[Any, Counter[str]] = {first + timedelta(n): Counter() for n in range(DAYS)}
    for created, state in db.session.execute(
        select(Document.created_at, Document.state).where(Document.created_at >= start)
    ):
        day = local(created).date()
        if day in found:
            found[day][state] += 1
    return [(f"{day:%m-%d}", counts) for day, counts in found.items()]


def _chart(days: list[tuple[str, Counter[str]]]) -> dict[str, Any]:
    """Options of the chart: a stack for each day. Names of tokens stand for colours."""
    names = {"confirmed": gettext("Confirmed"), "waiting": gettext("On the way"), "dead": gettext("Needs a person")}
    series = [
        {
            "type": "bar",
            "stack": "day",
            "name": names[key],
            "barMaxWidth": 20,
            "data": [sum(counts[state] for state in states) or None for _day, counts in days],
        }
        for key, states in DRAWN
    ]
    return {
        "grid": {"left": 4, "right": 4, "top": 26, "bottom": 2, "containLabel": True},
        "legend": {"top": 0, "right": 0, "itemWidth": 10, "itemHeight": 10, "textStyle": {"color": "--z-ink-2"}},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}, "confine": True},
        "xAxis": {"type": "category", "data": [day for day, _counts in days], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "minInterval": 1, "splitNumber": 3},
        "series": series,
    }


def document_head(document: Document) -> dict[str, Any]:
    """The road of one document, and what a person may do now."""
    differences = {choice.code: choice.label for choice in DIFFERENCES}
    return {
        "document": document,
        "steps": road(document),
        "why": WORDS.get(document.reason or ""),
        "difference": differences.get(document.difference or ""),
        "dead": document.state in DEAD,
        "can_mend": document.state in DEAD and may(document, "update"),
        "bill_paid": document.bill.paid if document.bill is not None else None,
    }


def road(document: Document) -> list[dict[str, Any]]:
    """Issued, sent, confirmed, received: where it stands, with a bend where it failed."""
    stopped, unsure = document.state in DEAD, document.state == "unknown"
    sent, there = document.sent_at is not None or document.remote_id, document.state == "confirmed"
    full = document.payment == "full"
    steps = [_step(gettext("Bill issued"), "ok", document.day)]
    steps.append(_step(gettext("Left for the ledger"), "ok" if sent else "bad" if stopped else "now", document.sent_at))
    landed = "ok" if there else "bad" if stopped and sent else "now" if sent else "next"
    steps.append(_step(gettext("In the ledger"), landed, document.confirmed_at))
    if unsure:
        steps[-1]["note"] = gettext("being looked up")
    if document.mode == "receivable" and document.sign == "normal":
        words = {choice.code: str(choice.label) for choice in PAYMENTS}
        received = "ok" if full else "now" if there else "next"
        steps.append(
            {"label": gettext("Money received"), "state": received, "note": words[document.payment] if there else None}
        )
    if document.state == "cancelled":
        return [*steps[:1], {"label": gettext("Not needed"), "state": "bad", "note": None, "low": True}]
    return steps


def _step(label: str, state: str, day: Any) -> dict[str, Any]:
    note = f"{local(day):%m-%d %H:%M}" if hasattr(day, "hour") else f"{day:%m-%d}" if day else None
    return {"label": label, "state": state, "note": note, "low": state == "bad" or None}


def of_bill(bill: Any) -> dict[str, Any]:
    """The documents of a bill, for the panel on its page."""
    query = select(Document).where(Document.bill_id == bill.id).order_by(Document.id)
    documents = list(db.session.scalars(query))
    states = _by_code(STATES)
    lines = [document_head(d) | {"state": states[d.state], "checks": _checks(d)} for d in documents]
    return {"documents": lines}


def _checks(document: Document) -> list[dict[str, Any]]:
    """The road as a list, for the narrow side of a page."""
    moons = {"ok": "done", "bad": "overdue", "now": "week", "next": "later"}
    return [{"moon": moons[step["state"]], "label": step["label"], "note": step["note"]} for step in road(document)]


def _by_code(choices: Any) -> dict[str, Any]:
    return {choice.code: choice for choice in choices}


def book_head(book: Book) -> dict[str, Any]:
    """What is missing before a book may be active."""
    return {
        "book": book,
        "missing": setting_up.missing(book) if book.state != "active" and book.connection is not None else [],
        "carried": book.connection is not None and book.connection.kind == "file",
        "can_map": may(book, "check"),
        "can_read": may(book, "read_receipts"),
    }


def sheet_head(sheet: Any) -> dict[str, Any]:
    """The lines of a sheet of receipts."""
    words = {
        "matched": (gettext("Matched"), "done"),
        "unmatched": (gettext("Not matched"), "danger"),
        "doubled": (gettext("Doubled"), "warn"),
        "known": (gettext("Known already"), ""),
    }
    return {"sheet": sheet, "rows": sheet.rows or [], "words": words}


def reconciliation_head(report: Reconciliation) -> dict[str, Any]:
    """Three bars that should be of one length, and each difference with the way to it."""
    words = {choice.code: str(choice.label) for choice in FOUND}
    bars = [
        (gettext("Bills"), report.bill_total),
        (gettext("Finance documents"), report.confirmed_total),
        (gettext("Ledger"), report.remote_total),
    ]
    most = max([abs(amount) for _label, amount in bars] + [Decimal(1)])
    return {
        "report": report,
        "rows": [row | {n: Decimal(row[n]) for n in SUMS} for row in report.rows or []],
        "words": words,
        "bars": [(label, amount, int(abs(amount) * 600 / most)) for label, amount in bars],
        "kinds": [(words[what], n) for what, n in Counter(row["what"] for row in report.rows or []).most_common()],
    }
