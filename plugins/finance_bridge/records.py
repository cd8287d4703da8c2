"""The records of this plugin: how to reach a ledger, what goes there, and what was said. No behaviour here."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.finance_bridge import choices

ZERO = Decimal("0.00")


def key_prefix(value: str) -> str:
    """What all our keys in that ledger begin with; raises `ValueError`."""
    if not re.fullmatch(r"[A-Za-z0-9]{2,8}", value):
        raise ValueError(_("Two to eight letters or digits."))
    return value.upper()


def field_name(value: str) -> str:
    """A field of a form over there; raises `ValueError`."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,59}", value):
        raise ValueError(_("The name of a field: letters, digits and underscores."))
    return value


def seconds(value: int) -> int:
    """A waiting time; raises `ValueError`."""
    if not 0 <= value <= 3600:
        raise ValueError(_("Between 0 and 3600 seconds."))
    return value


def patience(value: int) -> int:
    """How long an answer is awaited; three times it must fit well into the time that a claim lasts."""
    if not 1 <= value <= 60:
        raise ValueError(_("Between 1 and 60 seconds."))
    return value


def journal_days(value: int) -> int:
    """How long the journal is kept: at least half a year, as logs are to be kept, at most ten years."""
    if not 183 <= value <= 3650:
        raise ValueError(_("Between 183 and 3650 days."))
    return value


class Connection(Record):
    """One account set of a ledger and how it is reached."""

    __record__ = {
        "key": "finance_bridge.connection",
        "open": "ledgers of the whole agency, for the few who keep them",
        "label": _("Finance connection"),
        "plural": _("Finance connections"),
        "title": "name",
        "icon": "plug",
        "order": "name",
        "archive": False,
    }

    name: Mapped[str] = fields.text(_("Name"), required=True, unique=True, max_length=120)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.KINDS, required=True)
    prefix: Mapped[str] = fields.text(
        _("Prefix of our keys"),
        required=True,
        unique=True,
        max_length=8,
        validate=key_prefix,
        help=_("Begins the number of every document that we send, so that it is found again. Never change it."),
    )
    active: Mapped[bool] = fields.boolean(_("Active"), default=True)
    address: Mapped[str | None] = fields.text(
        _("Address"), max_length=300, help=_("https://erp.example.com/k3cloud; plain http only to this machine.")
    )
    account_set: Mapped[str | None] = fields.text(_("Account set id"), max_length=80)
    user_name: Mapped[str | None] = fields.text(_("Integration user"), max_length=80)
    app_id: Mapped[str | None] = fields.text(_("Application id"), max_length=120)
    app_secret: Mapped[str | None] = fields.secret(_("Application secret"))
    client_secret: Mapped[str | None] = fields.secret(
        _("Replaced client secret"), help=_("Only where x-kdapi-secpwd is set over there.")
    )
    org: Mapped[str | None] = fields.text(_("Organisation number"), max_length=40)
    sign_in: Mapped[str] = fields.choice(_("Signing in"), choices.SIGN_INS, required=True, default="signed")
    ca_file: Mapped[str | None] = fields.text(
        _("Private certificate authority (file on the server)"),
        max_length=300,
        help=_("Adds to the known authorities. Certificates are always verified."),
    )
    timeout: Mapped[int] = fields.integer(_("Patience in seconds"), required=True, default=30, validate=patience)
    settle_seconds: Mapped[int] = fields.integer(
        _("Rest before an unknown outcome is decided (seconds)"),
        required=True,
        default=120,
        validate=seconds,
        help=_("Longer than the slowest save over there, so that a late success is still seen."),
    )
    keep_days: Mapped[int] = fields.integer(
        _("Journal kept for (days)"),
        required=True,
        default=400,
        validate=journal_days,
        help=_("What was said about documents that still need somebody is kept in any case."),
    )
    reach: Mapped[str] = fields.choice(
        _("Reachable"), choices.REACH, required=True, default="unknown", readonly=True, track=False
    )
    reach_note: Mapped[str | None] = fields.text(_("What it said"), readonly=True, max_length=400, track=False)
    reach_at: Mapped[datetime | None] = fields.datetime(_("Last heard of"), readonly=True, track=False)


class Book(Record):
    """An account book: which bills go there, as what, with which codes."""

    __record__ = {
        "key": "finance_bridge.book",
        "label": _("Account book"),
        "plural": _("Account books"),
        "title": "name",
        "icon": "book",
        "order": "name",
        "archive": False,
    }

    name: Mapped[str] = fields.text(_("Name"), required=True, max_length=120)
    connection_id: Mapped[int] = fields.link("finance_bridge.connection", _("Connection"), required=True)
    branch_id: Mapped[int | None] = fields.link(
        "core.branch", _("Branch"), help=_("Empty: all branches without a book of their own.")
    )
    mode: Mapped[str] = fields.choice(
        _("A bill becomes"),
        choices.MODES,
        required=True,
        help=_("Writing both would book the money twice, so there is no preset: ask the bookkeeper."),
    )
    start_on: Mapped[date] = fields.date(_("Bills issued from"), required=True)
    closed_until: Mapped[date | None] = fields.date(
        _("Books closed until"), help=_("Bills of these days are held for a person.")
    )
    settle_org: Mapped[str | None] = fields.text(_("Settlement organisation"), max_length=40)
    pay_org: Mapped[str | None] = fields.text(_("Receiving organisation"), max_length=40)
    ledger: Mapped[str | None] = fields.text(_("Account book number"), max_length=40)
    voucher_group: Mapped[str | None] = fields.text(_("Voucher group"), max_length=40)
    key_field: Mapped[str | None] = fields.text(
        _("Field for our key"),
        max_length=60,
        validate=field_name,
        help=_("Receivables: FBillNo unless given. Vouchers: the agreed extension field, for example F_ZA_KEY."),
    )
    customer_codes: Mapped[str] = fields.choice(
        _("Customer codes"), choices.CUSTOMER_CODES, required=True, default="client_number"
    )
    auto_audit: Mapped[bool] = fields.boolean(
        _("Audit by itself"), default=False, help=_("Off: a person in finance audits each document.")
    )
    state: Mapped[str] = fields.choice(_("Status"), choices.BOOK_STATES, required=True, default="draft", readonly=True)
    cursor: Mapped[str | None] = fields.text(_("Polled up to"), readonly=True, hidden=True, track=False, max_length=40)
    polled_at: Mapped[datetime | None] = fields.datetime(_("Payments asked for at"), readonly=True, track=False)


class Mapping(Record):
    """One of our codes and what the ledger calls it."""

    __record__ = {
        "key": "finance_bridge.mapping",
        "label": _("Finance mapping"),
        "plural": _("Finance mappings"),
        "title": "target",
        "icon": "arrows-exchange",
        "order": "kind",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("book_id", "kind", "source"),)

    book_id: Mapped[int] = fields.link("finance_bridge.book", _("Account book"), required=True, on_delete="cascade")
    kind: Mapped[str] = fields.choice(_("Kind"), choices.MAPPINGS, required=True)
    source: Mapped[str] = fields.text(_("Our code"), required=True, max_length=80)
    client_id: Mapped[int | None] = fields.link("clients.client", _("Client"), on_delete="cascade")
    target: Mapped[str] = fields.text(_("Their code"), required=True, max_length=80)
    target_name: Mapped[str | None] = fields.text(_("Their name"), readonly=True, max_length=200)
    good: Mapped[bool] = fields.boolean(_("Found over there"), readonly=True, default=False, track=False)
    checked_at: Mapped[datetime | None] = fields.datetime(_("Checked at"), readonly=True, track=False)


class Document(Record):
    """One document on its way to a ledger, and what has become of it. Never deleted."""

    __record__ = {
        "key": "finance_bridge.document",
        "label": _("Finance document"),
        "plural": _("Finance documents"),
        "title": "external_key",
        "number": "external_key",
        "secondary": "remote_number",
        "icon": "report-money",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        Index("ix_finance_bridge_document_due", "state", "next_at"),
        UniqueConstraint("bill_id", "sign"),
    )

    external_key: Mapped[str] = fields.text(
        _("Our key"), required=True, unique=True, search=True, readonly=True, max_length=60
    )
    bill_id: Mapped[int] = fields.link("billing.bill", _("Bill"), required=True, readonly=True)
    book_id: Mapped[int] = fields.link("finance_bridge.book", _("Account book"), required=True, readonly=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), readonly=True)
    client_id: Mapped[int | None] = fields.link("clients.client", _("Client"), readonly=True)
    mode: Mapped[str] = fields.choice(_("Kind of finance document"), choices.MODES, required=True, readonly=True)
    sign: Mapped[str] = fields.choice(_("Sign"), choices.SIGNS, required=True, readonly=True, default="normal")
    reverses_id: Mapped[int | None] = fields.link("finance_bridge.document", _("Takes back"), readonly=True)
    amount: Mapped[Decimal] = fields.money(_("Amount"), required=True, readonly=True)
    currency: Mapped[str] = fields.text(_("Currency"), required=True, readonly=True, default="CNY", max_length=3)

    day: Mapped[date] = fields.date(_("Booking day"), required=True)
    due: Mapped[date | None] = fields.date(_("Due day"))
    remark: Mapped[str | None] = fields.text(_("Remark"), max_length=200)
    customer_code: Mapped[str | None] = fields.text(
        _("Customer code of this document"), max_length=80, help=_("Empty: as the account book says.")
    )

    state: Mapped[str] = fields.choice(_("Status"), choices.STATES, required=True, readonly=True, default="pending")
    reason: Mapped[str | None] = fields.choice(_("Why"), choices.REASONS, readonly=True)
    error: Mapped[str | None] = fields.text(_("What the ledger said"), readonly=True, max_length=1000)
    attempts: Mapped[int] = fields.integer(_("Attempts"), required=True, readonly=True, default=0, track=False)
    next_at: Mapped[datetime] = fields.datetime(_("Next try"), required=True, readonly=True, track=False)
    waits: Mapped[int] = fields.integer(
        _("Put off in a row"), required=True, readonly=True, hidden=True, default=0, track=False
    )
    claim: Mapped[str | None] = fields.text(_("Claim"), readonly=True, hidden=True, track=False, max_length=40)
    claimed_until: Mapped[datetime | None] = fields.datetime(_("Claimed"), readonly=True, hidden=True, track=False)
    doubt_since: Mapped[datetime | None] = fields.datetime(_("Unknown since"), readonly=True, track=False)
    doubt_looks: Mapped[int] = fields.integer(
        _("Looked for in vain"), required=True, readonly=True, default=0, track=False
    )
    doubt_told: Mapped[bool] = fields.boolean(_("Error told"), readonly=True, hidden=True, default=False, track=False)
    sent_at: Mapped[datetime | None] = fields.datetime(_("Sent at"), readonly=True, track=False)
    confirmed_at: Mapped[datetime | None] = fields.datetime(_("Confirmed by the ledger at"), readonly=True, track=False)
    sheet_id: Mapped[int | None] = fields.link("finance_bridge.sheet", _("Finance sheet"), readonly=True)

    remote_id: Mapped[str | None] = fields.text(_("Their id"), readonly=True, max_length=60)
    remote_number: Mapped[str | None] = fields.text(_("Their number"), readonly=True, search=True, max_length=80)
    remote_state: Mapped[str | None] = fields.text(_("Their status"), readonly=True, max_length=20)
    remote_modified: Mapped[str | None] = fields.text(
        _("Changed over there"), readonly=True, track=False, max_length=40
    )
    payment: Mapped[str] = fields.choice(
        _("Received there"), choices.PAYMENTS, required=True, readonly=True, default="none"
    )
    remote_paid: Mapped[Decimal] = fields.money(_("Received over there"), required=True, readonly=True, default=ZERO)
    booked: Mapped[Decimal] = fields.money(_("Booked from there"), required=True, readonly=True, default=ZERO)
    accepted: Mapped[Decimal] = fields.money(
        _("By hand, taken as the same money"), required=True, readonly=True, default=ZERO
    )
    receipts: Mapped[list | None] = fields.json(_("Booked receipts"), readonly=True, hidden=True, track=False)
    receipt_count: Mapped[int] = fields.integer(
        _("Receipts so far"), required=True, readonly=True, hidden=True, default=0, track=False
    )
    difference: Mapped[str | None] = fields.choice(_("Difference"), choices.DIFFERENCES, readonly=True)
    left_alone: Mapped[Decimal | None] = fields.money(_("Received there, left alone"), readonly=True)


class Exchange(Record):
    """One request and its answer: masked, shortened, kept."""

    __record__ = {
        "key": "finance_bridge.exchange",
        "label": _("Exchange"),
        "plural": _("Exchange journal"),
        "title": "operation",
        "secondary": "form",
        "icon": "transfer",
        "order": "-id",
        "archive": False,
    }

    connection_id: Mapped[int] = fields.link(
        "finance_bridge.connection", _("Connection"), required=True, readonly=True, track=False
    )
    document_id: Mapped[int | None] = fields.link(
        "finance_bridge.document", _("Finance document"), readonly=True, track=False
    )
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), readonly=True, track=False)
    at: Mapped[datetime] = fields.datetime(_("At"), required=True, readonly=True, track=False, index=True)
    operation: Mapped[str] = fields.text(_("Operation"), required=True, readonly=True, track=False, max_length=60)
    form: Mapped[str | None] = fields.text(_("Form"), readonly=True, track=False, max_length=60)
    outcome: Mapped[str] = fields.choice(_("Outcome"), choices.OUTCOMES, required=True, readonly=True, track=False)
    http_status: Mapped[int | None] = fields.integer(_("HTTP status"), readonly=True, track=False)
    duration_ms: Mapped[int] = fields.integer(_("Milliseconds"), required=True, readonly=True, default=0, track=False)
    error: Mapped[str | None] = fields.text(_("Error"), readonly=True, track=False, max_length=1000)
    request: Mapped[str | None] = fields.long_text(_("Request"), readonly=True, track=False)
    answer: Mapped[str | None] = fields.long_text(_("The answer of the ledger"), readonly=True, track=False)


class Sheet(Record):
    """A sheet that a person carries: vouchers out, receipts in."""

    __record__ = {
        "key": "finance_bridge.sheet",
        "label": _("Finance sheet"),
        "plural": _("Finance sheets"),
        "title": "name",
        "icon": "table",
        "order": "-id",
        "archive": False,
    }

    name: Mapped[str] = fields.text(_("Name"), required=True, readonly=True, max_length=200)
    book_id: Mapped[int] = fields.link("finance_bridge.book", _("Account book"), required=True, readonly=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), readonly=True)
    direction: Mapped[str] = fields.choice(_("Direction"), choices.DIRECTIONS, required=True, readonly=True)
    state: Mapped[str] = fields.choice(_("Status"), choices.SHEET_STATES, required=True, readonly=True)
    file_id: Mapped[int | None] = fields.file(_("File"), readonly=True)
    sha256: Mapped[str | None] = fields.text(_("Checksum"), readonly=True, max_length=64)
    matched: Mapped[int] = fields.integer(_("Matched"), required=True, readonly=True, default=0)
    unmatched: Mapped[int] = fields.integer(_("Not matched"), required=True, readonly=True, default=0)
    doubled: Mapped[int] = fields.integer(_("Doubled"), required=True, readonly=True, default=0)
    known: Mapped[int] = fields.integer(_("Known already"), required=True, readonly=True, default=0)
    total: Mapped[Decimal] = fields.money(_("Amount"), required=True, readonly=True, default=ZERO)
    rows: Mapped[list | None] = fields.json(_("Rows"), readonly=True, hidden=True, track=False)


class Reconciliation(Record):
    """What one day's comparison of bills, documents and ledger has found."""

    __record__ = {
        "key": "finance_bridge.reconciliation",
        "label": _("Reconciliation"),
        "plural": _("Reconciliations"),
        "title": "name",
        "icon": "scale",
        "order": "-day",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("book_id", "day"),)

    name: Mapped[str] = fields.text(_("Name"), required=True, readonly=True, max_length=200)
    day: Mapped[date] = fields.date(_("Day"), required=True, readonly=True)
    since: Mapped[date] = fields.date(_("Bills issued from"), required=True, readonly=True)
    book_id: Mapped[int] = fields.link("finance_bridge.book", _("Account book"), required=True, readonly=True)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), readonly=True)
    state: Mapped[str] = fields.choice(_("Result"), choices.BALANCES, required=True, readonly=True)
    bill_count: Mapped[int] = fields.integer(_("Bills"), required=True, readonly=True, default=0)
    bill_total: Mapped[Decimal] = fields.money(_("Sum of bills"), required=True, readonly=True, default=ZERO)
    confirmed_count: Mapped[int] = fields.integer(_("Documents confirmed"), required=True, readonly=True, default=0)
    confirmed_total: Mapped[Decimal] = fields.money(_("Sum of documents"), required=True, readonly=True, default=ZERO)
    remote_count: Mapped[int] = fields.integer(_("Documents in the ledger"), required=True, readonly=True, default=0)
    remote_total: Mapped[Decimal] = fields.money(_("Sum in the ledger"), required=True, readonly=True, default=ZERO)
    difference_count: Mapped[int] = fields.integer(_("Differences"), required=True, readonly=True, default=0)
    rows: Mapped[list | None] = fields.json(_("Differences found"), readonly=True, hidden=True, track=False)


RECORDS = (Connection, Book, Mapping, Document, Exchange, Sheet, Reconciliation)
