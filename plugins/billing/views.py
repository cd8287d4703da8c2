"""Lists, pages, forms and menus of prices, bills, payments and quotations, and the tabs on clients and cases."""

from __future__ import annotations

from typing import Any

from core import Column, DetailView, FormView, Lines, ListView, Menu, Preset, Related, Section, Tab, View, _
from plugins.billing import pages

BILL, PAYMENT, QUOTATION = "billing.bill", "billing.payment", "billing.quotation"
OPEN = {"state__in": "issued,part_paid"}
STATE = Column("state", template="billing/cell_state.html", needs=("state", "due_on", "balance"), sort="state")
BALANCE = Column(
    "balance", template="billing/cell_balance.html", needs=("state", "balance", "currency"), sort="balance"
)
LINE_COLUMNS = ("description", "quantity", "unit", "official_amount", "disbursement_amount", "service_amount")
SUMS = Section(
    "sums", _("Amounts"), ("official_total", "disbursement_total", "service_total", "tax_total", "total", "currency")
)


def views() -> list[View]:
    """All views of the plugin's records."""
    return [*_prices(), *_bills(), *_lines(), *_payments(), *_requests(), *_quotations()]


def _prices() -> list[View]:
    item, fee = "billing.price_item", "billing.official_fee"
    main = Section("main", _("Service item"), ("code", "name", "name_en", "group", "unit", "active"))
    price = Section("price", _("Price"), ("list_price", "floor_price", "tax_rate", "official_fees", "counting"))
    due = Section(
        "due", _("Falls due"), ("events", "case_types", "repeats", "revenue_moment", "commission_base", "internal_days")
    )
    fees = Section(
        "main",
        _("Official fee"),
        ("code", "name", "right_kind", "channel", "step", "amount", "per", "reducible", "valid_from", "valid_to"),
    )
    more = Section("more", _("Source"), ("certainty", "note"))
    return [
        ListView(
            item,
            columns=tuple(
                Column(key, shown=key not in ("counting", "revenue_moment", "floor_price"))
                for key in (
                    *("name", "code", "group", "unit", "list_price", "floor_price", "official_fees", "events"),
                    *("counting", "revenue_moment"),
                )
            ),
            filters=("group", "unit", "active", "events", "case_types"),
            group_by=("group", "unit"),
            presets=(
                Preset("offered", _("On offer"), {"active": "true"}, sort="code", default=True),
                Preset("by_itself", _("Billed by themselves"), {"events__isnull": "false"}, sort="code"),
            ),
            sort="code",
        ),
        DetailView(item, subtitle=("code",), tags=("group",), facts=(main, price, due, Section("n", "", ("note",)))),
        FormView(item, sections=(main, price, due, Section("note", _("Note"), ("note",)))),
        ListView(
            fee,
            columns=tuple(
                map(
                    Column,
                    ("name", "code", "right_kind", "channel", "step", "amount", "per", "reducible", "valid_from"),
                )
            ),
            filters=("code", "right_kind", "channel", "reducible", "valid_from", "valid_to"),
            group_by=("code", "right_kind"),
            sort="code",
        ),
        DetailView(fee, subtitle=("code",), facts=(fees, more)),
        FormView(fee, sections=(fees, more)),
    ]


def _bill_list() -> ListView:
    return ListView(
        BILL,
        columns=(
            Column("title"),
            Column("number"),
            Column("client"),
            Column("total"),
            BALANCE,
            Column("due_on"),
            STATE,
            Column("issued_on", shown=False),
            Column("official_total", shown=False),
            Column("service_total", shown=False),
            Column("reminded_on", shown=False),
            Column("branch", shown=False),
        ),
        filters=("state", "client", "case", "branch", "due_on", "issued_on", "source", "kind", "balance"),
        group_by=("state", "client", "branch", "source"),
        presets=(
            Preset("open", _("Awaiting payment"), OPEN, sort="due_on", default=True),
            Preset("draft", _("To issue"), {"state": "draft"}, sort="-id"),
            Preset("overdue", _("Overdue"), OPEN | {"due_on__lt": "today"}, sort="due_on"),
            Preset("dunning", _("To remind"), OPEN | {"due_on__lt": "today", "reminded_on__isnull": "true"}, "due_on"),
            Preset("paid", _("Paid"), {"state": "paid"}, sort="-issued_on"),
            Preset("all", _("All bills"), {}, sort="-id"),
        ),
        sort="-id",
        empty=_("Bills come by themselves from the events of cases, or from accepted quotations."),
    )


def _bills() -> list[View]:
    whose = Section("whose", _("Bill"), ("client", "case", "title", "reference", "due_on", "currency", "remark"))
    facts = Section(
        "facts",
        _("Bill"),
        ("client", "case", "reference", "issued_on", "due_on", "issued_by", "quotation", "corrects", "remark"),
    )
    inner = Section(
        "inner",
        _("In the house"),
        ("branch", "department", "source", "cost", "reminded_on", "reminders", "void_reason"),
        folded=True,
    )
    return [
        _bill_list(),
        DetailView(
            BILL,
            subtitle=("number", "client"),
            badge="state",
            tags=("kind",),
            head_template="billing/bill_head.html",
            head_context=pages.bill_head,
            facts=(facts, inner),
            tabs=(
                Tab(
                    "payments",
                    _("Payments"),
                    template="billing/bill_payments.html",
                    context=pages.bill_payments,
                    count=pages.count_payments,
                ),
            ),
        ),
        FormView(
            BILL,
            sections=(whose, Section("inner", _("In the house"), ("branch", "department", "cost"))),
            lines=(
                Lines("billing.bill_line", "bill", LINE_COLUMNS, _("Lines"), "position", lambda b: b.state == "draft"),
            ),
        ),
    ]


def _lines() -> list[View]:
    made = []
    for record, whole in (("billing.bill_line", "bill"), ("billing.quotation_line", "quotation")):
        fields = (whole, "position", "description", "description_en", "quantity", "unit")
        money = ("official_amount", "disbursement_amount", "service_amount", "tax_rate")
        more = ("case", "item") if whole == "bill" else ("item",)
        what, sums = Section("what", _("Service item"), (*fields, *more)), Section("money", _("Amounts"), money)
        shown = Section("money", _("Amounts"), (*money, "tax", "total", "list_price", "note"))
        made += [
            FormView(record, sections=(what, sums)),
            DetailView(record, subtitle=(whole,), facts=(what, shown)),
            ListView(record, columns=tuple(map(Column, (*LINE_COLUMNS, "total", whole))), sort="position"),
        ]
    return made


def _payment_list() -> ListView:
    return ListView(
        PAYMENT,
        columns=(
            Column("number"),
            Column("client"),
            Column("received_on"),
            Column("amount"),
            Column("unallocated"),
            Column("payer"),
            Column("reference"),
            Column("state"),
            Column("method", shown=False),
            Column("source", shown=False),
        ),
        filters=("state", "client", "received_on", "method", "source", "branch", "unallocated"),
        group_by=("state", "client", "method"),
        presets=(
            Preset("free", _("Not allocated"), {"unallocated__gt": "0"}, sort="received_on", default=True),
            Preset("announced", _("To confirm"), {"state": "announced"}, sort="received_on"),
            Preset("all", _("All payments"), {}, sort="-received_on"),
        ),
        sort="-received_on",
    )


def _payments() -> list[View]:
    money = Section("money", _("Receipt of money"), ("client", "received_on", "amount", "currency", "method"))
    payer = Section("payer", _("Payer"), ("payer", "payer_account", "reference", "note"))
    state = Section(
        "state",
        _("Booking"),
        ("allocated", "refunded", "unallocated", "confirmed_by", "confirmed_at", "branch", "reverse_reason"),
    )
    return [
        _payment_list(),
        DetailView(
            PAYMENT,
            subtitle=("client", "received_on"),
            badge="state",
            head_template="billing/payment_head.html",
            head_context=pages.payment_head,
            facts=(money, payer, state),
            tabs=(
                Tab(
                    "allocations",
                    _("Allocations"),
                    related=Related(
                        "billing.allocation",
                        "payment",
                        ("bill", "part", "amount", "allocated_on", "undone_at", "undo_reason"),
                        sort="-id",
                        limit=50,
                    ),
                ),
                Tab(
                    "refunds", _("Refunds"), related=Related("billing.refund", "payment", ("reason", "amount", "state"))
                ),
            ),
        ),
        FormView(PAYMENT, sections=(money, payer)),
        ListView(
            "billing.allocation",
            columns=tuple(
                map(Column, ("bill", "payment", "part", "amount", "allocated_on", "same_person", "undone_at"))
            ),
            filters=("bill", "payment", "part", "same_person", "allocated_on"),
            presets=(
                Preset("one", _("Issued and received by one person"), {"same_person": "true"}, sort="-id"),
                Preset("all", _("All allocations"), {}, sort="-id", default=True),
            ),
        ),
    ]


def _requests() -> list[View]:
    refund, off = "billing.refund", "billing.write_off"
    decided = ("state", "requested_by", "decided_by", "decided_at", "opinion")
    waiting = Preset("waiting", _("To decide"), {"state": "requested"}, sort="-id", default=True)
    every = Preset("all", _("All of them"), {}, sort="-id")
    made = []
    for record, fields in ((refund, ("payment", "client", "amount", "reason")), (off, ("bill", "amount", "reason"))):
        columns = tuple(map(Column, ("reason", *(f for f in fields if f != "reason"), "state", "requested_by")))
        made += [
            ListView(record, columns=columns, filters=("state", "amount"), presets=(waiting, every), sort="-id"),
            DetailView(record, badge="state", facts=(Section("main", "", (*fields, *decided)),)),
        ]
    return [*made, FormView(refund, sections=(Section("main", _("Refund"), ("payment", "amount", "reason")),))]


def _quotations() -> list[View]:
    whose = Section("whose", _("Quotation"), ("client", "contact", "case", "subject", "valid_until", "terms"))
    scope = Section("scope", _("Scope"), ("scope_in", "scope_out"))
    discount = Section(
        "discount",
        _("Discount"),
        ("discount", "discount_reason", "below_floor", "approved_discount", "approved_by", "approved_at", "margin"),
    )
    way = Section("way", _("Client's answer"), ("quoted_by", "quoted_on", "answered_on", "answer", "replaces", "bill"))
    return [
        ListView(
            QUOTATION,
            columns=(
                Column("subject"),
                Column("number"),
                Column("client"),
                Column("total"),
                Column("discount"),
                Column("valid_until"),
                Column("state"),
            ),
            filters=("state", "client", "quoted_by", "valid_until", "discount"),
            group_by=("state", "client", "quoted_by"),
            presets=(
                Preset("live", _("Under way"), {"state__in": "draft,waiting,sent"}, sort="-id", default=True),
                Preset("waiting", _("Discount to approve"), {"state": "waiting"}, sort="-id"),
                Preset("expired", _("Expired"), {"state": "sent", "valid_until__lt": "today"}, sort="valid_until"),
                Preset("accepted", _("Accepted by the client"), {"state": "accepted"}, sort="-answered_on"),
                Preset("all", _("All quotations"), {}, sort="-id"),
            ),
            sort="-id",
        ),
        DetailView(
            QUOTATION,
            subtitle=("number", "client"),
            badge="state",
            head_template="billing/quotation_head.html",
            head_context=pages.quotation_head,
            facts=(whose, scope, discount, way),
        ),
        FormView(
            QUOTATION,
            sections=(whose, scope),
            lines=(Lines("billing.quotation_line", "quotation", LINE_COLUMNS, _("Lines"), "position", _is_open),),
        ),
    ]


def _is_open(quotation: Any) -> bool:
    return quotation.state in ("draft", "waiting")


def menus() -> list[Menu]:
    """Entries of the sidebar."""
    given: tuple[tuple[str, Any, str, str, int, str], ...] = (
        ("bills", _("Bills"), "receipt", "business", 30, BILL),
        ("payments", _("Payments"), "coins", "business", 31, PAYMENT),
        ("quotations", _("Quotations"), "file-text", "business", 29, QUOTATION),
        ("prices", _("Price list"), "tags", "settings", 50, "billing.price_item"),
        ("official_fees", _("Official fees"), "scale", "settings", 51, "billing.official_fee"),
    )
    made = [
        Menu(key, label, icon, group, order, record=record, permission=(record, "read"))
        for key, label, icon, group, order, record in given
    ]
    ageing = Menu(
        "ageing", _("Receivables"), "report-money", "business", 32, url="/billing/ageing", permission=(BILL, "read")
    )
    return [*made, ageing]


def client_tab() -> Tab:
    """Bills on the page of a client."""
    return Tab(
        "bills",
        _("Bills"),
        template="billing/of_client.html",
        context=pages.of_client,
        count=pages.count_of_client,
        when=lambda _client: pages.may_read(),
    )


def case_tab() -> Tab:
    """Bills on the page of a case."""
    return Tab(
        "bills",
        _("Bills"),
        template="billing/of_case.html",
        context=pages.of_case,
        count=pages.count_of_case,
        when=lambda _case: pages.may_read(),
    )
