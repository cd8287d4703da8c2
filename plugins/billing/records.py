"""All records of billing, for registration and for those who need several; each is declared in a file of its own."""

from __future__ import annotations

from core import Record, _, extend, fields
from plugins.billing.bill import Bill, BillLine
from plugins.billing.payment import Allocation, Payment, Refund, WriteOff
from plugins.billing.quotation import Quotation, QuotationLine
from plugins.billing.service_item import main_item
from plugins.billing.tariff import OfficialFee, PriceItem
from plugins.cases import Case

extend(
    Case,
    "billing",
    service_item_id=fields.link(
        "billing.price_item", _("Service item"), compute=main_item, track=False, on_delete="set_null"
    ),
)

RECORDS: tuple[type[Record], ...] = (
    PriceItem,
    OfficialFee,
    Quotation,
    QuotationLine,
    Bill,
    BillLine,
    Payment,
    Allocation,
    Refund,
    WriteOff,
)

__all__ = [
    "RECORDS",
    "Allocation",
    "Bill",
    "BillLine",
    "OfficialFee",
    "Payment",
    "PriceItem",
    "Quotation",
    "QuotationLine",
    "Refund",
    "WriteOff",
]
