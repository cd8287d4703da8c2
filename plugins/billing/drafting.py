"""Bills that arise by themselves: what falls due with an event of a case goes on a draft for its client, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Text, cast, or_, select

from core import Refused, _, db, elevated, gettext, insert_derived, note_action, today, use_locale
from plugins.billing import ledger
from plugins.billing.pricing import due_items, fee_table, line_of, matter_of
from plugins.billing.reckoning.prices import rush_fee
from plugins.billing.records import Bill, BillLine, PriceItem
from plugins.billing.settings import agreed
from plugins.cases import Case
from plugins.clients import Client

WHY = "a draft bill follows the events of a case"
DRAFTED = _("draft_bill")
PER_CASE = ("per_case", None)
"""Billing cycles of clients that get a draft for each case; others collect all on one draft."""


def follow_events(events: Iterable[Any]) -> None:
    """Put what falls due with these events on drafts. Events that still wait, and those of long ago, make no bill."""
    since = today() - timedelta(days=agreed().history_days)
    counted = [e for e in events if not e.waiting and e.archived_at is None and (e.date or today()) >= since]
    if not counted:
        return
    with elevated(WHY):
        items = _items_on({event.code for event in counted})
        for event in counted if items else ():
            _follow(event, items)


def _items_on(codes: set[str]) -> list[PriceItem]:
    """The items on offer that one of these events makes due; the database looks for the codes in the lists' text."""
    written = cast(PriceItem.events, Text)
    named = or_(*(written.like(f'%"{code}"%') for code in sorted(codes)))
    found = db.session.scalars(select(PriceItem).where(PriceItem.active, PriceItem.archived_at.is_(None), named))
    return [item for item in found if codes.intersection(item.events or ())]


def _follow(event: Any, items: list[Any]) -> None:
    case = db.session.scalars(select(Case).where(Case.id == event.case_id)).first()
    client = _client_of(case)
    if client is None:
        return
    matter = matter_of(case, event, client.tier)
    due = due_items(items, case, event.code, matter)
    fresh = [item for item in due if _is_new(_source(event, item))]
    if not fresh:
        return
    table = fee_table(event.date)
    lines = [line_of(item, matter, table) | {"source_key": _source(event, item)} for item in fresh]
    store(case, client, [line | {"event_id": event.id} for line in lines], source="event")


def _client_of(case: Any) -> Any:
    if case is None or case.client_id is None:
        return None
    return db.session.scalars(select(Client).where(Client.id == case.client_id)).first()


def _source(event: Any, item: Any) -> str:
    """What makes a line unique: case, event and item; each event for itself where the item says so."""
    which = f"{event.code}#{event.id}" if item.repeats else event.code
    return f"{event.case_id}:{which}:{item.code}"[:160]


def _is_new(source: str) -> bool:
    return db.session.scalar(select(BillLine.id).where(BillLine.source_key == source)) is None


def store(case: Any, client: Any, lines: list[dict[str, Any]], *, source: str) -> int:
    """Add lines to the open draft of the client or case, or make one; returns the bill's id. Inside `elevated`.

    Runs also inside hooks, so it writes by statements and `insert_derived`.
    """
    bill_id = _open_draft(case, client) or _new_draft(case, client, lines, source)
    position = len(ledger.lines_of(bill_id))
    rows = []
    for offset, line in enumerate(lines, 1):
        row = BillLine(**{name: value for name, value in line.items() if name != "item"})
        row.bill_id, row.case_id, row.item_id, row.position = bill_id, case.id, line.get("item"), position + offset
        rows.append(row)
    insert_derived(BillLine, rows)
    ledger.recount(bill_id)
    told = {row.description: [None, str((row.official_amount or 0) + (row.service_amount or 0))] for row in rows}
    note_action(db.session(), DRAFTED.message, case, changes=told, reason=f"billing.bill {bill_id}")
    return bill_id


def _open_draft(case: Any, client: Any) -> int | None:
    """A draft that events may still add to; locked, so that nobody issues it meanwhile."""
    of_case = Bill.case_id == case.id if client.billing_cycle in PER_CASE else Bill.case_id.is_(None)
    kind = (Bill.kind == "bill", Bill.state == "draft", Bill.source.in_(("event", "hand")))
    chosen = select(Bill.id).where(Bill.client_id == client.id, of_case, *kind).order_by(Bill.id)
    for ident in list(db.session.scalars(chosen)):
        if ledger.lock(Bill, [ident])[ident].state == "draft":
            return ident
    return None


def _new_draft(case: Any, client: Any, lines: list[dict[str, Any]], source: str) -> int:
    single = client.billing_cycle in PER_CASE
    title = f"{case.number or ''} {lines[0]['description']}".strip() if single else f"{client.name} {today():%Y-%m}"
    bill = Bill(
        client_id=client.id,
        case_id=case.id if single else None,
        title=title[:300],
        source=source,
        currency="CNY",  # the price list is in CNY
        branch_id=case.branch_id or client.branch_id,
        department_id=case.department_id or client.department_id,
        reference=case.client_reference if single else None,
    )
    return insert_derived(Bill, [bill])[0]


def bill_case(case: Any, item_id: int, quantity: Decimal | None, *, rush: bool = False) -> int:
    """Put a service of the price list on the draft of a case by hand; returns the bill's id. Raises `Refused`."""
    with elevated(WHY):
        client, item = _client_of(case), db.session.scalars(select(PriceItem).where(PriceItem.id == item_id)).one()
        if client is None:
            raise Refused(_("This case has no client; nobody can be billed."), code="no_client")
        line = line_of(item, matter_of(case, tier=client.tier), fee_table(), quantity)
        lines = [line, rush_line(line)] if rush else [line]
        return store(case, client, lines, source="hand")


def rush_line(line: dict[str, Any]) -> dict[str, Any]:
    """The surcharge of a rush order for a line, as a line of its own."""
    name, name_en = line["description"], line.get("description_en") or line["description"]
    return {
        "item": line["item"],
        "description": _surcharge(name, "zh"),
        "description_en": _surcharge(name_en, "en"),
        "quantity": Decimal(1),
        "unit": line["unit"],
        "service_amount": rush_fee(agreed().prices, line["service_amount"]),
        "tax_rate": line["tax_rate"],
    }


def _surcharge(name: str, locale: str) -> str:
    with use_locale(locale):
        return gettext("Rush surcharge: %(name)s", name=name)[:400]
