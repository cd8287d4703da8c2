"""Released papers: the list, one to look at or take, and all of a case in one archive."""

from __future__ import annotations

from typing import Any

from flask import g, request, send_file

from core import NotFound, _, get, gettext, labels
from plugins.cases import Case
from plugins.portal import papers
from plugins.portal.desk import Entry, draw, page, tell
from plugins.portal.people import me

PREVIEW = (
    "script-src 'none'; connect-src 'none'; object-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""What the browser's own viewer of PDF needs: it brings its own style."""
TAKEN = "default-src 'none'; sandbox"


@page("/files")
def files() -> Any:
    """All released papers, newest first."""
    person = me()
    found = papers.papers(portal_user=person.id if person else None)
    tell(_("List of documents"))
    names = labels("cases.case", {p.record_id for p in found if p.record_key == "cases.case"})
    return draw("files.html", title=gettext("Documents"), papers=found, names_of_cases=names)


@page("/files/<source>/<int:ident>", act="download")
def file(source: str, ident: int) -> Any:
    """One paper; with `?view=1` shown in the page where that is safe."""
    found = papers.one(source, ident)
    path = papers.path_of(found)
    tell(found.filename, record=(papers.KINDS[source], ident), client=_client_of(found))
    shown = request.args.get("view") == "1" and found.inline
    answer = send_file(
        path, mimetype=found.mime, as_attachment=not shown, download_name=found.filename, conditional=True
    )
    answer.headers["Content-Security-Policy"] = PREVIEW if shown else TAKEN
    if shown:
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _client_of(paper: papers.Paper) -> int | None:
    if paper.record_key != "cases.case":
        return paper.record_id if paper.record_key == "clients.client" else None
    return get(Case, paper.record_id).client_id


@page("/cases/<int:case_id>/files.zip", act="download")
def archive(case_id: int) -> Any:
    """All released papers of a case."""
    case = get(Case, case_id)
    name, client = case.name, case.client_id
    found = papers.papers(("cases.case", case_id))
    if not found:
        raise NotFound()
    stream = papers.zipped(found)
    tell(_("%(n)s documents of %(name)s", n=len(found), name=name), record=("cases.case", case_id), client=client)
    _note_each(found, client)
    answer = send_file(stream, mimetype="application/zip", as_attachment=True, download_name=f"{_plain(name)}.zip")
    answer.headers["Content-Security-Policy"] = TAKEN
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _note_each(found: list[papers.Paper], client: int | None) -> None:
    """Each paper in the archive counts as opened; written together with the request's own entry."""
    g.portal_more = [Entry("download", p.filename, papers.KINDS[p.source], p.id, client) for p in found]


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in name)[:80].strip() or "files"
