"""The documents as K3Cloud's forms want them. The test of a book asks the server whether it has these fields."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plugins.finance_bridge.drivers.base import Receivable, Voucher

PAYMENT = {"A": "none", "B": "part", "C": "full"}


@dataclass(frozen=True)
class Form:
    """A form and the names of its fields that we read: id, number, day, total; payment fields where it has them."""

    form: str
    ident: str
    number: str
    day: str
    total: str
    more: tuple[str, ...] = ()

    def keys(self, key_field: str) -> list[str]:
        """Field keys of a query, in the order in which `KingdeeDriver` reads them."""
        return [self.ident, self.number, key_field, self.total, "FDocumentStatus", "FModifyDate", *self.more]


FORMS = {
    "receivable": Form(
        "AR_receivable",
        "FID",
        "FBillNo",
        "FDATE",
        "FALLAMOUNTFOR",
        ("FWRITTENOFFSTATUS", "FRelateHadPayAmount", "FCancelStatus"),
    ),
    "voucher": Form("GL_VOUCHER", "FVOUCHERID", "FBillNo", "FDate", "FDEBITTOTAL"),
}
BASE_FORMS = {
    "customer": "BD_Customer",
    "account": "BD_Account",
    "item": "BD_Expense",
    "currency": "BD_Currency",
    "ledger": "BD_AccountBook",
    "group": "BD_VOUCHERGROUP",
    "org": "ORG_Organizations",
}


def number(code: str) -> dict[str, str]:
    """Base data by its code."""
    return {"FNumber": code}


def plain(value: Decimal) -> str:
    """An exact number as text: a JSON number would pass through binary fractions."""
    return format(value, "f")


def save(form: str, model: dict[str, Any], *, audit: bool) -> dict[str, Any]:
    """The body of a Save; unless the book says otherwise a person in finance audits."""
    data = {
        "NeedUpDateFields": [],
        "NeedReturnFields": [],
        "IsDeleteEntry": "true",
        "IsVerifyBaseDataField": "true",
        "IsEntryBatchFill": "true",
        "ValidateFlag": "true",
        "NumberSearch": "true",
        "IsAutoSubmitAndAudit": audit,
        "Model": model,
    }
    return {"formid": form, "data": data}


def receivable(draft: Receivable, key_field: str) -> dict[str, Any]:
    """The model of `AR_receivable` 应收单."""
    rows = [
        {
            "FCOSTID": number(line.item),
            "FPriceQty": plain(line.quantity),
            "FTaxPrice": plain(line.price),
            "FEntryTaxRate": plain(line.tax_rate),
            "FALLAMOUNTFOR_D": plain(line.amount),
            "FComment": line.text[:200],
        }
        for line in draft.lines
    ]
    head = {
        key_field: draft.key,
        "FBillTypeID": {"FNUMBER": "YSD01_SYS"},
        "FDATE": draft.day.isoformat(),
        "FENDDATE_H": (draft.due or draft.day).isoformat(),
        "FCUSTOMERID": number(draft.customer),
        "FCURRENCYID": number(draft.currency),
        "FSETTLEORGID": number(draft.settle_org),
        "FPAYORGID": number(draft.pay_org),
        "FAR_Remark": draft.remark[:200],
    }
    return head | {"FEntityDetail": rows}


def voucher(draft: Voucher, key_field: str) -> dict[str, Any]:
    """The model of `GL_VOUCHER` 凭证; the server gives its number, so our key stands in an agreed extension field."""
    rows = []
    for entry in draft.entries:
        row = {
            "FEXPLANATION": entry.text[:200],
            "FACCOUNTID": number(entry.account),
            "FCURRENCYID": number(draft.currency),
            "FEXCHANGERATETYPE": number("HLTX01_SYS"),
            "FEXCHANGERATE": "1",
            "FAMOUNTFOR": plain(entry.debit or entry.credit),
            "FDEBIT": plain(entry.debit),
            "FCREDIT": plain(entry.credit),
        }
        if entry.customer:
            row["FDetailID"] = {"FDETAILID__FFLEX6": number(entry.customer)}
        rows.append(row)
    head = {
        key_field: draft.key,
        "FAccountBookID": number(draft.ledger),
        "FDate": draft.day.isoformat(),
        "FVOUCHERGROUPID": number(draft.group),
    }
    return head | {"FEntity": rows}
