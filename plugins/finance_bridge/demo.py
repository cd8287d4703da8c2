"""The demo's books: one on a stand-in of Kingdee that may or may not run, one carried by sheets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import create, record_class, today
from plugins.finance_bridge import sheets
from plugins.finance_bridge.collecting import document_for
from plugins.finance_bridge.records import Book, Connection, Mapping, Sheet

STAND_IN = {
    "name": "金蝶云星空（演示）",
    "kind": "kingdee",
    "prefix": "ZA",
    "address": "http://127.0.0.1:18801/k3cloud",
    "account_set": "5f0000000000000000000001",
    "user_name": "接口用户",
    "app_id": "270001_bWFkZS11cC1hcHAtaWQtc2VjcmV0LTI0",
    "app_secret": "made-up-app-secret-for-tests-001",
    "org": "100",
    "timeout": 5,
    "settle_seconds": 20,
}
"""The account of the stand-in server that comes with the project's tests; nothing of it is secret."""
ITEMS = (("service", "FY01"), ("official", "FY02"), ("disbursement", "FY03"))
ACCOUNTS = (
    *(("receivable", "1122"), ("income", "6001"), ("tax", "2221.01.02"), ("official", "2241")),
    ("disbursement", "2241"),
)


def load(session: Any) -> None:
    """The stand-in for headquarters, sheets for another branch, the first of which was posted already."""
    if session.scalars(select(Connection).limit(1)).first() is not None:
        return
    branch = record_class("core.branch")
    branches = list(session.scalars(select(branch).order_by(branch.id)))
    online = create(Connection, STAND_IN)
    given = {"mode": "receivable", "settle_org": "100", "pay_org": "100", "customer_codes": "client_number"}
    given |= {"start_on": today() - timedelta(60)}
    main = create(Book, {"name": "总部应收", "connection": online.id} | given)
    _map(main, "item", ITEMS)
    main.state = "active"
    if len(branches) > 1:
        _carried(session, branches[1].id)


def _carried(session: Any, branch_id: int) -> None:
    paper = create(Connection, {"name": "凭证表格（手工导入）", "kind": "file", "prefix": "ZB"})
    given = {"mode": "voucher", "branch": branch_id, "start_on": today() - timedelta(60), "ledger": "002"}
    book = create(Book, {"name": "分所凭证", "connection": paper.id, "voucher_group": "PRE001"} | given)
    _map(book, "account", ACCOUNTS)
    book.state = "active"
    session.flush()
    bill = record_class("billing.bill")
    query = select(bill).where(bill.branch_id == branch_id, bill.issued_on >= book.start_on, bill.total > 0)
    bills = list(session.scalars(query.where(bill.state.not_in(("draft", "void"))).order_by(bill.id)))
    for each in bills[:-1]:
        document_for(each)
    if len(bills) > 1:
        sheets.posted(session.get(Sheet, sheets.make(book)["id"]))


def _map(book: Book, kind: str, codes: Any) -> None:
    for source, target in codes:
        create(Mapping, {"book": book.id, "kind": kind, "source": source, "target": target})
