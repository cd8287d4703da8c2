"""The agency's colour and logo, served as files so that pages need no inline styles."""

from __future__ import annotations

from typing import Any

from flask import Response, send_file

from core import NotFound, db, elevated, file_path, record_class
from plugins.portal.colours import stylesheet
from plugins.portal.desk import OUTSIDE, portal
from plugins.portal.looks import look
from plugins.portal.papers import SHOWN_INLINE

KEPT = "public, max-age=300"


@portal.route("/look.css", permission=OUTSIDE)
def look_css() -> Any:
    """The custom properties of the agency's colour."""
    answer = Response(stylesheet(look()["colour"]), mimetype="text/css")
    answer.headers["Cache-Control"] = KEPT
    return answer


@portal.route("/logo", permission=OUTSIDE)
def logo() -> Any:
    """The agency's logo."""
    ident = look()["logo"]
    with elevated("everybody sees the agency's logo"):
        stored = db.session.get(record_class("core.attachment"), ident) if ident else None
        if stored is None or stored.mime not in SHOWN_INLINE:
            raise NotFound()
        path, mime = file_path(stored), stored.mime
    answer = send_file(path, mimetype=mime, conditional=True)
    answer.headers["Cache-Control"] = KEPT
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
