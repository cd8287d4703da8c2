"""Bills, one bill, and the statement of a period as page and sheet."""

from __future__ import annotations

import tempfile
from datetime import date
from typing import Any

import xlsxwriter
from flask import request, send_file

from core import NotFound, _, gettext, today
from plugins.portal import bills
from plugins.portal.desk import draw, page, tell

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page("/bills")
def bill_list() -> Any:
    """What is open, and every bill."""
    _only_here()
    number = request.args.get("page", "")
    at = min(int(number), 10_000) if number.isascii() and number.isdigit() and number != "0" else 1
    tell(_("List of bills"))
    found = bills.bill_list(at)
    return draw("bills.html", title=gettext("Bills"), found=found, at=at, payments=bills.payments()[:10])


@page("/bills/<int:ident>")
def bill(ident: int) -> Any:
    """One bill with its lines."""
    shown = bills.bill_page(ident)
    client = shown["bill"].get("client")
    tell(
        shown["bill"].get("number") or gettext("Bill"),
        record=(bills.BILL, ident),
        client=client.get("id") if isinstance(client, dict) else client,
    )
    return draw("bill.html", title=shown["bill"].get("number") or gettext("Bill"), **shown)


@page("/statement")
def statement() -> Any:
    """What was charged and paid in a period."""
    _only_here()
    start, end = _period()
    tell(_("Statement %(start)s to %(end)s", start=start.isoformat(), end=end.isoformat()))
    return draw("statement.html", title=gettext("Statement"), kinds=kinds_of_rows(), **bills.statement(start, end))


@page("/statement.xlsx", act="export")
def statement_sheet() -> Any:
    """The same as a sheet."""
    _only_here()
    start, end = _period()
    tell(_("Statement %(start)s to %(end)s", start=start.isoformat(), end=end.isoformat()))
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function
    _write(stream, bills.statement(start, end))
    stream.seek(0)
    name = gettext("Statement") + f"-{start.isoformat()}-{end.isoformat()}.xlsx"
    answer = send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _write(stream: Any, found: dict[str, Any]) -> None:
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    head = [gettext("Date"), gettext("Number"), gettext("What for"), gettext("Amount"), gettext("Balance")]
    words = kinds_of_rows()
    for at in found["books"] or [{"currency": "CNY", "figures": (0, 0), "lines": []}]:
        sheet = book.add_worksheet(at["currency"])
        sheet.set_column(0, 4, 18)
        for column, label in enumerate(head):
            sheet.write_string(0, column, label, bold)
        sheet.write_string(1, 2, gettext("Opening balance"))
        sheet.write_number(1, 4, at["figures"][0], money)
        line = 1
        for line, row in enumerate(at["lines"], 2):
            for column, value in enumerate((row["day"].isoformat(), row["number"], words[row["kind"]])):
                sheet.write_string(line, column, value)
            for column, amount in enumerate(row["figures"], 3):
                sheet.write_number(line, column, amount, money)
        sheet.write_string(line + 1, 2, gettext("Closing balance"), bold)
        sheet.write_number(line + 1, 4, at["figures"][1], money)
    book.close()


def kinds_of_rows() -> dict[str, str]:
    """The rows of a statement in words."""
    return {
        "bill": gettext("Bill"),
        "credit_note": gettext("Credit note"),
        "waived": gettext("Waived"),
        "payment": gettext("Payment"),
        "refund": gettext("Paid back"),
    }


def _only_here() -> None:
    if not bills.here():
        raise NotFound()


def _period() -> tuple[date, date]:
    start = _day(request.args.get("from"), date(today().year, 1, 1))
    end = _day(request.args.get("to"), today())
    return (start, end) if start <= end else (end, start)


def _day(text: str | None, default: date) -> date:
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        return default
