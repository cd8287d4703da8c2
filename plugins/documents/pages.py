"""Viewing and downloading documents, batches with progress, and the public check of a document's code."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from flask import Response, make_response, render_template, request, send_file
from pypdf import PdfWriter
from sqlalchemy import select

from core import (
    Endpoints,
    NotFound,
    db,
    file_path,
    get,
    gettext,
    public,
    record_class,
    system,
)
from plugins.documents import views
from plugins.documents.jobs import filename
from plugins.documents.records import DOCUMENTS, Document

documents = Endpoints("documents", "/documents")
READ = ("documents.document", "read")
MOST_IN_ZIP = 500
MOST_IN_ONE = 200


@documents.route("/<int:document_id>/paper", permission=READ)
def paper(document_id: int) -> Response:
    """The PDF, to be looked at in the page."""
    document = get(Document, document_id)
    return framed(_content(document), filename(document))


def _content(document: Document) -> bytes:
    file = record_class("core.attachment")
    found = db.session.scalars(select(file).where(file.id == document.file_id)).first() if document.file_id else None
    if found is None or not file_path(found).exists():
        raise NotFound()
    return file_path(found).read_bytes()


def framed(content: bytes, name: str) -> Response:
    """A PDF for the frame of one of our pages."""
    answer = send_file(io.BytesIO(content), mimetype="application/pdf", download_name=f"{name}.pdf")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'self'"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@documents.route("/<int:document_id>/head", permission=READ)
def head(document_id: int) -> Any:
    """The head of a document's page, asked for again while it is being made."""
    document = get(Document, document_id)
    if document.state not in views.WAITING:
        return Response("", 200, {"HX-Refresh": "true"})
    return render_template("documents/head.html", **views.head(document))


@documents.route("/batch/<batch>", permission=READ)
def batch(batch: str) -> Any:
    """How far a batch is, and what came of it."""
    found = _of_batch(batch)
    context = {
        "title": gettext("Documents made together"),
        "crumbs": [(str(DOCUMENTS), "/r/documents.document"), (gettext("Batch"), None)],
        "batch": batch,
        "rows": [views.row(document) for document in found],
        "done": sum(document.state not in views.WAITING for document in found),
        "ready": sum(document.state == "ready" for document in found),
    }
    part = request.args.get("part")
    return render_template("documents/_batch.html" if part else "documents/batch.html", **context)


def _of_batch(batch: str) -> list[Document]:
    found = list(db.session.scalars(select(Document).where(Document.batch == batch).order_by(Document.id)))
    if not found:
        raise NotFound()
    return found


@documents.route("/batch/<batch>/zip", permission=READ)
def batch_zip(batch: str) -> Response:
    """All that are ready, in one archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for document in _of_batch(batch)[:MOST_IN_ZIP]:
            if document.state == "ready":
                archive.writestr(f"{filename(document)}.pdf", _content(document))
    target.seek(0)
    return send_file(target, mimetype="application/zip", as_attachment=True, download_name=f"documents-{batch[:8]}.zip")


@documents.route("/batch/<batch>/pdf", permission=READ)
def batch_pdf(batch: str) -> Response:
    """All that are ready as one file to print, each beginning on a page of its own."""
    found = [document for document in _of_batch(batch) if document.state == "ready"][:MOST_IN_ONE]
    if not found:
        raise NotFound()
    target = io.BytesIO()
    with PdfWriter() as whole:
        for document in found:
            whole.append(io.BytesIO(_content(document)), outline_item=filename(document), import_outline=False)
        whole.write(target)
    return framed(target.getvalue(), f"documents-{batch[:8]}")


@documents.route("/v/<code>", permission=public("anybody who holds a letter may check that it is ours"))
def verify(code: str) -> Any:
    """Whether a code is that of a document of ours: its number, kind and day, nothing of its contents."""
    found = None
    if code.isalnum() and len(code) == 16:
        with system("check the code of a document") as session:
            row = session.scalars(select(Document).where(Document.verify_code == code)).first()
            if row is not None and row.state == "ready":
                found = {
                    "number": row.number,
                    "label": views.kind_label(row),
                    "day": row.created_at,
                    "sha256": row.sha256,
                }
    answer = make_response(
        render_template("documents/verify.html", title=gettext("Check a document"), found=found, code=code)
    )
    answer.status_code = 200 if found else 404
    answer.headers["Cache-Control"] = "no-store"
    return answer
