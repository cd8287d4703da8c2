"""Bills and payments as people use them: numbers, what may not be edited, allocation, credit, two persons."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from sqlalchemy import select

from core import (
    Forbidden,
    Invalid,
    NotFound,
    Principal,
    Refused,
    acting_as,
    create,
    get,
    record_class,
    run_action,
    system,
    today,
    transaction,
    update,
)
from plugins.billing import Allocation, Bill, BillLine

BILL, PAYMENT, REFUND, WRITE_OFF = "billing.bill", "billing.payment", "billing.refund", "billing.write_off"


def test_a_draft_has_no_number_and_owes_nothing_until_it_is_issued(desk):
    ident = desk.draft(("270.00", "800.00"), ("0.00", "60.00"))
    bill = desk.seen(BILL, ident)
    assert (bill.number, bill.state, bill.balance) == (None, "draft", 0)
    assert (bill.official_total, bill.service_total, bill.tax_total, bill.total) == (270, 860, D("48.68"), 1130)
    desk.run("manager", BILL, ident, "issue")
    bill = desk.seen(BILL, ident)
    assert (bill.state, bill.balance, bill.due_on) == ("issued", 1130, today() + timedelta(days=30))
    assert bill.issued_by_id == desk.agency.manager


def test_numbers_of_a_month_have_no_gap(desk):
    first = desk.seen(BILL, desk.bill(("1.00", "0.00"))).number
    empty = desk.draft()
    with pytest.raises(Refused):
        desk.run("manager", BILL, empty, "issue")
    second = desk.seen(BILL, desk.bill(("1.00", "0.00"))).number
    assert first.startswith(f"BIL-{today():%Y%m}-")
    assert int(second[-4:]) == int(first[-4:]) + 1
    assert desk.seen(PAYMENT, desk.payment("1.00")).number.startswith(f"REC-{today():%Y%m}-")


def test_a_double_click_issues_once(desk):
    ident = desk.bill(("1.00", "0.00"))
    with pytest.raises(Refused):
        desk.run("manager", BILL, ident, "issue")


def test_an_issued_bill_is_not_edited(desk):
    ident = desk.bill(("270.00", "800.00"))
    with pytest.raises(Refused), desk.acting("finance"):
        update(get(Bill, ident), {"due_on": today()})
    with pytest.raises(Refused), desk.acting("finance") as session:
        line = session.scalars(select(BillLine).where(BillLine.bill_id == ident)).first()
        update(line, {"service_amount": "1.00"})
    with desk.acting("finance"):
        update(get(Bill, ident), {"remark": "谢谢"})


def test_money_pays_official_fees_first_and_a_part_leaves_the_rest_open(desk):
    bill, payment = desk.bill(("270.00", "800.00"), ("27.00", "20.00")), desk.payment("500.00")
    desk.allocate(payment, {bill: "500.00"})
    with system("look at allocations") as session:
        rows = session.scalars(select(Allocation).where(Allocation.bill_id == bill)).all()
        assert {(r.part, r.amount) for r in rows} == {("official", 270), ("official", 27), ("service", 203)}
    assert desk.state_of(bill) == "part_paid"
    assert desk.balance(bill) == 617


def test_one_payment_for_several_bills_and_several_payments_for_one(desk):
    one, two = desk.bill(("0.00", "300.00")), desk.bill(("0.00", "500.00"))
    big, small = desk.payment("600.00"), desk.payment("200.00")
    desk.allocate(big, {one: "300.00", two: "300.00"})
    desk.allocate(small, {two: "200.00"})
    assert [desk.state_of(one), desk.state_of(two)] == ["paid", "paid"]


def test_the_same_command_with_the_same_key_works_once(desk):
    bill, payment = desk.bill(("0.00", "500.00")), desk.payment("500.00")
    assert desk.allocate(payment, {bill: "200.00"}, "press") == desk.allocate(payment, {bill: "200.00"}, "press")
    assert desk.balance(bill) == 300
    desk.allocate(payment, {bill: "200.00"}, "another press")
    assert desk.balance(bill) == 100


@pytest.mark.parametrize("amount", ["500.01", "0.00", "-5.00"])
def test_never_more_than_is_there_or_owed(desk, amount):
    bill, payment = desk.bill(("0.00", "600.00")), desk.payment("500.00")
    with pytest.raises((Refused, Invalid)):
        desk.allocate(payment, {bill: amount})
    small = desk.bill(("0.00", "400.00"))
    with pytest.raises(Refused):
        desk.allocate(payment, {small: "400.01"})
    assert desk.balance(bill) == 600


def test_money_of_one_client_pays_no_bill_of_another(desk):
    bill, payment = desk.bill(("0.00", "100.00"), client=desk.agency.other), desk.payment("100.00")
    with pytest.raises(Refused):
        desk.allocate(payment, {bill: "100.00"})


def test_what_is_taken_back_is_free_again_and_kept_in_the_books(desk):
    bill, payment = desk.bill(("270.00", "800.00")), desk.payment("1070.00")
    desk.allocate(payment, {bill: "1070.00"})
    with pytest.raises(Forbidden):
        desk.run("finance", PAYMENT, payment, "unallocate", {"reason": "wrong bill"})
    desk.run("finance_head", PAYMENT, payment, "unallocate", {"reason": "wrong bill"})
    assert (desk.state_of(bill), desk.seen(PAYMENT, payment).unallocated) == ("issued", 1070)
    with system("look at allocations") as session:
        rows = session.scalars(select(Allocation).where(Allocation.payment_id == payment)).all()
        assert {row.undo_reason for row in rows} == {"wrong bill"}


def test_money_that_did_not_arrive_after_all_leaves_all_bills(desk):
    bill, payment = desk.bill(("0.00", "100.00")), desk.payment("150.00")
    desk.allocate(payment, {bill: "100.00"})
    desk.run("finance_head", PAYMENT, payment, "reverse", {"reason": "bounced"})
    seen = desk.seen(PAYMENT, payment)
    assert (seen.state, seen.unallocated, desk.balance(bill)) == ("reversed", 0, 100)
    with pytest.raises(Refused):
        desk.allocate(payment, {bill: "10.00"})


def test_the_amount_of_money_that_arrived_is_not_edited(desk):
    payment = desk.payment("100.00")
    with pytest.raises(Refused), desk.acting("finance"):
        update(get(record_class(PAYMENT), payment), {"amount": "1000.00"})


def test_a_credit_note_takes_back_and_what_was_paid_for_it_becomes_free(desk):
    bill, payment = desk.bill(("270.00", "800.00")), desk.payment("1070.00")
    desk.allocate(payment, {bill: "1070.00"})
    note = desk.run("finance", BILL, bill, "credit", {"reason": "one class less"})["id"]
    with desk.acting("finance") as session:
        line = session.scalars(select(BillLine).where(BillLine.bill_id == note)).one()
        update(line, {"service_amount": "-300.00", "official_amount": "0.00"})
    desk.run("manager", BILL, note, "issue")
    seen, money = desk.seen(BILL, bill), desk.seen(PAYMENT, payment)
    assert (seen.total, seen.credited, seen.paid, seen.balance) == (1070, 300, 770, 0)
    assert (seen.state, money.allocated, money.unallocated) == ("paid", 770, 300)
    assert desk.seen(BILL, note).total == -300


def test_nothing_is_credited_twice(desk):
    bill = desk.bill(("270.00", "800.00"))
    first, second = (desk.run("finance", BILL, bill, "credit", {"reason": "all"})["id"] for _time in range(2))
    desk.run("manager", BILL, first, "issue")
    with pytest.raises(Refused):
        desk.run("manager", BILL, second, "issue")
    assert (desk.balance(bill), desk.seen(BILL, bill).credited) == (0, 1070)


def test_lines_of_a_bill_are_not_negative(desk):
    with pytest.raises(Refused):
        desk.draft(("0.00", "-5.00"))


def test_a_bill_without_money_on_it_can_be_made_void_by_the_finance_head(desk):
    bill = desk.bill(("0.00", "100.00"))
    with pytest.raises(Forbidden):
        desk.run("finance", BILL, bill, "void", {"reason": "twice"})
    desk.run("finance_head", BILL, bill, "void", {"reason": "twice"})
    assert (desk.state_of(bill), desk.balance(bill)) == ("void", 0)
    paid, payment = desk.bill(("0.00", "100.00")), desk.payment("10.00")
    desk.allocate(payment, {paid: "10.00"})
    with pytest.raises(Refused):
        desk.run("finance_head", BILL, paid, "void", {"reason": "twice"})


def test_a_draft_can_be_discarded_by_who_may_issue_it(desk):
    draft = desk.draft(("0.00", "100.00"))
    desk.run("manager", BILL, draft, "discard", {"reason": "not ours"})
    assert (desk.state_of(draft), desk.seen(BILL, draft).number) == ("void", None)


def test_a_refund_needs_two_persons_and_above_the_limit_a_partner(desk):
    payment = desk.payment("9000.00")
    asked = desk.run("finance_head", PAYMENT, payment, "request_refund", {"amount": "1000.00", "reason": "too much"})
    with pytest.raises(Refused):
        desk.run("finance_head", REFUND, asked["id"], "approve")
    desk.run("partner", REFUND, asked["id"], "approve")
    assert (desk.seen(PAYMENT, payment).refunded, desk.seen(PAYMENT, payment).unallocated) == (1000, 8000)
    large = desk.run("finance", PAYMENT, payment, "request_refund", {"amount": "6000.00", "reason": "too much"})
    with pytest.raises(Refused):
        desk.run("finance_head", REFUND, large["id"], "approve")
    desk.run("partner", REFUND, large["id"], "approve")
    assert desk.seen(PAYMENT, payment).unallocated == 2000


def test_refunds_asked_for_together_do_not_exceed_the_money(desk):
    payment = desk.payment("1000.00")
    asked = [
        desk.run("finance", PAYMENT, payment, "request_refund", {"amount": "800.00", "reason": "x"})["id"]
        for _time in range(2)
    ]
    desk.run("finance_head", REFUND, asked[0], "approve")
    with pytest.raises(Refused):
        desk.run("finance_head", REFUND, asked[1], "approve")
    desk.run("finance_head", REFUND, asked[1], "reject", {"reason": "too much"})
    assert desk.seen(PAYMENT, payment).unallocated == 200


def test_a_balance_is_given_up_by_finance_head_and_branch_manager_or_partner(desk):
    bill = desk.bill(("0.00", "1200.00"))
    asked = desk.run("finance_head", BILL, bill, "write_off", {"reason": "bankrupt"})["id"]
    assert desk.balance(bill) == 1200
    with pytest.raises(Refused):
        desk.run("finance_head", WRITE_OFF, asked, "sign")
    desk.run("branch_manager", WRITE_OFF, asked, "sign")
    assert (desk.state_of(bill), desk.balance(bill)) == ("written_off", 0)
    desk.run("finance_head", WRITE_OFF, asked, "reverse", {"reason": "paid after all"})
    assert (desk.state_of(bill), desk.balance(bill)) == ("issued", 1200)


def test_a_large_write_off_needs_a_partner(desk):
    bill = desk.bill(("0.00", "8000.00"))
    asked = desk.run("finance_head", BILL, bill, "write_off", {"amount": "6000.00", "reason": "bankrupt"})["id"]
    with pytest.raises(Refused):
        desk.run("branch_manager", WRITE_OFF, asked, "sign")
    desk.run("partner", WRITE_OFF, asked, "sign")
    assert (desk.state_of(bill), desk.balance(bill)) == ("issued", 2000)


def test_one_person_for_bill_and_money_is_marked_for_the_daily_list(desk):
    bill, payment = desk.bill(("0.00", "100.00"), who="finance"), desk.payment("100.00", who="finance")
    desk.allocate(payment, {bill: "100.00"})
    other = desk.bill(("0.00", "100.00"), who="manager")
    desk.allocate(desk.payment("100.00"), {other: "100.00"})
    with system("look at allocations") as session:
        rows = dict(session.execute(select(Allocation.bill_id, Allocation.same_person)).all())
    assert (rows[bill], rows[other]) == (True, False)


def test_finance_of_another_branch_sees_nothing(desk):
    bill, payment = desk.bill(("0.00", "100.00")), desk.payment("100.00")
    for key, ident in ((BILL, bill), (PAYMENT, payment)):
        with pytest.raises(NotFound), desk.acting("far_finance"):
            get(record_class(key), ident)


def test_an_overdue_bill_is_reminded_once_a_week(desk):
    bill = desk.bill(("0.00", "100.00"), due=(today() - timedelta(days=12)).isoformat())
    answer = desk.run("finance", BILL, bill, "remind")
    assert (answer["recipient"], desk.seen(BILL, bill).reminders) == ("pay@example.test", 1)
    with pytest.raises(Refused):
        desk.run("finance", BILL, bill, "remind")
    fresh = desk.bill(("0.00", "100.00"))
    with pytest.raises(Refused):
        desk.run("finance", BILL, fresh, "remind")


def test_an_outside_invoice_in_foreign_money_is_a_disbursement_with_a_reserve(desk):
    draft = desk.draft(("0.00", "5000.00"))
    with pytest.raises(Invalid):
        desk.run("finance", BILL, draft, "add_cost", {"what": "外代", "invoice": "900.00", "currency": "EUR"})
    cost = {"what": "外代", "invoice": "900.00", "currency": "eur", "rate": "7.85"}
    desk.run("finance", BILL, draft, "add_cost", cost)
    seen = desk.seen(BILL, draft)
    assert (seen.disbursement_total, seen.total, seen.tax_total) == (D("7276.95"), D("12276.95"), D("283.02"))


def test_one_press_reminds_those_of_a_list_that_were_not_reminded_lately(desk):
    late = (today() - timedelta(days=40)).isoformat()
    first, second = desk.bill(("0.00", "10.00"), due=late), desk.bill(("0.00", "20.00"), due=late)
    desk.run("finance", BILL, first, "remind")
    with desk.acting("finance") as session:
        chosen = list(session.scalars(select(Bill).where(Bill.id.in_((first, second)))))
        assert run_action(chosen, BILL, "remind", {})["sent"] == 1
    assert [desk.seen(BILL, n).reminders for n in (first, second)] == [1, 1]


def test_a_client_announces_money_and_finance_confirms_it(desk, agency):
    with system("a person of the client"):
        user = create(record_class("core.user"), {"login": "payer", "name": "付款人"})
    claims = {"clients.client": frozenset({agency.client})}
    person = Principal(user.id, roles=frozenset({"portal_finance"}), realm="portal", claims=claims)
    told = {"client": agency.client, "amount": "88.00", "received_on": today()}
    with acting_as(person), transaction():
        ident = create(record_class(PAYMENT), told).id
    assert (desk.seen(PAYMENT, ident).state, desk.seen(PAYMENT, ident).unallocated) == ("announced", 0)
    bill = desk.bill(("0.00", "88.00"))
    with pytest.raises(Refused):
        desk.allocate(ident, {bill: "88.00"})
    desk.run("finance", PAYMENT, ident, "confirm")
    desk.allocate(ident, {bill: "88.00"})
    assert desk.state_of(bill) == "paid"
    with pytest.raises((Invalid, Forbidden)), acting_as(person), transaction():
        create(record_class(PAYMENT), told | {"client": agency.other})
