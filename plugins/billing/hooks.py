"""What the plugin hooks into; each function delegates."""

from __future__ import annotations

from typing import Any

from core import (
    Action,
    Change,
    Configuration,
    Demo,
    DocumentKind,
    Endpoints,
    FieldRule,
    Grant,
    Menu,
    NumberRule,
    Panel,
    Record,
    Scopes,
    Seed,
    Setting,
    View,
    hookimpl,
)
from plugins.billing import (
    actions,
    bills,
    bounds,
    configuring,
    demo,
    documents,
    drafting,
    endpoints,
    home,
    ledger,
    quoting,
    receipts,
    requests,
    rights,
    seed,
    settings,
    views,
)
from plugins.billing.records import (
    RECORDS,
    Bill,
    BillLine,
    Payment,
    Quotation,
    QuotationLine,
    Refund,
    WriteOff,
)
from plugins.cases import Event


@hookimpl
def register_records() -> list[type[Record]]:
    """Prices, official fees, quotations, bills, payments, allocations, refunds, write-offs."""
    return list(RECORDS)


@hookimpl
def register_scopes() -> dict[str, Scopes]:
    """Whose money it is."""
    return rights.scopes()


@hookimpl
def register_grants() -> list[Grant]:
    """Who may do what with it."""
    return rights.grants()


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Floor prices, costs, accounts; what clients see."""
    return rights.field_rules()


@hookimpl
def register_actions() -> list[Action]:
    """Issue, credit, void; confirm, allocate, take back, reverse."""
    return actions.actions()


@hookimpl
def register_views() -> list[View]:
    """Lists, pages, forms."""
    return views.views()


@hookimpl
def register_menus() -> list[Menu]:
    """The sidebar."""
    return views.menus()


@hookimpl
def register_endpoints() -> list[Endpoints]:
    """Receivables and statements."""
    return [endpoints.billing]


@hookimpl
def register_documents() -> list[DocumentKind]:
    """Quotation, bill, statement of account."""
    return documents.kinds()


@hookimpl
def register_numbering() -> list[NumberRule]:
    """Receipts are numbered when they are entered; bills when they are issued."""
    return [receipts.NUMBERS]


@hookimpl
def register_configuration() -> list[Configuration]:
    """The price list."""
    return configuring.parts()


@hookimpl
def register_settings() -> list[Setting]:
    """Days, limits and percentages that the agency agrees."""
    return settings.declared()


@hookimpl
def register_seed() -> list[Seed]:
    """The price list and the official fees."""
    return [Seed("billing.fees", seed.seed_fees), Seed("billing.prices", seed.seed_prices)]


@hookimpl
def register_demo() -> list[Demo]:
    """Bills in all states, payments, quotations."""
    return [Demo(70, demo.load)]


@hookimpl
def before_create(model: type[Record], records: list[Any]) -> None:
    """Places and currencies of what is new; no lines on what was issued or sent."""
    if complete := COMPLETE.get(model):
        complete(records)
    if model in WHOLES:
        bounds.check_wholes(records)
    if model in KEEP_LINES:
        KEEP_LINES[model](records)
        bills.check_lines(records)
        bounds.check_lines(records)


@hookimpl
def before_update(model: type[Record], changes: list[Change]) -> None:
    """What was issued, sent, decided or has arrived is not edited."""
    if keep := KEEP.get(model):
        keep(changes)
    if model in WHOLES:
        bounds.check_changed(changes)
    elif model is Refund:
        bounds.keep_asked(changes)
    elif model in KEEP_LINES:
        lines = [change.record for change in changes]
        bounds.keep_on_whole(changes)
        KEEP_LINES[model](lines)
        bills.check_lines(lines)
        bounds.check_lines(lines)


@hookimpl
def before_delete(model: type[Record], records: list[Any]) -> None:
    """Nor are lines of it removed."""
    if model in KEEP_LINES:
        KEEP_LINES[model](records)


@hookimpl
def after_create(model: type[Record], records: list[Any]) -> None:
    """Sums follow lines, drafts follow the events of cases; money that arrived is told."""
    if model in FOLLOW:
        FOLLOW[model](records)
    elif model is Payment:
        receipts.announce(records)
    elif model is Event:
        drafting.follow_events(records)


@hookimpl
def after_update(model: type[Record], changes: list[Change]) -> None:
    """Sums follow lines; an event that waited and now moved its case makes its bill."""
    if model in FOLLOW:
        FOLLOW[model]([change.record for change in changes])
    elif model is Event:
        drafting.follow_events([change.record for change in changes if change.old.get("waiting")])


@hookimpl
def after_delete(model: type[Record], records: list[Any]) -> None:
    """Sums follow lines."""
    if model in FOLLOW:
        FOLLOW[model](records)


@hookimpl
def filter_list_rows(record_key: str, rows: list[dict[str, Any]]) -> None:
    """Which bills of a list are overdue."""
    if record_key == "billing.bill" and rows and {"state", "due_on", "balance"} <= rows[0].keys():
        for row in rows:
            row["overdue"] = ledger.is_overdue(row["state"], row["due_on"], row["balance"])


@hookimpl
def filter_detail_view(view: View) -> View | None:
    """Bills on the pages of clients and cases."""
    if view.record == "clients.client":
        return view.with_tab(views.client_tab())
    return view.with_tab(views.case_tab()) if view.record == "cases.case" else None


@hookimpl
def slot_home() -> list[Panel]:
    """What waits for finance."""
    return home.panels()


COMPLETE = {
    Bill: bills.defaults,
    Payment: receipts.defaults,
    Quotation: quoting.defaults,
    Refund: requests.complete_refunds,
}
KEEP = {
    Bill: bills.keep_issued,
    Payment: receipts.keep_amounts,
    Quotation: quoting.keep_sent,
    Refund: requests.keep_decided,
    WriteOff: requests.keep_decided,
}
WHOLES = (Bill, Quotation, Payment)
KEEP_LINES = {BillLine: bills.keep_issued_lines, QuotationLine: quoting.keep_sent_lines}
FOLLOW = {BillLine: bills.follow_lines, QuotationLine: quoting.follow_lines}
