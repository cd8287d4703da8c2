"""Lists, pages, forms and menus of this plugin, and its panel on the page of a bill."""

from __future__ import annotations

from typing import Any

from core import (
    Column,
    DetailView,
    FormView,
    Lead,
    ListView,
    Menu,
    Panel,
    Preset,
    Related,
    Section,
    Tab,
    View,
    _,
    current_principal,
)
from plugins.finance_bridge import pages
from plugins.finance_bridge.choices import DEAD

NAME = "finance_bridge"
CONNECTION, BOOK, MAPPING, DOCUMENT = (f"{NAME}.{n}" for n in ("connection", "book", "mapping", "document"))
EXCHANGE, SHEET, RECONCILIATION = (f"{NAME}.{n}" for n in ("exchange", "sheet", "reconciliation"))


def views() -> list[View]:
    """All views of the plugin's records."""
    return [*_connections(), *_books(), *_documents(), *_exchanges(), *_sheets(), *_reconciliations()]


def _connections() -> list[View]:
    place = ("name", "kind", "prefix", "active")
    signing = ("address", "account_set", "user_name", "app_id", "app_secret", "org", "sign_in")
    rare = ("client_secret", "ca_file", "timeout", "settle_seconds", "keep_days")
    state = ("reach", "reach_at", "reach_note")
    forms = (
        Section("place", _("Connection"), place),
        Section("signing", _("Kingdee K3Cloud"), signing),
        Section("rare", _("Seldom needed"), rare, folded=True),
    )
    facts = (*forms, Section("state", _("Last heard of"), state))
    books = Related(BOOK, "connection", ("name", "branch", "mode", "state"))
    return [
        ListView(
            CONNECTION,
            columns=tuple(map(Column, ("name", "kind", "prefix", "address", "active", "reach", "reach_at"))),
            filters=("kind", "active", "reach"),
            empty=_("No ledger is connected yet."),
        ),
        FormView(CONNECTION, sections=forms),
        DetailView(
            CONNECTION,
            subtitle=("kind", "address"),
            badge="reach",
            facts=facts,
            tabs=(Tab("books", _("Account books"), related=books),),
        ),
    ]


def _books() -> list[View]:
    main = ("name", "connection", "branch", "mode", "start_on", "closed_until")
    receivable = ("settle_org", "pay_org")
    voucher = ("ledger", "voucher_group", "key_field")
    more = ("customer_codes", "auto_audit")
    forms = (
        Section("main", _("Account book"), main),
        Section("receivable", _("For receivables"), receivable),
        Section("voucher", _("For vouchers"), voucher),
        Section("more", _("Also"), more),
    )
    documents = Related(DOCUMENT, "book", ("external_key", "amount", "day", "state", "payment"), sort="-id")
    codes = Related(MAPPING, "book", ("kind", "source", "target", "target_name", "good"), sort="kind")
    return [
        ListView(
            BOOK,
            columns=tuple(map(Column, ("name", "connection", "branch", "mode", "start_on", "state", "polled_at"))),
            filters=("connection", "branch", "mode", "state"),
            empty=_("No account book yet: bills stay here until one is set up."),
        ),
        FormView(BOOK, sections=forms),
        DetailView(
            BOOK,
            subtitle=("mode",),
            badge="state",
            head_template="finance_bridge/book.html",
            head_context=pages.book_head,
            facts=(*forms, Section("state", _("Last heard of"), ("polled_at",))),
            tabs=(
                Tab("documents", _("Finance documents"), related=documents),
                Tab("mapping", _("Mapping"), related=codes),
            ),
        ),
        ListView(
            MAPPING,
            columns=tuple(map(Column, ("target", "book", "kind", "source", "client", "target_name", "good"))),
            filters=("book", "kind", "good"),
            group_by=("book", "kind"),
        ),
        FormView(MAPPING, sections=(Section("main", _("Mapping"), ("book", "kind", "source", "client", "target")),)),
    ]


def _documents() -> list[View]:
    own = ("day", "due", "customer_code", "remark")
    mend = Section("mend", _("May be mended while it is held or failed"), own, when=lambda row: row.state in DEAD)
    booking = Section("booking", _("Booking and remark"), own, when=lambda row: row.state not in DEAD)
    what = ("bill", "client", "amount", "currency", "mode", "sign", "reverses", "book", "branch")
    way = ("state", "reason", "error", "attempts", "next_at", "doubt_since", "doubt_looks", "sent_at", "confirmed_at")
    there = ("remote_number", "remote_id", "remote_state", "payment", "remote_paid", "booked", "accepted")
    exchanges = Related(EXCHANGE, "document", ("operation", "at", "outcome", "http_status", "duration_ms"), sort="-id")
    return [
        ListView(
            DOCUMENT,
            columns=(
                *map(
                    Column, ("external_key", "client", "amount", "day", "state", "reason", "remote_number", "payment")
                ),
                *(Column(key, shown=False) for key in ("bill", "book", "mode", "sign", "attempts", "error")),
                *(Column(key, shown=False) for key in ("difference", "remote_paid", "next_at", "confirmed_at")),
            ),
            filters=("state", "reason", "book", "client", "payment", "difference", "mode", "sign", "day"),
            group_by=("state", "reason", "book", "client"),
            presets=(
                Preset("all", _("All"), {}, sort="-id"),
                Preset("dead", _("Needs a person"), {"state__in": "failed,held"}, sort="-id"),
                Preset("unknown", _("Unknown"), {"state": "unknown"}, sort="id"),
                Preset("waiting", _("On the way"), {"state__in": "pending,sent"}, sort="id"),
                Preset("differs", _("Payments differ"), {"difference__isnull": "false"}, sort="-id"),
            ),
            sort="-id",
            empty=_("Documents come by themselves when bills are issued."),
            leads=(
                Lead(_("Make a bill"), "/r/billing.bill/new", ("billing.bill", "create")),
                Lead(_("Enter a receipt of money"), "/r/billing.payment/new", ("billing.payment", "create"), "coins"),
            ),
        ),
        FormView(DOCUMENT, sections=(Section("mend", _("May be mended while it is held or failed"), own),)),
        DetailView(
            DOCUMENT,
            subtitle=("remote_number",),
            badge="state",
            head_template="finance_bridge/document.html",
            head_context=pages.document_head,
            facts=(
                Section("what", _("Finance document"), what),
                mend,
                booking,
                Section("way", _("On its way"), way, folded=True),
                Section("there", _("In the ledger"), (*there, "difference", "left_alone", "sheet")),
            ),
            tabs=(Tab("exchanges", _("Exchanges"), related=exchanges),),
        ),
    ]


def _exchanges() -> list[View]:
    bodies = Section("bodies", _("Bodies"), ("request", "answer", "error"))
    facts = ("connection", "document", "at", "operation", "form", "outcome", "http_status", "duration_ms")
    shown = ("operation", "form", "document", "at", "outcome", "http_status", "duration_ms", "error")
    return [
        ListView(
            EXCHANGE,
            columns=(*map(Column, shown), Column("connection", shown=False)),
            filters=("outcome", "operation", "form", "connection", "document", "at", "http_status"),
            group_by=("outcome", "operation", "connection"),
            presets=(
                Preset("all", _("All"), {}, sort="-id"),
                Preset("bad", _("Gone wrong"), {"outcome__ne": "ok"}, sort="-id"),
                Preset("writes", _("Writes"), {"operation": "Save"}, sort="-id"),
            ),
            sort="-id",
            empty=_("Nothing was exchanged with a ledger yet."),
        ),
        DetailView(
            EXCHANGE,
            subtitle=("form",),
            badge="outcome",
            facts=(Section("main", _("Exchange"), facts), bodies),
        ),
    ]


def _sheets() -> list[View]:
    columns = ("name", "book", "direction", "state", "matched", "unmatched", "doubled", "known", "total")
    documents = Related(DOCUMENT, "sheet", ("external_key", "amount", "day", "state"), sort="id")
    return [
        ListView(SHEET, columns=tuple(map(Column, columns)), filters=("book", "direction", "state"), sort="-id"),
        DetailView(
            SHEET,
            badge="state",
            head_template="finance_bridge/sheet.html",
            head_context=pages.sheet_head,
            facts=(Section("main", _("Finance sheet"), (*columns[1:], "file", "sha256")),),
            tabs=(
                Tab(
                    "documents", _("Finance documents"), related=documents, when=lambda sheet: sheet.direction == "out"
                ),
            ),
        ),
    ]


def _reconciliations() -> list[View]:
    counts = ("bill_count", "bill_total", "confirmed_count", "confirmed_total", "remote_count", "remote_total")
    columns = ("name", "state", "bill_count", "bill_total", "confirmed_total", "remote_total", "difference_count")
    return [
        ListView(
            RECONCILIATION,
            columns=(*map(Column, columns), Column("book", shown=False)),
            filters=("book", "state", "day"),
            group_by=("book", "state"),
            sort="-day",
            empty=_("The first comparison is made tomorrow morning; an account book can ask for one now."),
        ),
        DetailView(
            RECONCILIATION,
            subtitle=("day",),
            badge="state",
            head_template="finance_bridge/reconciliation.html",
            head_context=pages.reconciliation_head,
            facts=(Section("main", _("Sums"), ("book", "since", *counts, "difference_count")),),
        ),
    ]


def menus() -> list[Menu]:
    """One entry for the daily work, two for the set-up."""
    return [
        Menu(
            "finance",
            _("Finance bridge"),
            "transfer",
            "business",
            70,
            url="/finance",
            count=pages.dead_count,
            urgent=True,
            permission=(DOCUMENT, "read"),
        ),
        Menu("books", _("Account books"), "book", "settings.data", 61, record=BOOK, permission=(BOOK, "read")),
        Menu(
            "connections",
            _("Finance connections"),
            "plug",
            "settings.data",
            60,
            record=CONNECTION,
            permission=(CONNECTION, "read"),
        ),
    ]


def bill_panel(bill: Any) -> list[Panel]:
    """Beside a bill: where it stands in the ledger."""
    if not current_principal().can(DOCUMENT, "read"):
        return []
    context = pages.of_bill(bill)
    return [Panel("finance_bridge/bill.html", context, order=10, key="finance")] if context["documents"] else []
