"""Bills become documents over there exactly once, whatever happens on the way; dead letters are mended and replayed."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import Refused, create, db, get, record_class, system, today, update
from plugins.finance_bridge import sending
from plugins.finance_bridge.collecting import collect, on_issued
from tests.standins import kingdee

SPOILT = [k for k in kingdee.KINDS if k not in ("slow", "duplicate_answer", "wrong_types")]


def test_an_issued_bill_becomes_one_receivable(desk):
    desk.book()
    bill = desk.sent_bill()
    document, stored = desk.document(bill), desk.stored_bill(bill)
    assert document.external_key.endswith(f"-{stored.number}")
    assert (document.amount, document.remote_number, document.attempts) == (stored.total, document.external_key, 1)
    (there,) = desk.remote()
    assert (there["FBillNo"], there["FALLAMOUNTFOR"]) == (document.external_key, "1330.00")
    assert [(row["FCOSTID"]["FNumber"], row["FEntryTaxRate"]) for row in there["FEntityDetail"]] == [
        ("FY01", "6.00"), ("FY02", "0"),
    ]  # fmt: skip


def test_an_issued_bill_becomes_one_balanced_voucher(desk):
    desk.book("voucher")
    desk.sent_bill()
    (there,) = desk.remote("voucher")
    rows = [(r["FACCOUNTID"]["FNumber"], Decimal(r["FDEBIT"]), Decimal(r["FCREDIT"])) for r in there["FEntity"]]
    assert rows == [("1122", 1330, 0), ("6001", 0, 1000), ("2221.01.02", 0, 60), ("2241", 0, 270)]
    assert there["F_ZA_KEY"].startswith("ZA")


def test_the_event_told_twice_and_collecting_make_no_second_document(desk):
    desk.book()
    bill = desk.bill()
    for _time in range(2):
        with system("an event that comes twice"):
            on_issued({"id": bill}, "k")
    collect()
    desk.push()
    assert len(desk.remote()) == 1


def test_bills_of_before_a_book_are_collected_and_those_too_old_are_not(desk):
    bill = desk.bill()
    desk.deliver()
    assert desk.document(bill) is None
    desk.book(start_on=today() + timedelta(1))
    collect()
    assert desk.document(bill) is None
    desk.empty()
    desk.book()
    collect()
    assert desk.document(bill) is not None


def test_a_branch_has_its_own_book(desk):
    everywhere, own = desk.book(), desk.book(branch=desk.agency.other)
    here, there = desk.bill(), desk.bill(branch=desk.agency.other)
    desk.deliver()
    assert (desk.document(here).book_id, desk.document(there).book_id) == (everywhere, own)


@pytest.mark.one_database
@pytest.mark.parametrize("mode", ["receivable", "voucher"])
@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("service", ["Save", "ExecuteBillQuery"])
def test_one_fault_anywhere_leaves_exactly_one_document(desk, mode, kind, service):
    desk.standin.hang = 0.6
    book = desk.book(mode, connection={"timeout": 1})
    del book
    bill = desk.bill()
    desk.deliver()
    with impatience(0.3):
        desk.standin.misbehave(kind, service)
        desk.push()
    revive(desk, bill)
    assert desk.document(bill).state == "confirmed"
    assert len(desk.remote(mode)) == 1


def impatience(seconds):
    """Clients of this process wait less long, so that tests do too."""
    from contextlib import contextmanager

    from plugins.finance_bridge import reaching

    @contextmanager
    def shorter():
        plain = reaching.account_of
        from dataclasses import replace

        reaching.account_of = lambda connection: replace(plain(connection), timeout=seconds)
        try:
            yield
        finally:
            reaching.account_of = plain

    return shorter()


def revive(desk, *bills):
    """What a person does with dead letters."""
    for bill in bills:
        if desk.document(bill).state in ("failed", "held"):
            with system("a person sends it again"):
                desk.act(bill, "replay")
    desk.push()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    script=st.lists(st.sampled_from([None, *kingdee.KINDS]), min_size=1, max_size=12),
    mode=st.sampled_from(["receivable", "voucher"]),
)
def test_any_script_of_faults_leaves_exactly_one_document_per_bill(desk, script, mode):
    desk.empty()
    desk.standin.reset()
    desk.standin.hang = 0.3
    desk.book(mode)
    bills = [desk.bill() for _n in range(3)]
    desk.deliver()
    orders = iter(script)
    desk.standin.script = lambda _service: next(orders, None)
    with impatience(0.15):
        desk.push(rounds=30)
        desk.standin.script = None
        desk.push(rounds=30)
        revive(desk, *bills)
    assert {desk.document(bill).state for bill in bills} == {"confirmed"}
    keys = [d["FBillNo"] if mode == "receivable" else d["F_ZA_KEY"] for d in desk.remote(mode)]
    assert sorted(keys) == sorted(desk.document(bill).external_key for bill in bills)


def test_twenty_workers_at_once_send_each_document_once(app, desk):
    desk.book("voucher")
    bills = [desk.bill() for _n in range(6)]
    desk.deliver()

    def work():
        with app.app_context():
            sending.push_due()
            db.session.remove()

    threads = [threading.Thread(target=work) for _n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.push()
    assert {desk.document(bill).state for bill in bills} == {"confirmed"}
    assert {desk.document(bill).attempts for bill in bills} == {1}
    assert len(desk.remote("voucher")) == len(bills)


def test_a_process_that_died_after_sending_is_found_out(desk):
    """The claim of a document that was sent runs out; it is looked for, not sent again."""
    desk.book("voucher")
    bill = desk.bill()
    desk.deliver()
    work = sending.claim(desk.document(bill).id)
    assert sending.prepare(work) is None
    sending.leave(work, "sent", keep=True, attempts=1)
    with sending.driver_of(work.reach) as driver:
        driver.create_voucher(work.draft)  # and here it died
    with system("its claim runs out") as session:
        session.get(record_class("finance_bridge.document"), work.id).claimed_until = None
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.attempts, len(desk.remote("voucher"))) == ("confirmed", 1, 1)


def test_a_late_claim_writes_nothing(desk):
    desk.book()
    bill = desk.bill()
    desk.deliver()
    late = sending.claim(desk.document(bill).id)
    with system("its claim runs out") as session:
        session.get(record_class("finance_bridge.document"), late.id).claimed_until = None
    desk.push()
    assert sending.leave(late, "failed") == "taken"
    assert desk.document(bill).state == "confirmed"


def test_nothing_is_a_dead_letter_because_the_ledger_is_away(desk):
    desk.book(connection={"address": "http://127.0.0.1:1/k3cloud"})
    bill = desk.bill()
    desk.deliver()
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.reason, document.attempts) == ("pending", "not_reached", 0)
    with system("look") as session:
        connection = session.get(record_class("finance_bridge.book"), document.book_id).connection
        assert connection.reach == "not_reached"
        connection.address = f"{desk.books.url}/k3cloud"
    desk.push()
    assert desk.document(bill).state == "confirmed"


def test_a_wrong_key_waits_and_is_told(desk):
    desk.book(connection={"app_secret": "not-the-secret-of-this-application"})
    bill = desk.bill()
    desk.deliver()
    desk.push(rounds=2)
    document = desk.document(bill)
    assert (document.state, document.reason) == ("pending", "misconfigured")
    assert "会话信息已丢失" in document.error
    assert desk.told("连接") or desk.told("connection")


def test_nobody_looks_for_a_document_that_is_still_on_its_way(desk):
    """Connecting, sending and waiting with all the patience that may be set end before the claim does."""
    from plugins.finance_bridge.records import patience

    with pytest.raises(ValueError, match="60"):
        patience(61)
    assert sending.LEASE.total_seconds() > 3 * 60
    desk.book()
    bill = desk.bill()
    desk.deliver()
    work = sending.claim(desk.document(bill).id)
    assert sending.claim(work.id) is None
    desk.push()
    assert desk.remote() == []


def test_an_unknown_outcome_rests_before_it_is_decided(desk):
    desk.book(connection={"settle_seconds": 3600})
    bill = desk.bill()
    desk.deliver()
    desk.standin.misbehave("error500_before", "Save")
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.reason, document.attempts) == ("unknown", "doubtful", 1)
    assert len(desk.remote()) == 0


def test_a_missing_mapping_is_a_dead_letter_that_is_mended_and_replayed(desk, acting):
    book = desk.book()
    with system("a mapping is removed") as session:
        model = record_class("finance_bridge.mapping")
        gone = session.scalars(
            select(model).where(model.book_id == book, model.kind == "item", model.source == "official")
        ).one()
        session.delete(gone)
    bill = desk.bill()
    desk.deliver()
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.reason) == ("failed", "mapping")
    assert len(desk.remote()) == 0
    with acting("head"):
        create(model, {"book": book, "kind": "item", "source": "official", "target": "FY02"})
    with acting("head"):
        desk.act(bill, "replay")
    desk.push()
    assert desk.document(bill).state == "confirmed"


def test_a_refused_document_is_mended_by_hand(desk, acting):
    desk.book()
    desk.standin.base["BD_Customer"].pop("CUST0001")
    bill = desk.bill()
    desk.deliver()
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.reason) == ("failed", "validation")
    with acting("head") as session:
        mine = session.scalars(select(type(document)).filter_by(id=document.id)).one()
        update(mine, {"customer_code": "CUST0002"})
    with acting("head"):
        desk.act(bill, "replay")
    desk.push()
    (there,) = desk.remote()
    assert there["FCUSTOMERID"] == {"FNumber": "CUST0002"}
    with pytest.raises(Refused), acting("head") as session:
        mine = session.scalars(select(type(document)).filter_by(id=document.id)).one()
        update(mine, {"customer_code": "CUST0001"})
    desk.standin.base["BD_Customer"]["CUST0001"] = "示例客户一"


@pytest.mark.parametrize("where", ["there", "here"])
def test_a_closed_period_holds_and_asks(desk, where):
    desk.book(closed_until=today() if where == "here" else None)
    if where == "there":
        desk.standin.closed_periods.add(f"{today():%Y-%m}")
    before = desk.told("需要人工") + desk.told("needs a person")
    bill = desk.bill()
    desk.deliver()
    desk.push()
    document = desk.document(bill)
    assert (document.state, document.reason, len(desk.remote())) == ("held", "closed_period", 0)
    assert desk.told("需要人工") + desk.told("needs a person") > before


def test_a_document_with_another_amount_is_held_and_accepted_by_a_person(desk, acting):
    desk.book()
    bill = desk.bill()
    desk.deliver()
    key = desk.document(bill).external_key
    model = {
        "FBillTypeID": {"FNUMBER": "YSD01_SYS"}, "FBillNo": key, "FDATE": today().isoformat(),
        "FCUSTOMERID": {"FNumber": "CUST0001"}, "FCURRENCYID": {"FNumber": "PRE001"},
        "FSETTLEORGID": {"FNumber": "100"}, "FPAYORGID": {"FNumber": "100"},
        "FEntityDetail": [{"FCOSTID": {"FNumber": "FY01"}, "FALLAMOUNTFOR_D": "1.00"}],
    }  # fmt: skip
    desk.standin.save("AR_receivable", {"Model": model})
    desk.push()
    assert (desk.document(bill).state, desk.document(bill).reason) == ("held", "amount")
    with acting("head"), pytest.raises(Refused):
        desk.act(bill, "replay")
    with acting("head"):
        desk.act(bill, "release", reason="已在金蝶更正")
    assert desk.document(bill).state == "confirmed"
    assert len(desk.remote()) == 1


def void(bill_id):
    from plugins.billing.bills import void as take_out

    with system("a bill is voided"):
        take_out(get(record_class("billing.bill"), bill_id), "开错")


def test_a_voided_bill_that_never_left_stays_here(desk):
    desk.book()
    bill = desk.bill()
    desk.deliver()
    void(bill)
    desk.deliver()
    desk.push()
    assert desk.document(bill).state == "cancelled"
    assert desk.remote() == []


@pytest.mark.parametrize("mode", ["receivable", "voucher"])
def test_a_voided_bill_that_was_sent_is_taken_back_by_a_red_document(desk, mode):
    desk.book(mode)
    bill = desk.sent_bill()
    void(bill)
    desk.deliver()
    desk.deliver()
    desk.push()
    red = desk.document(bill, "red")
    assert (red.state, red.amount) == ("confirmed", Decimal("-1330.00"))
    totals = sorted(Decimal(d["FALLAMOUNTFOR"]) for d in desk.remote(mode))
    assert totals == [Decimal("-1330.00"), Decimal("1330.00")]


def test_a_red_document_waits_for_the_outcome_of_the_original(desk):
    desk.book(connection={"settle_seconds": 3600})
    bill = desk.bill()
    desk.deliver()
    desk.standin.misbehave("error500_after_commit", "Save")
    sending.push_due()
    assert desk.document(bill).state == "unknown"
    void(bill)
    desk.deliver()
    desk.push(rounds=20)
    assert desk.document(bill).state == "confirmed"
    assert desk.document(bill, "red").state == "confirmed"


def test_a_voided_bill_with_money_over_there_asks_a_person(desk):
    desk.book()
    bill = desk.sent_bill()
    desk.pay(bill, "100")
    with system("told but not booked yet") as session:
        session.get(record_class("finance_bridge.document"), desk.document(bill).id).payment = "part"
    void(bill)
    desk.deliver()
    desk.push()
    red = desk.document(bill, "red")
    assert (red.state, red.reason) == ("held", "paid_there")
    assert len(desk.remote()) == 1


def test_a_credit_note_goes_as_a_negative_receivable(desk):
    from plugins.billing.bills import credit_note, issue

    desk.book()
    bill = desk.sent_bill()
    with system("a credit note"):
        note = credit_note(get(record_class("billing.bill"), bill), "减免")["id"]
        issue(get(record_class("billing.bill"), note))
    desk.deliver()
    desk.push()
    assert desk.document(note).state == "confirmed"
    assert sorted(Decimal(d["FALLAMOUNTFOR"]) for d in desk.remote()) == [Decimal("-1330.00"), Decimal("1330.00")]
