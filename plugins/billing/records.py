"""All records of billing, for registration and for those who need several; each is declared in a file of its own."""

from __future__ import annotations

from core import Record
from plugins.billing.bill import Bill, BillLine
from plugins.billing.payment import Allocation, Payment, Refund, WriteOff
from plugins.billing.quotation import Quotation, QuotationLine
from plugins.billing.tariff import OfficialFee, PriceItem

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
