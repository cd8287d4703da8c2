"""The voucher and receivable sheets: every cell is text, so that no code loses a zero and no text becomes a formula."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import xlsxwriter

from plugins.finance_bridge.drivers.base import Receivable, Voucher
from plugins.finance_bridge.drivers.kingdee.forms import plain

RECEIVABLE_HEAD = (
    *(
        "单据编号",
        "单据日期",
        "到期日",
        "客户编码",
        "币别",
        "费用项目编码",
        "摘要",
        "数量",
        "含税单价",
        "税率%",
        "价税合计",
    ),
    "备注",
)
VOUCHER_HEAD = ("单据编号", "凭证日期", "凭证字", "摘要", "科目编码", "客户编码", "币别", "借方金额", "贷方金额")


def receivable_rows(draft: Receivable) -> list[tuple[str, ...]]:
    """One row for each line."""
    head = (draft.key, draft.day.isoformat(), (draft.due or draft.day).isoformat(), draft.customer, draft.currency)
    return [
        (
            *head,
            *(line.item, line.text, plain(line.quantity), plain(line.price), plain(line.tax_rate), plain(line.amount)),
            draft.remark,
        )
        for line in draft.lines
    ]


def voucher_rows(draft: Voucher) -> list[tuple[str, ...]]:
    """One row for each entry."""
    head = (draft.key, draft.day.isoformat(), draft.group)
    return [
        (*head, e.text, e.account, e.customer, draft.currency, plain(e.debit), plain(e.credit)) for e in draft.entries
    ]


def sheet(mode: str, drafts: Iterable[Receivable | Voucher]) -> bytes:
    """An xlsx of all drafts under one head."""
    head = RECEIVABLE_HEAD if mode == "receivable" else VOUCHER_HEAD
    rows: list[tuple[str, ...]] = []
    for draft in drafts:
        rows += receivable_rows(draft) if isinstance(draft, Receivable) else voucher_rows(draft)
    return table(head, rows)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """An xlsx whose cells are all text."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    page, bold, text = book.add_worksheet(), book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    page.freeze_panes(1, 0)
    for at, name in enumerate(head):
        page.write_string(0, at, name, bold)
        page.set_column(at, at, 16, text)
    for line, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            page.write_string(line, at, str(value), text)
    book.close()
    return stream.getvalue()
