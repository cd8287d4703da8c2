"""Quotations: lines from the price list, discounts and who may grant them, versions, acceptance. PDF is not here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

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
    number_records,
    today,
)
from core import now as this_moment
from plugins.billing import ledger
from plugins.billing.drafting import rush_line
from plugins.billing.pricing import Matter, fee_table, line_of, matter_of, percent_of_list
from plugins.billing.reckoning.amounts import ZERO, to_cents
from plugins.billing.reckoning.official import Subject
from plugins.billing.reckoning.prices import HUNDRED, discount_pct, rate, service_fee, within
from plugins.billing.records import Bill, BillLine, PriceItem, Quotation, QuotationLine
from plugins.billing.settings import agreed
from plugins.cases import Case
from plugins.clients import Client

NUMBERS = NumberRule(
    "billing.quotation",
    "base_number",
    (Text("QUO-"), DatePart("%Y"), Text("-"), Seq(width=4, reset="year")),
)
WHY = "sums and discount of a quotation follow its lines"
OPEN = ("draft", "waiting")
COPIED = ("position", "description", "description_en", "quantity", "unit", "tax_rate")
MONEY = ("official_amount", "disbursement_amount", "service_amount")


def defaults(quotations: Iterable[Any]) -> None:
    """A quotation lies where its client lies; who makes it quotes it."""
    for quotation in quotations:
        client = db.session.scalars(select(Client).where(Client.id == quotation.client_id)).first()
        quotation.quoted_by_id = quotation.quoted_by_id or current_principal().user_id
        if client is not None:
            quotation.branch_id = quotation.branch_id or client.branch_id
            quotation.department_id = quotation.department_id or client.department_id
            quotation.currency = (quotation.currency or "CNY").upper()


def keep_sent(changes: Iterable[Change]) -> None:
    """What was sent to a client is not edited; a new version is made. Raises `Refused`."""
    if db.session().principal.is_system or db.session().info.get("acting", ("",))[0] == "billing.quotation":
        return
    for change in changes:
        if (change.old.get("state") or change.record.state) not in OPEN:
            raise Refused(_("This quotation was sent. Make a new version."), code="sent")


def keep_sent_lines(lines: Iterable[Any]) -> None:
    """The same for its lines."""
    ids = {line.quotation_id for line in lines if line.quotation_id}
    with elevated("look whether quotations are drafts"):
        sent = select(Quotation.id).where(Quotation.id.in_(ids), Quotation.state.not_in(OPEN))
        if ids and db.session.scalar(sent.limit(1)) is not None:
            raise Refused(_("This quotation was sent. Make a new version."), code="sent")


def lines_of(quotation_id: int) -> list[QuotationLine]:
    """The lines of a quotation in their order."""
    chosen = select(QuotationLine).where(QuotationLine.quotation_id == quotation_id)
    return list(db.session.scalars(chosen.order_by(QuotationLine.position, QuotationLine.id)))


def follow_lines(lines: Iterable[Any]) -> None:
    """Sums, and the discount below what tier and volume give, follow the lines; runs in hooks, so by statements."""
    with elevated(WHY):
        for ident in sorted({line.quotation_id for line in lines if line.quotation_id}):
            _recount(ident)


def _recount(ident: int) -> None:
    rows, sums = lines_of(ident), Quotation()
    ledger.total_up(sums, rows)
    tier = db.session.scalar(
        select(Client.tier).join(Quotation, Quotation.client_id == Client.id).where(Quotation.id == ident)
    )
    items = _items({row.item_id for row in rows if row.item_id})
    listed, ruled, below = ZERO, ZERO, False
    for row in rows:
        listed += to_cents((row.list_price or ZERO) * row.quantity) if row.list_price else row.service_amount
        ruled += _by_rules(row, tier)
        floor = items[row.item_id].floor_price if row.item_id in items and row.list_price else None
        below = below or (floor is not None and row.service_amount < floor * row.quantity)
    granted = discount_pct(listed, sums.service_total) if sums.service_total < ruled else ZERO
    names = ("official_total", "disbursement_total", "service_total", "tax_total", "total")
    values = {name: getattr(sums, name) for name in names} | {"list_total": listed}
    values |= {"discount": granted or None, "below_floor": below, "version": Quotation.version + 1}
    change = update(Quotation).where(Quotation.id == ident).values(**values)
    db.session.execute(change, execution_options={"synchronize_session": False})
    for held in list(db.session().identity_map.values()):
        if isinstance(held, Quotation) and held.id == ident:
            db.session.expire(held)


def _by_rules(row: Any, tier: str | None) -> Decimal:
    """The service fee that tier and volume give without anybody's approval."""
    if not row.list_price:
        return row.service_amount
    percent = rate(agreed().prices, tier, int(row.quantity) if row.unit == "class" else 1)
    return service_fee(row.list_price, row.quantity, percent)


def _items(ids: set[int]) -> dict[int, PriceItem]:
    return {item.id: item for item in db.session.scalars(select(PriceItem).where(PriceItem.id.in_(ids)))}


def add_item(quotation: Quotation, given: dict[str, Any]) -> QuotationLine:
    """A line from the price list: counted on the quotation's case, or on what is told here."""
    item = db.session.scalars(select(PriceItem).where(PriceItem.id == given["item"])).one()
    client = db.session.get(Client, quotation.client_id)
    case = db.session.get(Case, quotation.case_id) if quotation.case_id else None
    tier = client.tier if client is not None else None
    matter = matter_of(case, tier=tier) if case is not None else Matter(_subject(given), tier)
    line = line_of(item, matter, fee_table(), given.get("quantity") or (None if case else Decimal(1)))
    made = _add(quotation.id, line)
    if given.get("rush"):
        _add(quotation.id, rush_line(line))
    return made


def _subject(given: dict[str, Any]) -> Subject:
    told = {name: given[name] for name in ("right_kind", "channel", "claims", "pages") if given.get(name)}
    return Subject(**told, reduction=Decimal(given.get("reduction") or 0), priorities=1)


def _add(quotation_id: int, line: dict[str, Any]) -> QuotationLine:
    values = {name: line.get(name) for name in (*COPIED, *MONEY, "item", "note", "list_price") if name in line}
    values |= {"quotation": quotation_id, "position": len(lines_of(quotation_id)) + 1}
    return create(QuotationLine, values, allow=("note", "list_price"))


def set_discount(quotation: Quotation, percent: Decimal, reason: str) -> None:
    """So many per cent off the list on every line, where that is better than tier and volume; official fees stay."""
    if not 0 <= percent <= HUNDRED:
        raise Invalid([FieldError("percent", "range", _("Give a number from 0 to 100."))])
    with elevated(WHY):
        tier = db.session.scalar(select(Client.tier).where(Client.id == quotation.client_id))
        for row in lines_of(quotation.id):
            if row.list_price:
                offered = service_fee(row.list_price, row.quantity, HUNDRED - percent)
                row.service_amount = min(offered, _by_rules(row, tier))
                row.note = percent_of_list(row.service_amount, row.list_price * row.quantity)
        quotation.discount_reason = reason
        quotation.approved_discount = quotation.approved_by_id = quotation.approved_at = None
        db.session.flush()


def is_open(quotation: Any) -> Any:
    """True, or the reason why it cannot be changed any more."""
    return True if quotation.state in OPEN else _("This quotation was sent. Make a new version.")


def is_sent(quotation: Any) -> Any:
    """True, or the reason why it cannot be answered."""
    return True if quotation.state == "sent" else _("Only a quotation that was sent is answered.")


def waits(quotation: Any) -> Any:
    """True, or the reason why there is nothing to approve."""
    return True if quotation.state == "waiting" else _("No discount waits for approval here.")


def can_revise(quotation: Any) -> Any:
    """True, or the reason why no new version is made."""
    return True if quotation.state in ("sent", "rejected") else _("Only a quotation that was sent gets a new version.")


def send(quotation: Quotation, valid_until: Any = None) -> dict[str, Any]:
    """Number it and let it count; a discount that nobody approved yet makes it wait. Raises `Refused`."""
    if not lines_of(quotation.id):
        raise Refused(_("A quotation without lines is not sent."), code="empty")
    if quotation.discount and (quotation.approved_discount or ZERO) < quotation.discount:
        quotation.state = "waiting"
        return {"state": "waiting", "message": _("The discount waits for approval.")}
    number_records(db.session(), [NUMBERS], [quotation])
    quotation.quoted_on = today()
    quotation.valid_until = valid_until or quotation.valid_until or today() + timedelta(days=agreed().valid_days)
    quotation.terms = quotation.terms or agreed().terms["zh"]
    quotation.state = "sent"
    db.session.flush()
    return {"state": "sent", "number": quotation.number, "message": _("%(n)s is sent.", n=quotation.number)}


def approve_discount(quotation: Quotation, opinion: str | None) -> None:
    """Another person, up to the limit of their role; below the floor price a partner. Raises `Refused`."""
    principal = current_principal()
    if principal.user_id in (quotation.quoted_by_id, quotation.created_by_id):
        raise Refused(_("You quoted it yourself; somebody else approves the discount."), code="separation_of_duties")
    discount = quotation.discount or ZERO
    if not within(agreed().discount_limits, discount, principal.roles, floor=quotation.below_floor):
        raise Refused(_("A discount of %(n)s %% goes beyond your limit.", n=discount), code="beyond_limit")
    quotation.approved_by_id, quotation.approved_at = principal.user_id, this_moment()
    quotation.approved_discount, quotation.state = discount, "draft"
    quotation.discount_reason = opinion or quotation.discount_reason


def is_expired(quotation: Any) -> bool:
    """Whether a quotation that nobody answered is past its day."""
    return quotation.state == "sent" and quotation.valid_until is not None and quotation.valid_until < today()


def accept(quotation: Quotation, note: str | None) -> dict[str, Any]:
    """The client says yes: a draft bill with the same lines arises. Raises `Refused` past the day of validity."""
    if is_expired(quotation):
        raise Refused(_("This quotation was valid until %(day)s.", day=quotation.valid_until), code="expired")
    quotation.state, quotation.answered_on, quotation.answer = "accepted", today(), note
    with elevated("an accepted quotation becomes a draft bill"):
        bill = Bill(client_id=quotation.client_id, case_id=quotation.case_id, title=quotation.subject)
        bill.source, bill.quotation_id, bill.currency = "quotation", quotation.id, quotation.currency
        bill.branch_id, bill.department_id = quotation.branch_id, quotation.department_id
        db.session.add(bill)
        db.session.flush()
        for row in lines_of(quotation.id):
            kept = {name: getattr(row, name) for name in (*COPIED, *MONEY, "list_price", "note", "item_id")}
            db.session.add(BillLine(bill_id=bill.id, case_id=quotation.case_id, **kept))
        quotation.bill_id, ident = bill.id, bill.id
        db.session.flush()
    return {"bill": ident, "message": _("Accepted; a draft bill was made.")}


def reject(quotation: Quotation, reason: str) -> None:
    """The client says no."""
    quotation.state, quotation.answered_on, quotation.answer = "rejected", today(), reason


def revise(quotation: Quotation) -> dict[str, Any]:
    """A new version with the same number; the old one is kept and counts no more. Raises `Conflict`."""
    newest = select(Quotation.id).where(Quotation.base_number == quotation.base_number).order_by(-Quotation.edition)
    if db.session.scalar(newest.limit(1)) != quotation.id:
        raise Conflict(_("There is a newer version already."), code="newer")
    kept = ("subject", "terms", "scope_in", "scope_out", "currency")
    values = {name: getattr(quotation, name) for name in kept}
    values |= {name: getattr(quotation, f"{name}_id") for name in ("client", "case", "contact")}
    more = {"base_number": quotation.base_number, "edition": quotation.edition + 1, "replaces": quotation.id}
    fresh = create(Quotation, values | more, allow=tuple(more))
    for row in lines_of(quotation.id):
        line = {name: getattr(row, name) for name in (*COPIED, *MONEY, "list_price", "note")}
        create(QuotationLine, line | {"quotation": fresh.id, "item": row.item_id}, allow=("list_price", "note"))
    quotation.state = "replaced"
    return {"id": fresh.id, "url": f"/r/billing.quotation/{fresh.id}"}
