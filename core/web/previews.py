"""Files shown in the page: pictures, PDF in the browser's own viewer, documents in a sandboxed frame. Nothing runs.

Downloads stay what they are (`files`): attachments under a policy that allows nothing.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request, send_file

from core.db import db, start_writing
from core.errors import NotFound
from core.records.audit import note_action
from core.records.contents import HEAD_BYTES, fits
from core.records.notes import path_of
from core.web import files
from core.web.facts import caption_of
from core.web.lifecycle import wants_fragment
from core.web.listing import kind_of

PDF_POLICY = (
    "script-src 'none'; connect-src 'none'; object-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""What the browser's own viewer needs to show the PDF: it brings its own style. No script of ours or theirs runs."""
FRAME_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "font-src data:",
        "frame-ancestors 'self'",
        "sandbox allow-scripts",
    )
)
"""The frame that draws documents: our scripts alone, no connection anywhere, and an origin that owns nothing."""


def view(file_id: int) -> Any:
    """A file with what stands beside it: its versions, the files before and after it, the way to download it."""
    found, record = files.found_with_record(file_id)
    kind = kind_of(found.record_key)
    shown = files.of_record(kind.key, record.id)
    current = next((d for d in shown if file_id in (d["id"], *(v["id"] for v in d["versions"]))), None)
    place = shown.index(current) if current else -1
    beside = {"before": shown[place - 1] if place > 0 else None, "after": (shown[place + 1 :] or [None])[0]}
    context = {
        "title": found.filename,
        "file": found,
        "way": files.way_of(found.filename, found.mime, found.size),
        "current": current,
        "beside": beside,
        "crumbs": [
            (str(kind.plural), f"/r/{kind.key}"),
            (caption_of(kind, record.id), f"/r/{kind.key}/{record.id}?tab=files"),
            (found.filename, None),
        ],
    }
    return render_template("web/_preview.html" if wants_fragment() else "web/preview.html", **context)


def pdf(file_id: int) -> Any:
    """A PDF for the browser's own viewer, in a frame of ours; anything that only says it is one is not there."""
    found, record = files.found_with_record(file_id)
    path = path_of(found.sha256)
    if files.way_of(found.filename, found.mime, found.size) != "pdf" or not path.exists():
        raise NotFound()
    with path.open("rb") as content:
        if not fits(found.filename, content.read(HEAD_BYTES)):
            raise NotFound()
    if not request.range:
        start_writing()
        note_action(db.session(), "file_shown", record, changes={"file": found.filename})
        db.session.commit()
    answer = send_file(path, mimetype="application/pdf", download_name=found.filename, conditional=True)
    answer.headers["Content-Security-Policy"] = PDF_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def frame() -> Any:
    """The empty frame that draws documents."""
    answer = make_response(render_template("web/docx_frame.html"))
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/files/<int:file_id>/view", "view_file", view)
    web.add_url_rule("/files/<int:file_id>/pdf", "view_pdf", pdf)
    web.add_url_rule("/files/frame", "docx_frame", frame)
