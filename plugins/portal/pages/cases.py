"""Home, the list of cases with its export, the page of a case, and the picture of a mark."""

from __future__ import annotations

import csv
import io
import tempfile
from typing import Any

import xlsxwriter
from flask import Response, request, send_file
from sqlalchemy import select

from core import NotFound, _, current_principal, db, elevated, file_path, get, gettext, labels, record_class, today
from plugins.cases import Case
from plugins.portal import bills, cases_read, papers, questions, renewals, services, words
from plugins.portal.cases_read import Asked
from plugins.portal.desk import OWN, draw, page, portal, tell
from plugins.portal.people import client_ids, client_names, me

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@page("")
def home() -> Any:
    """First what the client must decide, then what is new, then the cases."""
    person = me()
    asked = Asked.read(request.args)
    tell(_("Home"))
    found = cases_read.case_list(asked)
    papers_new = [p for p in papers.papers(portal_user=person.id if person else None) if p.new][:5]
    return draw(
        "home.html",
        title=gettext("Cases"),
        questions=[*questions.open_questions(), *renewals.waiting()],
        may_decide=questions.may_decide() or renewals.may_instruct(),
        new_papers=papers_new,
        unread=services.unread(),
        open_bills=bills.bill_list()["open"] if bills.here() else [],
        notices=_notices(),
        asked=asked,
        kinds=_kinds(),
        found=found,
        case_names=_names_of(papers_new),
    )


@page("/cases")
def case_list() -> Any:
    """The list alone."""
    asked = Asked.read(request.args)
    tell(_("List of cases"))
    found = cases_read.case_list(asked)
    return draw("cases.html", title=gettext("Cases"), asked=asked, found=found, kinds=_kinds())


def _kinds() -> list[tuple[str, str]]:
    return [(code, words.type_words(None, code)) for code in cases_read.KINDS]


def _notices() -> list[str]:
    """What the agency put up for this client."""
    client = record_class("clients.client")
    with elevated("a note on the portal is for everybody of the client"):
        found = select(client.portal_notice).where(
            client.id.in_(sorted(client_ids())), client.portal_notice.is_not(None)
        )
        return [text for text in db.session.scalars(found) if text]


def _names_of(found: list[papers.Paper]) -> dict[int, str]:
    return labels("cases.case", {p.record_id for p in found if p.record_key == "cases.case"})


@page("/cases/<int:case_id>")
def case(case_id: int) -> Any:
    """The road travelled, the next milestone, papers, days, messages."""
    shown = cases_read.case_page(case_id)
    person = me()
    tell(shown["row"]["name"], record=("cases.case", case_id), client=shown["case"].client_id)
    return draw(
        "case.html",
        title=shown["row"]["name"],
        questions=[*questions.open_questions(case_id), *renewals.waiting(case_id)],
        may_decide=questions.may_decide() or renewals.may_instruct(),
        answers=questions.answers_of(case_id),
        papers=papers.papers(("cases.case", case_id), person.id if person else None),
        deadlines=cases_read.deadlines_of([case_id]),
        team=cases_read.team(shown["case"]),
        may_ask=current_principal().can("portal.message", "create"),
        messages=[m for t in services.threads() if t["case"] == case_id for m in t["messages"]],
        **shown,
    )


@portal.route("/cases/<int:case_id>/mark", permission=OWN)
def mark(case_id: int) -> Any:
    """The picture of a mark: the client's own, whoever uploaded it. Drawn within pages, so not logged by itself."""
    found = get(Case, case_id)
    with elevated("the picture of a mark belongs to its client"):
        stored = db.session.get(record_class("core.attachment"), found.mark_image_id) if found.mark_image_id else None
        if stored is None or stored.mime not in PICTURES:
            raise NotFound()
        path, mime = file_path(stored), stored.mime
    answer = send_file(path, mimetype=mime, conditional=True)
    answer.headers["Cache-Control"] = "private, max-age=300"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@page("/cases/export.<ending>", act="export")
def export(ending: str) -> Any:
    """The portfolio as shown, as a sheet or as text."""
    if ending not in ("xlsx", "csv"):
        raise NotFound()
    if not current_principal().can("cases.case", "export"):
        raise NotFound()
    rows = [_cells(row) for row in cases_read.all_rows(Asked.read(request.args))]
    tell(_("List of %(n)s cases as %(kind)s", n=len(rows), kind=ending))
    name = gettext("Cases") + f"-{today().isoformat()}.{ending}"
    answer = _sheet(rows, name) if ending == "xlsx" else _text(rows, name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _head() -> list[str]:
    return [
        gettext("Our number"),
        gettext("Your reference"),
        gettext("Company"),
        gettext("Kind"),
        gettext("Name"),
        gettext("Classes"),
        gettext("Application number"),
        gettext("Filing date"),
        gettext("Registration number"),
        gettext("Valid to"),
        gettext("Stage"),
        gettext("Next step"),
        gettext("Expected"),
    ]


def _cells(row: dict[str, Any]) -> list[str]:
    drawn = cases_read.line(row)
    client = client_names().get(row["client"] if isinstance(row["client"], int) else 0, "")
    following, when = drawn["next"]
    return [
        row["number"] or "",
        row["client_reference"] or "",
        client,
        drawn["kind_words"],
        row["name"] or "",
        drawn["class_words"],
        row["application_number"] or "",
        row["filing_date"].isoformat() if row["filing_date"] else "",
        row["registration_number"] or row["grant_number"] or "",
        row["valid_to"].isoformat() if row["valid_to"] else "",
        drawn["stage"],
        following,
        when,
    ]


def _sheet(rows: list[list[str]], name: str) -> Response:
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(_head()) - 1, 20)
    for at, label in enumerate(_head()):
        sheet.write_string(0, at, label, bold)
    for line, cells in enumerate(rows, 1):
        for at, value in enumerate(cells):
            sheet.write_string(line, at, value)
    book.close()
    stream.seek(0)
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


def _text(rows: list[list[str]], name: str) -> Response:
    """With a byte order mark, so that spreadsheets read Chinese; what looks like a formula is text."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(_head())
    writer.writerows([[f"'{v}" if v.startswith(RISKY) else v for v in cells] for cells in rows])
    content = io.BytesIO(("\ufeff" + stream.getvalue()).encode())
    return send_file(content, mimetype="text/csv", as_attachment=True, download_name=name)
