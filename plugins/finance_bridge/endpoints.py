"""Pages of this plugin's own: the overview, the mapping editor, receipts in, the report as a sheet."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import redirect, render_template, request, send_file
from sqlalchemy import select

from core import (
    Endpoints,
    FieldError,
    Invalid,
    _,
    create,
    db,
    delete,
    get,
    gettext,
    may,
    update,
)
from plugins.finance_bridge import pages, setting_up, sheets
from plugins.finance_bridge.choices import FOUND, MAPPINGS
from plugins.finance_bridge.drivers.files.outgoing import table
from plugins.finance_bridge.records import Book, Mapping, Reconciliation

finance = Endpoints("finance_bridge", "/finance")
BOOK = "finance_bridge.book"
XLSX = sheets.XLSX


@finance.route("", permission=("finance_bridge.document", "read"))
def overview() -> Any:
    """What goes on between bills and ledgers."""
    title = gettext("Finance bridge")
    return render_template("finance_bridge/overview.html", title=title, crumbs=[(title, None)], **pages.overview())


@finance.route("/books/<int:book_id>/mapping", permission=(BOOK, "check"))
def mapping(book_id: int) -> Any:
    """All codes of one book on one page."""
    return _mapping(get(Book, book_id), None)


@finance.route("/books/<int:book_id>/mapping", permission=("finance_bridge.mapping", "update"), methods=("POST",))
def keep_mapping(book_id: int) -> Any:
    """Keep what was filled in; an emptied code is removed."""
    book = get(Book, book_id)
    held = _held(book)
    for kind, source, _label, client in _lines(book):
        given = request.form.get(f"{kind}:{source}", "").strip()
        _keep(book, held.get((kind, source)), kind, source, client, given)
    db.session.flush()
    return redirect(f"/finance/books/{book_id}/mapping", 303)


@finance.route("/books/<int:book_id>/test", permission=(BOOK, "check"), methods=("POST",))
def test(book_id: int) -> Any:
    """Ask the ledger, and show what it says beside the codes."""
    get(Book, book_id)
    findings = setting_up.ask(book_id)
    return _mapping(get(Book, book_id), findings)


@finance.route("/books/<int:book_id>/receipts", permission=(BOOK, "read_receipts"))
def receipts(book_id: int) -> Any:
    """Choose a sheet of receipts."""
    return _receipts(get(Book, book_id), "")


@finance.route("/books/<int:book_id>/receipts", permission=(BOOK, "read_receipts"), methods=("POST",))
def read_receipts(book_id: int) -> Any:
    """The dry run of a sheet; it books nothing."""
    book, given = get(Book, book_id), request.files.get("file")
    if not may(book, "read_receipts"):
        from core import Forbidden

        raise Forbidden()
    if given is None or not given.filename:
        raise Invalid([FieldError("file", "required", _("Choose a file."))])
    with tempfile.TemporaryDirectory(prefix="zhian-receipts-") as folder:
        path = Path(folder) / f"sheet{Path(given.filename).suffix.lower()[:8]}"
        given.save(path)
        sheet = sheets.read_receipts(book, path, Path(given.filename.replace("\\", "/")).name)
    return redirect(f"/r/finance_bridge.sheet/{sheet.id}", 303)


@finance.route("/reconciliations/<int:report_id>.xlsx", permission=("finance_bridge.reconciliation", "export"))
def report_sheet(report_id: int) -> Any:
    """The differences of one report as a sheet."""
    report = get(Reconciliation, report_id)
    words = {choice.code: str(choice.label) for choice in FOUND}
    head = (gettext("Difference"), gettext("Our key"), gettext("Bill"), gettext("Their number"))
    head += (gettext("Here"), gettext("In the ledger"), gettext("Apart by"))
    names = ("key", "bill", "remote", "ours", "theirs", "difference")
    rows = [(words[row["what"]], *(str(row[name] or "") for name in names)) for row in report.rows or []]
    stream = BytesIO(table(head, rows))
    answer = send_file(stream, mimetype=XLSX, as_attachment=True, download_name=f"{report.name}.xlsx")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _held(book: Book) -> dict[tuple[str, str], Mapping]:
    rows = db.session.scalars(select(Mapping).where(Mapping.book_id == book.id))
    return {(row.kind, row.source): row for row in rows}


def _lines(book: Book) -> list[tuple[str, str, Any, int | None]]:
    """What may be mapped: kind, our code, words, client."""
    lines: list[tuple[str, str, Any, int | None]] = [(*code, None) for code in setting_up.wanted_codes(book)]
    lines.append(("currency", "CNY", _("Chinese yuan (PRE001 unless given)"), None))
    clients = setting_up.clients_of(book)
    return [*lines, *(("customer", str(client.id), client.name, client.id) for client in clients)]


def _keep(book: Book, held: Mapping | None, kind: str, source: str, client: int | None, given: str) -> None:
    if held is None and given:
        values = {"book": book.id, "kind": kind, "source": source, "target": given}
        create(Mapping, values | ({"client": client} if client else {}))
    elif held is not None and not given:
        delete(held)
    elif held is not None and held.target != given:
        update(held, {"target": given, "target_name": None, "good": False}, allow=("target_name", "good"))


def _mapping(book: Book, findings: Any) -> str:
    held, words = _held(book), {choice.code: choice.label for choice in MAPPINGS}
    by_number = book.customer_codes == "client_number"
    otherwise = {client.id: client.number or "" for client in setting_up.clients_of(book)} if by_number else {}
    groups: dict[str, list[dict[str, Any]]] = {}
    for kind, source, label, client in _lines(book):
        row = held.get((kind, source))
        line = {"name": f"{kind}:{source}", "label": str(label), "row": row, "client": client}
        line["otherwise"] = otherwise.get(client, "") if client else "PRE001" if kind == "currency" else ""
        groups.setdefault(str(words[kind]), []).append(line)
    title = gettext("Mapping of %(name)s", name=book.name)
    crumbs = [(gettext("Account books"), f"/r/{BOOK}"), (book.name, f"/r/{BOOK}/{book.id}"), (title, None)]
    return render_template(
        "finance_bridge/mapping.html",
        title=title,
        crumbs=crumbs,
        book=book,
        groups=groups,
        findings=findings,
        missing=setting_up.missing(book),
        carried=book.connection.kind == "file",
    )


def _receipts(book: Book, error: str) -> str:
    title = gettext("Receipts for %(name)s", name=book.name)
    crumbs = [(gettext("Account books"), f"/r/{BOOK}"), (book.name, f"/r/{BOOK}/{book.id}"), (title, None)]
    return render_template("finance_bridge/receipts.html", title=title, crumbs=crumbs, book=book, error=error)
