"""The records of bills and their lines. How they are made, issued and settled is in the services beside."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.billing import choices
from plugins.billing.reckoning.amounts import ZERO, tax_inside


def line_tax(line: Any) -> Decimal:
    """The tax inside the service fee of a line."""
    return tax_inside(line.service_amount or ZERO, line.tax_rate if line.tax_rate is not None else Decimal(6))


def line_total(line: Any) -> Decimal:
    """Official fee, disbursement and service fee of a line together."""
    return (line.official_amount or ZERO) + (line.disbursement_amount or ZERO) + (line.service_amount or ZERO)


def percent(value: Decimal) -> Decimal:
    """A rate of tax; raises `ValueError`."""
    if not 0 <= value <= 100:
        raise ValueError(_("Give a number from 0 to 100."))
    return value


def counted(value: Decimal) -> Decimal:
    """How often something is charged; raises `ValueError`."""
    if value < 0:
        raise ValueError(_("This number is not negative."))
    return value


def _total(label: Any, **options: Any) -> Any:
    return fields.money(label, required=True, default=ZERO, readonly=True, **options)


class Bill(Record):
    """What a client owes: official fees that pass through, disbursements, and our service fee, never in one sum."""

    __record__ = {
        "key": "billing.bill",
        "label": _("Bill"),
        "plural": _("Bills"),
        "title": "title",
        "number": "number",
        "secondary": "client",
        "icon": "receipt",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance_not_negative"),
        Index("ix_billing_bill_state_due", "state", "due_on"),
    )

    number: Mapped[str | None] = fields.text(_("Bill number"), unique=True, search=True, readonly=True, max_length=40)
    title: Mapped[str | None] = fields.text(_("Subject matter"), search=True, max_length=300)
    kind: Mapped[str] = fields.choice(_("Kind"), choices.BILL_KINDS, required=True, default="bill", readonly=True)
    state: Mapped[str] = fields.choice(_("Status"), choices.BILL_STATES, required=True, default="draft", readonly=True)
    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True)
    case_id: Mapped[int | None] = fields.link("cases.case", _("Case"))
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"))
    currency: Mapped[str] = fields.text(_("Currency"), required=True, default="CNY", max_length=3)
    source: Mapped[str] = fields.choice(
        _("Made from"), choices.BILL_SOURCES, required=True, default="hand", readonly=True
    )
    quotation_id: Mapped[int | None] = fields.link("billing.quotation", _("Quotation"), readonly=True, constraint=False)
    corrects_id: Mapped[int | None] = fields.link("billing.bill", _("Corrects"), readonly=True)
    issued_on: Mapped[date | None] = fields.date(_("Issued on"), readonly=True)
    issued_by_id: Mapped[int | None] = fields.link("core.user", _("Issued by"), readonly=True, index=False)
    due_on: Mapped[date | None] = fields.date(_("Due on"))
    reference: Mapped[str | None] = fields.text(_("Client's reference"), search=True, max_length=120)
    remark: Mapped[str | None] = fields.long_text(_("Remark on the bill"))

    official_total: Mapped[Decimal] = _total(_("Official fees"))
    disbursement_total: Mapped[Decimal] = _total(_("Disbursements"))
    service_total: Mapped[Decimal] = _total(_("Service fees"))
    tax_total: Mapped[Decimal] = _total(_("Tax inside"))
    total: Mapped[Decimal] = _total(_("Total amount"))
    paid: Mapped[Decimal] = _total(_("Paid"))
    credited: Mapped[Decimal] = _total(_("Credited"))
    written_off: Mapped[Decimal] = _total(_("Written off"))
    balance: Mapped[Decimal] = _total(_("Balance"))

    cost: Mapped[Decimal | None] = fields.money(_("Own cost"))
    reminded_on: Mapped[date | None] = fields.date(_("Reminded on"), readonly=True)
    reminders: Mapped[int] = fields.integer(_("Reminders sent"), required=True, default=0, readonly=True)
    void_reason: Mapped[str | None] = fields.text(_("Voided because"), readonly=True, max_length=400)


class BillLine(Record):
    """One line: a service with its official fee beside it. Amounts of credit notes are negative."""

    __record__ = {
        "key": "billing.bill_line",
        "label": _("Bill line"),
        "plural": _("Bill lines"),
        "title": "description",
        "title_en": "description_en",
        "icon": "list",
        "order": "position",
        "archive": False,
    }

    bill_id: Mapped[int] = fields.link("billing.bill", _("Bill"), required=True, on_delete="cascade")
    position: Mapped[int] = fields.integer(_("No."), required=True, default=1)
    item_id: Mapped[int | None] = fields.link("billing.price_item", _("Price item"))
    case_id: Mapped[int | None] = fields.link("cases.case", _("Case"))
    event_id: Mapped[int | None] = fields.link("cases.event", _("Event"), readonly=True, on_delete="set_null")
    description: Mapped[str] = fields.text(_("Service item"), required=True, max_length=400)
    description_en: Mapped[str | None] = fields.text(_("Service in English"), max_length=400)
    quantity: Mapped[Decimal] = fields.decimal(
        _("Quantity"), scale=2, required=True, default=Decimal(1), validate=counted
    )
    unit: Mapped[str | None] = fields.choice(_("Unit"), choices.UNITS, default="case")
    list_price: Mapped[Decimal | None] = fields.money(_("List price"), readonly=True)
    price_percent: Mapped[Decimal | None] = fields.decimal(_("Per cent of the list"), scale=2, readonly=True)
    official_amount: Mapped[Decimal] = fields.money(_("Official fee"), required=True, default=ZERO)
    disbursement_amount: Mapped[Decimal] = fields.money(_("Disbursement"), required=True, default=ZERO)
    service_amount: Mapped[Decimal] = fields.money(_("Service fee"), required=True, default=ZERO)
    tax_rate: Mapped[Decimal] = fields.decimal(
        _("Tax rate in per cent"), scale=2, required=True, default=Decimal(6), validate=percent
    )
    tax: Mapped[Decimal | None] = fields.money(_("Tax inside"), compute=line_tax)
    total: Mapped[Decimal | None] = fields.money(_("Amount"), compute=line_total)
    corrects_id: Mapped[int | None] = fields.link("billing.bill_line", _("Corrects line"), readonly=True)
    source_key: Mapped[str | None] = fields.text(_("Arose from"), hidden=True, track=False, unique=True, max_length=160)
    note: Mapped[str | None] = fields.text(_("Note"), readonly=True, max_length=300)


TOTALS = ("official_total", "disbursement_total", "service_total", "tax_total", "total")
"""Sums of the lines that a bill keeps; they change only while it is a draft."""
