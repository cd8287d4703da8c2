"""The daily comparison finds each difference; sheets go out as text and come in once."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from openpyxl import load_workbook
from sqlalchemy import select

from core import Refused, get, record_class, run_action, system, today
from plugins.finance_bridge.drivers.files import incoming, outgoing
from plugins.finance_bridge.reconciling import compare, reconcile
from plugins.finance_bridge.sending import push_due


def model(name):
    return record_class(f"finance_bridge.{name}")


def report_of(book):
    with system("look at a report") as session:
        return session.scalars(select(model("reconciliation")).where(model("reconciliation").book_id == book)).one()


def mine(report, *bills):
    """The differences that concern these bills."""
    return {(row["what"], row["bill_id"]): row for row in report.rows if row["bill_id"] in bills}


def test_what_agrees_has_no_difference_and_is_made_anew_the_same_day(desk):
    book = desk.book()
    bill = desk.sent_bill()
    compare(book)
    reconcile()
    report = report_of(book)
    assert mine(report, bill) == {}
    assert report.remote_total == Decimal("1330.00")


def test_every_kind_of_difference_is_found_with_its_amounts(desk):
    book = desk.book()
    gone, changed, failed, differs, voided = (desk.sent_bill() for _n in range(5))
    desk.standin.of("AR_receivable").pop(int(desk.document(gone).remote_id))
    desk.there(changed)["FALLAMOUNTFOR"] = "1.00"
    desk.standin.save("AR_receivable", {"Model": stray(desk, book)})
    dead, other = desk.document(failed).id, desk.document(differs).id
    with system("made different") as session:
        session.get(model("document"), dead).state = "failed"
        session.get(record_class("billing.bill"), voided).state = "void"
        session.get(model("document"), other).difference = "by_hand"
    unsent = desk.bill()
    compare(book)
    found = mine(report_of(book), gone, changed, failed, differs, voided, unsent)
    assert {what for what, _bill in found} >= {
        "missing_remote",
        "amount",
        "not_confirmed",
        "voided_live",
        "missing_document",
    }
    assert found["amount", changed]["difference"] == "-1329.00"
    assert found["missing_remote", gone]["ours"] == "1330.00"
    assert [row["key"] for row in report_of(book).rows if row["what"] == "stray_remote"] == [f"{prefix(book)}-STRAY"]


def prefix(book):
    with system("look") as session:
        return session.get(model("book"), book).connection.prefix


def stray(desk, book):
    return {
        "FBillTypeID": {"FNUMBER": "YSD01_SYS"}, "FBillNo": f"{prefix(book)}-STRAY", "FDATE": today().isoformat(),
        "FCUSTOMERID": {"FNumber": "CUST0001"}, "FCURRENCYID": {"FNumber": "PRE001"},
        "FSETTLEORGID": {"FNumber": "100"}, "FPAYORGID": {"FNumber": "100"},
        "FEntityDetail": [{"FCOSTID": {"FNumber": "FY01"}, "FALLAMOUNTFOR_D": "7.00"}],
    }  # fmt: skip


def test_payments_that_polling_missed_come_by_the_comparison(desk):
    """Writing receipts off does not always touch the stamp by which polling asks."""
    book = desk.book()
    bill = desk.sent_bill()
    desk.poll()
    document = desk.there(bill)
    document["FWRITTENOFFSTATUS"], document["FRelateHadPayAmount"] = "C", document["FALLAMOUNTFOR"]
    document["FModifyDate"] = "2026-01-01T00:00:00.000"
    compare(book)
    assert desk.stored_bill(bill).state == "paid"


def test_a_ledger_that_does_not_answer_makes_no_false_alarm(desk):
    book = desk.book()
    bill = desk.sent_bill()
    desk.standin.misbehave("error500_before", "ExecuteBillQuery")
    compare(book)
    report = report_of(book)
    assert (report.state, mine(report, bill)) == ("unfinished", {})


@pytest.fixture
def paper(desk):
    """An active book that is carried by sheets."""
    return desk.book("voucher", connection={"kind": "file", "address": None})


def test_vouchers_leave_as_a_sheet_of_text(desk, paper, acting):
    bill = desk.bill()
    desk.deliver()
    push_due()
    assert (desk.document(bill).state, desk.document(bill).reason) == ("pending", "sheet")
    with acting("head"):
        made = run_action(get(model("book"), paper), "finance_bridge.book", "make_sheet")["id"]
    with acting("head") as session:
        sheet = get(model("sheet"), made)
        from core import file_path

        content = load_workbook(BytesIO(file_path(sheet.file).read_bytes())).active
        rows = [[cell.value for cell in row] for row in content.iter_rows(min_row=2)]
        assert all(isinstance(cell, str) for row in rows for cell in row if cell is not None)
        assert [(row[4], row[7], row[8]) for row in rows] == [
            ("1122", "1330.00", "0"), ("6001", "0", "1000.00"), ("2221.01.02", "0", "60.00"), ("2241", "0", "270.00"),
        ]  # fmt: skip
        assert session is not None
    assert desk.document(bill).state == "sent"
    push_due()
    assert desk.document(bill).state == "sent", "a person carries it; nobody looks for it online"
    with pytest.raises(Refused), acting("head"):
        run_action(get(model("book"), paper), "finance_bridge.book", "make_sheet")
    with acting("head"):
        run_action(get(model("sheet"), made), "finance_bridge.sheet", "posted")
    assert desk.document(bill).state == "confirmed"


def test_no_text_of_a_sheet_is_a_formula():
    sheet = load_workbook(BytesIO(outgoing.table(["a"], [["=1+1"], ["+A1"], ["@x"]]))).active
    assert [(row[0].value, row[0].data_type) for row in sheet.iter_rows(min_row=2)] == [
        ("=1+1", "s"), ("+A1", "s"), ("@x", "s"),
    ]  # fmt: skip


def write(path: Path, rows) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for line, row in enumerate(rows):
        sheet.write_row(line, 0, row)
    book.close()
    return path


HEAD = ["收款单号", "账单号", "收款金额", "收款日期", "付款人"]


def test_receipts_come_in_with_a_dry_run_and_once(desk, paper, acting, tmp_path):
    from plugins.finance_bridge.sheets import read_receipts

    one, two = desk.bill(), desk.bill()
    numbers = [desk.stored_bill(bill).number for bill in (one, two)]
    rows = [
        ["R-1", numbers[0], 1330, "2026-11-20", "云岫"],
        ["R-2", numbers[1], "1,000.50", "2026年11月21日", "云岫"],
        ["R-2", numbers[1], "1,000.50", "2026年11月21日", "云岫"],
        ["R-3", "BIL-000000-0000", 5, "2026-11-20", "谁"],
        ["R-4", numbers[1], 9999, "2026-11-20", "多付"],
        ["R-5", numbers[1], "十元", "2026-11-20", "字"],
    ]
    path = write(tmp_path / "收款.xlsx", [HEAD, *rows])
    for turn in (1, 2):
        with acting("head"):
            sheet = read_receipts(get(model("book"), paper), path, path.name).id
        with acting("head"):
            checked = get(model("sheet"), sheet)
            told = [row["outcome"] for row in checked.rows]
            first = ["matched", "matched", "doubled", "unmatched", "unmatched", "unmatched"]
            assert told == (
                first if turn == 1 else ["known", "known", "doubled", "unmatched", "unmatched", "unmatched"]
            )
            assert all(row["reason"] for row in checked.rows if row["outcome"] != "matched")
            before = (desk_paid(one), desk_paid(two))
            assert before == ((0, 0) if turn == 1 else (1330, Decimal("1000.50"))), "a dry run books nothing"
            run_action(checked, "finance_bridge.sheet", "book")
        assert (desk.stored_bill(one).paid, desk.stored_bill(two).paid) == (1330, Decimal("1000.50"))


def desk_paid(bill):
    from core import db

    return (
        db.session.scalars(select(record_class("billing.bill")).where(record_class("billing.bill").id == bill))
        .one()
        .paid
    )


def test_a_sheet_of_other_columns_is_refused(tmp_path):
    with pytest.raises(incoming.Unreadable, match="账单号"):
        incoming.read(write(tmp_path / "x.xlsx", [["甲", "乙"], ["1", "2"]]), ".xlsx")


def test_the_same_line_without_a_number_is_told_as_doubled(tmp_path):
    line = ["BIL-1", 10, "2026-11-20"]
    path = write(tmp_path / "x.xlsx", [["账单号", "金额", "日期"], line, line, ["BIL-1", 11, "2026-11-20"]])
    assert [row.problem for row in incoming.read(path, ".xlsx")] == ["", "doubled", ""]
