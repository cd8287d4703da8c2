"""The records of quotations and their lines. Versions are rows of their own: `QUO-2026-0007 v2` replaces v1."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Record, _, fields
from plugins.billing import choices
from plugins.billing.bill import counted, line_tax, line_total, percent
from plugins.billing.reckoning.amounts import ZERO


def _called(quotation: Any) -> str | None:
    return f"{quotation.base_number} v{quotation.edition}" if quotation.base_number else None


def _total(label: Any, **options: Any) -> Any:
    return fields.money(label, required=True, default=ZERO, readonly=True, **options)


class Quotation(Record):
    """An offer to a client: services and official fees in two columns, valid until a day."""

    __record__ = {
        "key": "billing.quotation",
        "label": _("Quotation"),
        "plural": _("Quotations"),
        "title": "subject",
        "number": "number",
        "secondary": "client",
        "icon": "file-text",
        "order": "-id",
        "archive": True,
    }
    __table_args__ = (UniqueConstraint("base_number", "edition"),)

    base_number: Mapped[str | None] = fields.text(
        _("Number without version"), readonly=True, max_length=40, track=False
    )
    edition: Mapped[int] = fields.integer(_("Edition"), required=True, default=1, readonly=True)
    number: Mapped[str | None] = fields.text(
        _("Quotation number"), search=True, readonly=True, compute=_called, max_length=60, index=True
    )
    subject: Mapped[str] = fields.text(_("Subject matter"), required=True, search=True, max_length=300)
    state: Mapped[str] = fields.choice(
        _("Status"), choices.QUOTATION_STATES, required=True, default="draft", readonly=True
    )
    client_id: Mapped[int] = fields.link("clients.client", _("Client"), required=True)
    case_id: Mapped[int | None] = fields.link("cases.case", _("Case"))
    contact_id: Mapped[int | None] = fields.link("clients.contact", _("Contact"), on_delete="set_null")
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"))
    department_id: Mapped[int | None] = fields.link("core.department", _("Department"))
    currency: Mapped[str] = fields.text(_("Currency"), required=True, default="CNY", max_length=3)
    quoted_on: Mapped[date | None] = fields.date(_("Quoted on"), readonly=True)
    valid_until: Mapped[date | None] = fields.date(_("Valid until"))
    terms: Mapped[str | None] = fields.text(_("Payment terms"), max_length=400)
    scope_in: Mapped[str | None] = fields.long_text(_("Included"))
    scope_out: Mapped[str | None] = fields.long_text(_("Not included"))
    discount: Mapped[Decimal | None] = fields.decimal(
        _("Discount in per cent"), scale=2, readonly=True, help=_("On service fees; official fees are never reduced.")
    )
    discount_reason: Mapped[str | None] = fields.text(_("Reason of the discount"), max_length=400)
    below_floor: Mapped[bool] = fields.boolean(_("Below the floor price"), default=False, readonly=True)
    approved_by_id: Mapped[int | None] = fields.link("core.user", _("Discount approved by"), readonly=True, index=False)
    approved_at: Mapped[datetime | None] = fields.datetime(_("Approved at"), readonly=True)
    approved_discount: Mapped[Decimal | None] = fields.decimal(
        _("Discount approved in per cent"), scale=2, readonly=True
    )
    quoted_by_id: Mapped[int | None] = fields.link("core.user", _("Quoted by"), readonly=True)
    answered_on: Mapped[date | None] = fields.date(_("Answered on"), readonly=True)
    answer: Mapped[str | None] = fields.text(_("Client's answer"), readonly=True, max_length=400)
    replaces_id: Mapped[int | None] = fields.link("billing.quotation", _("Replaces"), readonly=True)
    bill_id: Mapped[int | None] = fields.link("billing.bill", _("Bill"), readonly=True, constraint=False)
    official_total: Mapped[Decimal] = _total(_("Official fees"))
    disbursement_total: Mapped[Decimal] = _total(_("Disbursements"))
    service_total: Mapped[Decimal] = _total(_("Service fees"))
    tax_total: Mapped[Decimal] = _total(_("Tax inside"))
    total: Mapped[Decimal] = _total(_("Total amount"))
    list_total: Mapped[Decimal] = _total(_("Service fees by the list"))
    margin: Mapped[Decimal | None] = fields.money(_("Margin"))


class QuotationLine(Record):
    """One service of a quotation."""

    __record__ = {
        "key": "billing.quotation_line",
        "label": _("Quotation line"),
        "plural": _("Quotation lines"),
        "title": "description",
        "title_en": "description_en",
        "icon": "list",
        "order": "position",
        "archive": False,
    }

    quotation_id: Mapped[int] = fields.link("billing.quotation", _("Quotation"), required=True, on_delete="cascade")
    position: Mapped[int] = fields.integer(_("No."), required=True, default=1)
    item_id: Mapped[int | None] = fields.link("billing.price_item", _("Price item"))
    description: Mapped[str] = fields.text(_("Service item"), required=True, max_length=400)
    description_en: Mapped[str | None] = fields.text(_("Service in English"), max_length=400)
    quantity: Mapped[Decimal] = fields.decimal(
        _("Quantity"), scale=2, required=True, default=Decimal(1), validate=counted
    )
    unit: Mapped[str | None] = fields.choice(_("Unit"), choices.UNITS, default="case")
    list_price: Mapped[Decimal | None] = fields.money(_("List price"), readonly=True)
    official_amount: Mapped[Decimal] = fields.money(_("Official fee"), required=True, default=ZERO)
    disbursement_amount: Mapped[Decimal] = fields.money(_("Disbursement"), required=True, default=ZERO)
    service_amount: Mapped[Decimal] = fields.money(_("Service fee"), required=True, default=ZERO)
    tax_rate: Mapped[Decimal] = fields.decimal(
        _("Tax rate in per cent"), scale=2, required=True, default=Decimal(6), validate=percent
    )
    tax: Mapped[Decimal | None] = fields.money(_("Tax inside"), compute=line_tax)
    total: Mapped[Decimal | None] = fields.money(_("Amount"), compute=line_total)
    note: Mapped[str | None] = fields.text(_("Note"), readonly=True, max_length=300)
