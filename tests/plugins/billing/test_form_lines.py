"""Lines inside the form of a bill: added, changed and removed together with it, with errors at their inputs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from core import system
from plugins.billing import BillLine
from tests.plugins.billing.test_pages import csrf, site  # noqa: F401 - a fixture


@pytest.fixture
def browser(site):  # noqa: F811
    return site("finance")


def lines(bill: int) -> list[tuple]:
    with system("look at lines") as session:
        chosen = select(BillLine.position, BillLine.description, BillLine.service_amount)
        return [tuple(r) for r in session.execute(chosen.where(BillLine.bill_id == bill).order_by(BillLine.position))]


def row(number: str, **values: str) -> dict[str, str]:
    filled = {"quantity": "1.00", "unit": "case", "official_amount": "0.00", "service_amount": "0.00", **values}
    return {f"lines-0-{number}-{name}": value for name, value in filled.items()}


def test_a_new_bill_comes_with_its_lines(browser, desk):
    page = browser.get("/r/billing.bill/new")
    assert "data-row-add" in page.get_data(as_text=True)
    given = {"csrf_token": csrf(page), "client": str(desk.agency.client), "title": "两项服务", "currency": "CNY"}
    given |= row("new1", description="检索", service_amount="500.00") | row("new2", description="答复")
    given |= row("new3", description="")
    answer = browser.post("/r/billing.bill", data=given)
    assert answer.status_code == 303, re.findall(r'class="err"[^>]*>(.*?)<', answer.get_data(as_text=True))
    ident = int(answer.headers["Location"].rpartition("/")[2])
    assert lines(ident) == [(1, "检索", 500), (2, "答复", 0)]
    assert desk.seen("billing.bill", ident).total == 500


def test_rows_are_changed_removed_and_added_in_one_go(browser, desk):
    bill = desk.draft(("270.00", "800.00"), ("0.00", "60.00"))
    with system("look at lines") as session:
        first, second = session.scalars(select(BillLine.id).where(BillLine.bill_id == bill).order_by(BillLine.id))
    page = browser.get(f"/r/billing.bill/{bill}/edit")
    version = re.search(r'name="version" value="(\d+)"', page.get_data(as_text=True)).group(1)
    given = {"csrf_token": csrf(page), "version": version, f"lines-0-{first}-id": str(first)}
    given |= {f"lines-0-{first}-gone": "1", f"lines-0-{second}-id": str(second)}
    given |= row(str(second), description="变更", service_amount="99.00") | row("new1", description="新增")
    assert browser.post(f"/r/billing.bill/{bill}", data=given).status_code == 303
    assert lines(bill) == [(1, "变更", 99), (2, "新增", 0)]
    assert desk.seen("billing.bill", bill).total == 99


def test_an_error_stands_at_its_input_and_nothing_is_stored(browser, desk):
    bill = desk.draft(("270.00", "800.00"))
    page = browser.get(f"/r/billing.bill/{bill}/edit")
    version = re.search(r'name="version" value="(\d+)"', page.get_data(as_text=True)).group(1)
    given = {"csrf_token": csrf(page), "version": version, "title": "不该保存"}
    given |= row("new1", description="坏行", service_amount="许多")
    answer = browser.post(f"/r/billing.bill/{bill}", data=given)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="lines-0-new1-service_amount-e"' in text
    assert "坏行" in text
    assert len(lines(bill)) == 1
    assert desk.seen("billing.bill", bill).title != "不该保存"


def test_rows_of_another_bill_are_not_reached(browser, desk):
    bill, other = desk.draft(("1.00", "1.00")), desk.draft(("2.00", "2.00"))
    with system("look at lines") as session:
        foreign = session.scalar(select(BillLine.id).where(BillLine.bill_id == other))
    page = browser.get(f"/r/billing.bill/{bill}/edit")
    version = re.search(r'name="version" value="(\d+)"', page.get_data(as_text=True)).group(1)
    given = {"csrf_token": csrf(page), "version": version, f"lines-0-{foreign}-id": str(foreign)}
    given |= {f"lines-0-{foreign}-gone": "1"}
    assert browser.post(f"/r/billing.bill/{bill}", data=given).status_code == 404
    assert len(lines(other)) == 1


def test_an_issued_bill_offers_no_rows(browser, desk):
    bill = desk.bill(("1.00", "1.00"))
    assert "data-row-add" not in browser.get(f"/r/billing.bill/{bill}/edit").get_data(as_text=True)
