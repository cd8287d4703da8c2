"""Ledgers at their worst, settings changed in mid-flight, two workers at once, and sheets as people make them."""

from __future__ import annotations

import csv
import io
import random
import threading
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select

from core import Refused, get, record_class, system, today, update
from plugins.billing.bills import void
from plugins.finance_bridge import sheets
from tests.standins import kingdee

CONNECTION, BOOK = "finance_bridge.connection", "finance_bridge.book"
QUICK = [kind for kind in kingdee.KINDS if not kind.startswith(("timeout", "slow"))]


@pytest.mark.parametrize("seed", range(3))
def test_random_misbehaviour_leaves_each_bill_there_once(desk, seed):
    desk.book()
    chance = random.Random(seed)
    bills = [desk.bill(service=amount) for amount in ("0.01", "99999999.99", "1060.00", "33.34", "7.77", "1.00")]
    desk.deliver()
    for _round in range(6):
        for _order in range(4):
            kind = chance.choice(QUICK)
            desk.standin.misbehave(kind, chance.choice(["Save", "ExecuteBillQuery", "*"]), chance.randint(1, 2))
        desk.push(2)
        desk.hurry()
    desk.standin.orders = []
    dead = record_class("finance_bridge.document")
    with system("people replay dead letters") as session:
        from plugins.finance_bridge import mending

        for document in session.scalars(select(dead).where(dead.state == "failed")):
            mending.replay(document)
    desk.push(20)
    totals = {}
    for row in desk.remote():
        key = str(row.get("FBillNo"))
        totals[key] = totals.get(key, 0) + 1
    assert len(totals) == len(bills), {b: (desk.document(b).state, desk.document(b).error) for b in bills}
    assert set(totals.values()) == {1}
    assert {desk.document(bill).state for bill in bills} == {"confirmed"}


def test_two_workers_pushing_at_once_send_each_bill_once(desk, app):
    from plugins.finance_bridge.sending import push_due

    desk.book()
    bills = [desk.bill(service=f"{n}.37") for n in range(1, 13)]
    desk.deliver()
    start = threading.Barrier(4)

    def work():
        with app.app_context():
            start.wait()
            push_due()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.push()
    assert sorted(str(row["FBillNo"]) for row in desk.remote()) == sorted(desk.document(b).external_key for b in bills)


@pytest.mark.parametrize(
    "change",
    [
        {"account_set": "another-account-set"},
        {"address": "http://127.0.0.1:9/k3cloud", "app_secret": "a-secret-typed-anew"},
    ],
)
def test_a_document_on_its_way_is_not_looked_for_in_another_ledger(desk, acting, change):
    book = desk.book()
    bill = desk.bill()
    desk.deliver()
    desk.standin.misbehave("drop_after_commit", "Save")
    from plugins.finance_bridge.sending import push_due

    push_due()
    assert desk.document(bill).state == "unknown"
    with pytest.raises(Refused), acting("sysadmin"):
        connection = get(record_class(BOOK), book).connection
        update(connection, change)


def test_a_bill_made_void_while_nobody_knows_is_there_and_back_once(desk):
    desk.book()
    bill = desk.bill()
    desk.deliver()
    desk.standin.misbehave("drop_after_commit", "Save")
    from plugins.finance_bridge.sending import push_due

    push_due()
    assert desk.document(bill).state == "unknown"
    with system("void"):
        void(get(record_class("billing.bill"), bill), "wrong client")
    desk.deliver()
    for _round in range(4):
        desk.push(20)
        desk.hurry()
    amounts = [Decimal(str(row["FALLAMOUNTFOR"])) for row in desk.remote()]
    assert sorted(amounts) == [Decimal("-1330.00"), Decimal("1330.00")]


def test_payments_back_and_forth_end_where_the_ledger_ends(desk):
    desk.book()
    bill = desk.bill(service="99999999.99", official="0.00")
    desk.deliver()
    desk.push()
    for amount in ("0.01", "99999999.98", "50.00", "0.00", "99999999.99", "12.34", "0.00", "33333333.33"):
        desk.pay(bill, amount)
        desk.poll()
        desk.poll()
        with system("look") as session:
            held = session.get(record_class("billing.bill"), bill)
            assert (held.paid, held.balance) == (Decimal(amount), Decimal("99999999.99") - Decimal(amount)), amount


def test_credit_notes_reach_the_ledger_with_their_sign(desk):
    from plugins.billing.bills import credit_note, issue

    desk.book()
    bill = desk.bill(service="0.01", official="0.00")
    with system("credit"):
        made = credit_note(get(record_class("billing.bill"), bill), "zu viel")
        issue(get(record_class("billing.bill"), made["id"]))
    desk.deliver()
    desk.push()
    assert sorted(Decimal(str(row["FALLAMOUNTFOR"])) for row in desk.remote()) == [Decimal("-0.01"), Decimal("0.01")]


HEAD = ["收款单号", "账单号", "金额", "日期", "付款人"]


@pytest.fixture
def file_book(desk):
    return desk.book(connection={"kind": "file"})


def wrote_csv(tmp_path, rows, name="r.csv", encoding="gbk"):
    target = io.StringIO()
    csv.writer(target).writerows([HEAD, *rows])
    path = tmp_path / name
    path.write_bytes(target.getvalue().encode(encoding))
    return path


def wrote_xlsx(tmp_path, rows, name="r.xlsx"):
    book = openpyxl.Workbook()
    for row in [HEAD, *rows]:
        book.active.append(row)
    path = tmp_path / name
    book.save(path)
    return path


def taken(book, path):
    with system("a sheet of receipts"):
        sheet = sheets.read_receipts(get(record_class(BOOK), book), path, path.name)
        return sheet.id, [row["outcome"] for row in sheet.rows], [row["reason"] for row in sheet.rows]


def booked(ident):
    with system("book it"):
        return sheets.book(get(record_class("finance_bridge.sheet"), ident))


def number_of(bill):
    with system("look") as session:
        return session.get(record_class("billing.bill"), bill).number


def paid(bill):
    with system("look") as session:
        return session.get(record_class("billing.bill"), bill).paid


def test_gbk_full_width_digits_and_doubled_lines(desk, file_book, tmp_path):
    bill = desk.bill()
    number = number_of(bill)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in number)
    rows = [["S1", number, "１００．５０", "2026年11月2日", "云岫"], ["S1", number, "100.50", "2026-11-02", "云岫"],
            ["S2", f" {wide} ", "￥1,000.00", "2026/11/03", "云岫茶业"], ["S3", number, "abc", "2026-11-03", ""],
            ["S4", number, "-5", "2026-11-03", ""], ["S5", "BIL-000000-0000", "5", "2026-11-03", ""]]  # fmt: skip
    ident, outcomes, _reasons = taken(file_book, wrote_csv(tmp_path, rows))
    assert outcomes == ["matched", "doubled", "matched", "unmatched", "unmatched", "unmatched"]
    booked(ident)
    booked(ident)
    assert paid(bill) == Decimal("1100.50")


def test_the_same_receipt_as_text_and_as_figure_is_booked_once(desk, file_book, tmp_path):
    bill = desk.bill()
    number = number_of(bill)
    day = today()
    first, outcomes, _r = taken(file_book, wrote_csv(tmp_path, [["", number, "100.00", day.isoformat(), ""]]))
    assert outcomes == ["matched"]
    booked(first)
    _id, outcomes, _r = taken(file_book, wrote_xlsx(tmp_path, [["", number, 100, day, ""]]))
    assert outcomes == ["known"]
    _id, outcomes, _r = taken(file_book, wrote_xlsx(tmp_path, [["", number.lower(), 100.0, day, ""]], "b.xlsx"))
    assert outcomes[0] in ("known", "unmatched")


def test_two_sheets_checked_before_either_is_booked_book_each_receipt_once(desk, file_book, tmp_path):
    bill = desk.bill()
    rows = [["K1", number_of(bill), "1330.00", today().isoformat(), ""]]
    one, _o, _r = taken(file_book, wrote_csv(tmp_path, rows, "1.csv"))
    two, _o, _r = taken(file_book, wrote_csv(tmp_path, rows, "2.csv"))
    booked(one)
    booked(two)
    assert paid(bill) == Decimal("1330.00")
    payment = record_class("billing.payment")
    with system("look") as session:
        assert len(list(session.scalars(select(payment).where(payment.external_key.like("sheet-%-K1"))))) == 1


def test_lines_that_together_exceed_a_bill_leave_the_rest_on_the_account(desk, file_book, tmp_path):
    bill = desk.bill()
    rows = [[f"M{n}", number_of(bill), "1000.00", today().isoformat(), ""] for n in range(2)]
    ident, outcomes, reasons = taken(file_book, wrote_csv(tmp_path, rows))
    assert outcomes == ["matched", "unmatched"], reasons
    booked(ident)
    assert paid(bill) == Decimal("1000.00")


def test_formulas_fractions_and_monsters_are_named(desk, file_book, tmp_path):
    bill = desk.bill()
    number = number_of(bill)
    day = today()
    rows = [["F1", number, "=1+1", day, ""], ["F2", number, 100.005, day, ""], ["F3", number, 1e300, day, ""],
            ["F4", number, "1e3", day, ""], ["F5", number, "NaN", day, ""], ["F6", number, "Infinity", day, ""],
            ["F7", number, 0, day, ""], ["F8", number, "0.001", day, ""], ["F9", number, 5, "2026-02-30", ""],
            ["F10" + "x" * 400, number, 5, day, ""]]  # fmt: skip
    ident, outcomes, reasons = taken(file_book, wrote_xlsx(tmp_path, rows))
    assert outcomes[:9] == ["unmatched"] * 9, list(zip(outcomes, reasons, strict=True))
    booked(ident)
    assert paid(bill) in (Decimal("0.00"), Decimal("5.00"))


def test_five_thousand_receipts_are_read_and_booked(desk, file_book, tmp_path):
    bill = desk.bill(service="99999999.99")
    number = number_of(bill)
    rows = [[f"T{n}", number, "0.01", today().isoformat(), ""] for n in range(5000)]
    _ident, outcomes, _reasons = taken(file_book, wrote_csv(tmp_path, rows))
    assert outcomes == ["matched"] * 5000
