"""The pages of the portal as their people see them; open, paid in advance and the closing balance agree."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from core import insert_derived, now, record_class, registry, system, today

PATHS = ("/portal", "/portal/cases", "/portal/files", "/portal/messages", "/portal/orders", "/portal/account")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_page_opens_for_the_main_account(visitors, path, locale):
    answer = visitors["left", "owner"].get(path, headers={"Cookie": f"zhian_locale={locale}"})
    assert answer.status_code == 200, answer.text[:500]


def test_the_page_of_a_case_opens(visitors, mirror):
    answer = visitors["left", "owner"].get(f"/portal/cases/{mirror.left.cases[0]}")
    assert answer.status_code == 200
    assert "云岫 YUNXIU" in answer.text
    assert "委托已收到" in answer.text


@pytest.fixture(scope="module")
def account(app: Any, mirror: Any) -> None:
    """A bill of which a part was paid and a part given up; a payment of which a part went back and a part is free."""
    if "billing.bill" not in registry_of(app):
        pytest.skip("no bills in this deployment")
    with app.app_context(), system("the account of a client"):
        bill, payment, refund = (record_class(f"billing.{name}") for name in ("bill", "payment", "refund"))
        about = {"client_id": mirror.left.client, "currency": "CNY"}
        owed = {"total": Decimal(1000), "paid": Decimal(300), "written_off": Decimal(200), "balance": Decimal(500)}
        days = {"issued_on": today() - timedelta(days=20), "due_on": today() + timedelta(days=10)}
        insert_derived(bill, [bill(number="B-waived", title="x", state="part_paid", **about, **owed, **days)])
        gone = {"total": Decimal(90), "paid": Decimal(0), "written_off": Decimal(90), "balance": Decimal(0)}
        insert_derived(bill, [bill(number="B-gone", title="x", state="written_off", **about, **gone, **days)])
        money = {
            "amount": Decimal(800),
            "allocated": Decimal(300),
            "refunded": Decimal(100),
            "unallocated": Decimal(400),
        }
        when = {"received_on": today() - timedelta(days=5), "state": "confirmed", "number": "REC-part"}
        (held,) = insert_derived(payment, [payment(**about, **money, **when)])
        back = {"payment_id": held, "client_id": mirror.left.client, "amount": Decimal(100), "reason": "too much"}
        insert_derived(refund, [refund(**back, state="approved", decided_at=now())])


def registry_of(app: Any) -> Any:
    """The record types of an app."""
    with app.app_context():
        return registry().types


def figures(text: str) -> list[Decimal]:
    return [Decimal(f.replace(",", "").replace("¥", "")) for f in re.findall(r"-?¥[\d,]+\.\d\d", text)]


@pytest.mark.parametrize("role", ["owner", "finance"])
def test_open_less_paid_in_advance_is_the_closing_balance(account, visitors, role):
    visitor = visitors["left", role]
    cards = visitor.get("/portal/bills").text
    owed, _overdue, advance = figures(cards[cards.index('class="kp"') : cards.index("<table")])
    page = visitor.get("/portal/statement").text
    closing = figures(page[page.index("<table") : page.index("</table>")])[-1]
    assert (owed, advance) == (Decimal(1860), Decimal(900))
    assert closing == owed - advance
    assert page.index("¥1,860.00") < page.index("¥900.00")
    assert "减免" in page
    assert "退还" in page


def test_a_period_that_has_passed_says_nothing_of_today(account, visitors):
    last_year = date(today().year - 1, 12, 31).isoformat()
    page = visitors["left", "finance"].get(f"/portal/statement?from=2020-01-01&to={last_year}").text
    assert "¥900.00" not in page


def test_the_sheet_says_the_same(account, visitors):
    book = openpyxl.load_workbook(io.BytesIO(visitors["left", "finance"].get("/portal/statement.xlsx").data))
    rows = list(book["CNY"].values)
    assert rows[-1][4] == 960
    assert {row[2] for row in rows[2:-1]} >= {"账单", "减免", "付款", "退还"}
