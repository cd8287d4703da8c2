"""Money received over there settles bills exactly once; reversals and manual entries are told, never overwritten."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import db, record_class, system, today
from plugins.billing import record_receipt
from plugins.finance_bridge import payments


def receipts_of(bill_id):
    """Receipts in force on a bill."""
    payment, row = record_class("billing.payment"), record_class("billing.allocation")
    with system("look at payments") as session:
        query = select(payment).where(payment.id.in_(select(row.payment_id).where(row.bill_id == bill_id)))
        return [p for p in session.scalars(query.order_by(payment.id)) if p.state == "confirmed"]


def test_a_paid_receivable_settles_its_bill_once(desk):
    desk.book()
    bill = desk.sent_bill()
    desk.pay(bill, "1330")
    for _time in range(3):
        desk.poll()
    stored, document = desk.stored_bill(bill), desk.document(bill)
    assert (stored.state, stored.paid, stored.balance) == ("paid", Decimal(1330), 0)
    assert (document.payment, document.booked, document.difference) == ("full", Decimal(1330), None)
    (receipt,) = receipts_of(bill)
    assert receipt.external_key == f"{document.external_key}#1"


def test_part_payments_come_as_increments(desk):
    desk.book()
    bill = desk.sent_bill()
    for amount in ("300", "300", "800.50", "1330"):
        desk.pay(bill, amount)
        desk.poll()
    assert [r.amount for r in receipts_of(bill)] == [Decimal("300.00"), Decimal("500.50"), Decimal("529.50")]
    assert desk.stored_bill(bill).state == "paid"


def test_a_reversal_over_there_is_a_reversal_here_and_is_told(desk):
    desk.book()
    bill = desk.sent_bill()
    before = desk.told("fell from") + desk.told("降到")
    for amount in ("500", "1330", "700", "0", "1330"):
        desk.pay(bill, amount)
        desk.poll()
        assert desk.stored_bill(bill).paid == Decimal(amount)
    assert desk.told("fell from") + desk.told("降到") > before
    assert sum(r.amount for r in receipts_of(bill)) == 1330


def by_hand(bill_id, amount, key):
    with system("somebody enters a payment by hand"):
        record_receipt(bill_id=bill_id, amount=Decimal(amount), paid_on=today(), external_key=key, source="hand")


def test_a_manual_entry_is_never_overwritten_a_difference_is_shown(desk, acting):
    desk.book()
    bill = desk.sent_bill()
    by_hand(bill, "400", "hand-1")
    desk.pay(bill, "1330")
    desk.poll()
    assert (desk.stored_bill(bill).paid, desk.document(bill).difference) == (400, "by_hand")
    desk.poll()
    with acting("head"):
        desk.act(bill, "take_theirs")
    stored, document = desk.stored_bill(bill), desk.document(bill)
    assert (stored.paid, stored.state, document.booked, document.accepted) == (1330, "paid", 930, 400)
    desk.pay(bill, "1000")
    desk.poll()
    assert desk.stored_bill(bill).paid == 1000, "from now on both are one sum"


def test_a_manual_entry_ahead_of_the_ledger_is_no_alarm_but_a_fall_over_there_is(desk):
    from plugins.finance_bridge.reconciling import compare

    book = desk.book()
    bill = desk.sent_bill()
    by_hand(bill, "1330", "hand-4")
    desk.poll()
    assert desk.document(bill).difference is None
    compare(book)
    model = record_class("finance_bridge.reconciliation")
    with system("look") as session:
        report = session.scalars(select(model).where(model.book_id == book)).one()
    assert [row["what"] for row in report.rows if row["bill_id"] == bill] == ["paid"], "the daily report tells it"
    desk.pay(bill, "1330")
    desk.poll()
    desk.pay(bill, "0")
    for _time in range(2):
        desk.poll()
        assert (desk.stored_bill(bill).paid, desk.document(bill).difference) == (1330, "by_hand")


def test_a_manual_entry_of_the_same_sum_agrees(desk):
    desk.book()
    bill = desk.sent_bill()
    by_hand(bill, "1330", "hand-2")
    desk.pay(bill, "1330")
    desk.poll()
    assert (desk.stored_bill(bill).paid, desk.document(bill).difference, desk.document(bill).booked) == (1330, None, 0)


def test_our_figure_may_stand(desk, acting):
    desk.book()
    bill = desk.sent_bill()
    by_hand(bill, "400", "hand-3")
    desk.pay(bill, "500")
    desk.poll()
    with acting("head"):
        desk.act(bill, "leave_alone")
    desk.poll()
    assert (desk.stored_bill(bill).paid, desk.document(bill).difference) == (400, None)
    desk.pay(bill, "600")
    desk.poll()
    assert desk.document(bill).difference == "by_hand", "asked again when it changes"


def test_state_and_amount_that_contradict_are_told(desk):
    desk.book()
    bill = desk.sent_bill()
    document = desk.there(bill)
    document["FWRITTENOFFSTATUS"], document["FRelateHadPayAmount"] = "B", "0"
    desk.standin.touch(document)
    desk.poll()
    assert (desk.stored_bill(bill).paid, desk.document(bill).difference) == (0, "odd")
    desk.pay(bill, "1330")
    desk.poll()
    assert (desk.stored_bill(bill).paid, desk.document(bill).difference) == (1330, None)


def test_a_document_cancelled_over_there_is_told(desk):
    desk.book()
    bill = desk.sent_bill()
    document = desk.there(bill)
    document["FCancelStatus"] = "B"
    desk.standin.touch(document)
    desk.poll()
    assert desk.document(bill).difference == "cancelled"


def test_what_was_received_on_a_voided_bill_is_not_booked(desk):
    from core import get
    from plugins.billing.bills import void

    desk.book()
    bill = desk.sent_bill()
    with system("void"):
        void(get(record_class("billing.bill"), bill), "开错")
    desk.pay(bill, "100")
    desk.poll()
    assert (receipts_of(bill), desk.document(bill).difference) == ([], "more")


@pytest.mark.parametrize(
    "kind", ["lost_session", "fail_in_200", "not_json", "error500_after_commit", "duplicate_answer", "wrong_types"]
)
def test_a_spoilt_poll_loses_nothing(desk, kind):
    desk.book()
    bill = desk.sent_bill()
    desk.pay(bill, "1330")
    desk.standin.misbehave(kind, "ExecuteBillQuery")
    desk.poll()
    desk.poll()
    assert [r.amount for r in receipts_of(bill)] == [1330]


def test_the_cursor_goes_by_the_clock_over_there_and_overlaps():
    assert payments.before("") == ""
    assert payments.before("2026-11-22T14:05:00.123") == "2026-11-22 13:55:00"
    assert payments.before("2026-11-22 00:05:00") == "2026-11-21 23:55:00"


def test_ten_pollers_at_once_book_once(app, desk):
    desk.book()
    bill = desk.sent_bill()
    desk.pay(bill, "1330")

    def work():
        with app.app_context():
            payments.poll_all()
            db.session.remove()

    threads = [threading.Thread(target=work) for _n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.poll()
    assert [r.amount for r in receipts_of(bill)] == [1330]


amounts = st.integers(0, 1330).map(str)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(amounts, st.booleans()), min_size=1, max_size=8))
def test_whatever_is_received_and_reversed_the_bill_holds_the_last_sum(desk, steps):
    """`True` polls after the step; the bill always holds what was told last, and money is conserved."""
    desk.empty()
    desk.standin.reset()
    desk.book()
    bill = desk.sent_bill()
    for amount, look in steps:
        desk.pay(bill, amount)
        if look:
            desk.poll()
            assert desk.stored_bill(bill).paid == Decimal(amount)
    desk.poll()
    stored, document = desk.stored_bill(bill), desk.document(bill)
    assert (
        stored.paid
        == Decimal(steps[-1][0])
        == document.booked
        == sum((r.amount for r in receipts_of(bill)), Decimal(0))
    )
    assert stored.balance == stored.total - stored.paid
