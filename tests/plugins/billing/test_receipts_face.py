"""The door for other plugins: receipts told by another system, once each, put on their bill, and taken back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import NotFound, get, today, transaction
from plugins.billing import Bill, bill_state, record_receipt, reverse_receipt


def told(desk, bill, amount="560.00", key="K-1"):
    with desk.acting("finance"):
        receipt = {"amount": Decimal(amount), "paid_on": today(), "external_key": key, "source": "bridge"}
        payment = record_receipt(bill_id=bill, **receipt)
        return payment.id, payment.unallocated


def test_a_receipt_pays_its_bill_once_however_often_it_is_told(desk):
    bill = desk.bill(("270.00", "800.00"))
    first, _free = told(desk, bill, "1070.00", "K-once")
    again, _free = told(desk, bill, "1070.00", "K-once")
    assert first == again
    assert desk.state_of(bill) == "paid"
    assert desk.balance(bill) == 0


def test_what_exceeds_the_balance_stays_on_the_clients_account(desk):
    bill = desk.bill(("270.00", "800.00"))
    ident, _free = told(desk, bill, "1500.00", "K-more")
    payment = desk.seen("billing.payment", ident)
    assert (payment.allocated, payment.unallocated) == (Decimal("1070.00"), Decimal("430.00"))


def test_a_part_pays_official_fees_first(desk):
    bill = desk.bill(("270.00", "800.00"))
    told(desk, bill, "300.00", "K-part")
    assert desk.state_of(bill) == "part_paid"
    assert desk.balance(bill) == Decimal("770.00")


def test_taking_back_opens_the_bill_again_and_twice_changes_nothing(desk):
    bill = desk.bill(("270.00", "800.00"))
    told(desk, bill, "1070.00", "K-back")
    for _time in range(2):
        with desk.acting("finance"):
            assert reverse_receipt("K-back", "bounced").state == "reversed"
    assert desk.state_of(bill) == "issued"
    assert desk.balance(bill) == Decimal("1070.00")


def test_an_unknown_key_or_bill_is_said(desk):
    with pytest.raises(NotFound), desk.acting("finance"):
        reverse_receipt("nobody", "x")
    with pytest.raises(NotFound), desk.acting("finance"):
        record_receipt(bill_id=10**9, amount=Decimal(1), paid_on=today(), external_key="x", source="t")


def test_bill_state_says_overdue_only_while_money_is_awaited(desk):
    bill = desk.bill(("0.00", "100.00"), due="2026-01-05")
    with desk.acting("finance"), transaction():
        assert bill_state(get(Bill, bill)) == "overdue"
    told(desk, bill, "100.00", "K-late")
    with desk.acting("finance"):
        assert bill_state(get(Bill, bill)) == "paid"
