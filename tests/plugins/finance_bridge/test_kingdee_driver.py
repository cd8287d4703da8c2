"""The Kingdee adapter against the stand-in: what each misbehaviour means, and that nothing secret is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from plugins.finance_bridge.drivers.base import (
    Doubtful,
    Misconfigured,
    NotReached,
    Receivable,
    ReceivableLine,
    Refusal,
    Voucher,
    VoucherEntry,
)
from plugins.finance_bridge.drivers.kingdee import answers
from plugins.finance_bridge.drivers.kingdee.queries import filter_string
from tests.standins import kingdee

DAY = date(2026, 11, 22)


def receivable(key="ZA-1", amount="318.00", customer="CUST0001"):
    line = ReceivableLine("FY01", "代理费", Decimal(1), Decimal(amount), Decimal(6), Decimal(amount))
    return Receivable(key, DAY, date(2026, 12, 22), customer, "PRE001", "100", "100", "BIL-1", (line,))


def voucher(key="ZA-1", amount="318.00"):
    entries = (
        VoucherEntry("应收", "1122", debit=Decimal(amount), customer="CUST0001"),
        VoucherEntry("收入", "6001", credit=Decimal(amount)),
    )
    return Voucher(key, DAY, "001", "PRE001", "PRE001", entries)


def test_a_receivable_carries_our_key_as_its_number_and_is_found_by_it(books):
    driver = books.driver()
    made = driver.create_receivable(receivable())
    assert made.number == "ZA-1"
    found = driver.find_by_external_key("receivable", "ZA-1")
    assert (found.remote_id, found.total, found.payment) == (made.remote_id, Decimal("318.00"), "none")
    (document,) = books.standin.of("AR_receivable").values()
    assert document["FDocumentStatus"] == "A", "a person in finance audits"


def test_a_voucher_carries_our_key_in_the_extension_field(books):
    driver = books.driver(key_field="F_ZA_KEY")
    made = driver.create_voucher(voucher())
    assert made.number == "V00000001"
    assert driver.find_by_external_key("voucher", "ZA-1").remote_id == made.remote_id
    with pytest.raises(Misconfigured):
        books.driver().create_voucher(voucher("ZA-2"))


WRITES = {
    "timeout_before": (Doubtful, "timeout", 0),
    "timeout_after_commit": (Doubtful, "timeout", 1),
    "drop_before": (Doubtful, "connection_lost", 0),
    "drop_after_commit": (Doubtful, "connection_lost", 1),
    "error500_before": (Doubtful, "server_error", 0),
    "error500_after_commit": (Doubtful, "server_error", 1),
    "not_json": (Doubtful, "not_json", 1),
    "response_error": (Doubtful, "response_error", 0),
    "response_error_after_commit": (Doubtful, "response_error", 1),
    "fail_in_200": (NotReached, "busy", 0),
    "fail_string": (NotReached, "busy", 0),
    "throttled": (NotReached, "throttled", 0),
    "lost_session": (Misconfigured, "session", 0),
}


@pytest.mark.parametrize("kind", WRITES)
def test_what_a_spoilt_save_means(books, kind):
    fault, code, made = WRITES[kind]
    books.standin.hang = 1.0
    books.standin.misbehave(kind, "Save")
    with pytest.raises(fault) as told:
        books.driver(timeout=0.5).create_receivable(receivable())
    assert told.value.code == code
    if kind.startswith("timeout"):
        assert wait_for(lambda: len(books.standin.of("AR_receivable")) == made)
    assert len(books.standin.of("AR_receivable")) == made


def wait_for(check, seconds=3.0):
    import time

    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


@pytest.mark.parametrize("kind", ["duplicate_answer", "wrong_types", "slow"])
def test_an_odd_success_is_a_success(books, kind):
    driver = books.driver()
    for service in ("Save", "ExecuteBillQuery"):
        books.standin.misbehave(kind, service)
    made = driver.create_receivable(receivable())
    found = driver.find_by_external_key("receivable", "ZA-1")
    assert (made.number, found.remote_id, found.total) == ("ZA-1", made.remote_id, Decimal("318.00"))


@pytest.mark.parametrize("kind", [k for k in kingdee.KINDS if k not in ("duplicate_answer", "wrong_types", "slow")])
def test_a_spoilt_question_never_answers_that_nothing_is_there(books, kind):
    books.standin.hang = 1.0
    driver = books.driver(timeout=0.5)
    driver.create_receivable(receivable())
    books.standin.misbehave(kind, "ExecuteBillQuery")
    with pytest.raises((NotReached, Misconfigured)):
        driver.find_by_external_key("receivable", "ZA-1")


def test_refusals_say_what_is_wrong(books):
    driver = books.driver()
    driver.create_receivable(receivable())
    with pytest.raises(Refusal) as told:
        driver.create_receivable(receivable())
    assert told.value.code == "duplicate"
    with pytest.raises(Refusal) as told:
        driver.create_receivable(receivable("ZA-2", customer="nobody"))
    assert told.value.code == "validation"
    assert "FCUSTOMERID" in told.value.message
    books.standin.closed_periods.add("2026-11")
    with pytest.raises(Refusal) as told:
        driver.create_receivable(receivable("ZA-3"))
    assert told.value.code == "closed_period"


def test_two_documents_with_one_key_are_told(books):
    driver = books.driver(key_field="F_ZA_KEY")
    driver.create_voucher(voucher())
    driver.create_voucher(voucher())
    with pytest.raises(Refusal) as told:
        driver.find_by_external_key("voucher", "ZA-1")
    assert told.value.code == "double"


def test_nothing_listens(books):
    with pytest.raises(NotReached) as told:
        books.driver(address="http://127.0.0.1:1/k3cloud").create_receivable(receivable())
    assert told.value.code == "no_connection"


def test_changed_receivables_since(books):
    driver = books.driver()
    first = driver.create_receivable(receivable("ZA-1"))
    driver.create_receivable(receivable("ZA-2"))
    driver.create_receivable(receivable("OTHER-3"))
    cursor = max(r.modified for r in driver.payment_states(""))
    wait_for(lambda: False, 0.01)
    books.standin.pay(int(first.remote_id), Decimal(100))
    (changed,) = [r for r in driver.payment_states(cursor) if r.payment != "none"]
    assert (changed.key, changed.payment, changed.paid) == ("ZA-1", "part", Decimal("100.00"))
    assert {r.key for r in driver.payment_states("")} == {"ZA-1", "ZA-2"}, "of ours alone"
    assert {r.key for r in driver.list_ours("receivable", DAY, DAY)} == {"ZA-1", "ZA-2"}
    assert {r.key for r in driver.list_documents("receivable", ["ZA-2", "ZA-9"])} == {"ZA-2"}


def test_more_than_one_page_is_read(books, monkeypatch):
    from plugins.finance_bridge.drivers.kingdee import driver as room

    monkeypatch.setattr(room, "PAGE", 3)
    driver = books.driver()
    for number in range(7):
        driver.create_receivable(receivable(f"ZA-{number}"))
    assert len(list(driver.payment_states(""))) == 7


def test_the_set_up_is_asked_for_its_fields_and_codes(books):
    codes = [("customer", "CUST0001"), ("item", "FY99")]
    told = {f.what: (f.good, f.told) for f in books.driver().test("receivable", codes)}
    assert told == {
        "AR_receivable": (True, ""),
        "BD_Customer CUST0001": (True, "示例客户一"),
        "BD_Expense FY99": (False, ""),
    }
    (missing,) = [f for f in books.driver(key_field="F_NONE").test("voucher", []) if not f.good]
    assert missing.what == "GL_VOUCHER.F_NONE"


@pytest.mark.parametrize("value", ["x' OR '1'='1", 'a"b', "a;b", "a--b", "a%", "", "x" * 81, "a\nb"])
def test_a_value_with_quotes_never_enters_a_filter(value):
    with pytest.raises(ValueError, match="not fit"):
        filter_string("key", field="FBillNo", value=value)


@pytest.mark.parametrize("told", [True, "true", "True", "1"])
def test_truth_comes_in_several_shapes(told):
    assert answers.is_true(told)


@pytest.mark.parametrize("told", [False, "false", "False", "0", "", None, 1, "yes", {}, []])
def test_everything_else_is_a_failure(told):
    assert not answers.is_true(told)


def test_the_journal_has_each_exchange_and_no_secret(books):
    traces = []
    driver = books.driver(traces, sign_in="session")
    books.standin.require_session = True
    driver.create_receivable(receivable())
    books.standin.misbehave("fail_in_200", "Save")
    with pytest.raises(NotReached):
        driver.create_receivable(receivable("ZA-2"))
    assert [t.operation for t in traces] == ["LoginBySign", "Save", "Save"]
    assert [t.outcome for t in traces] == ["ok", "ok", "not_reached"]
    assert all(kingdee.APP_SECRET not in f"{t.request}{t.answer}{t.error}" for t in traces)
    (session,) = books.standin.sessions
    assert all(session not in f"{t.request}{t.answer}" for t in traces)
