"""Files of records: upload as new contents and revisions, download as attachments. Originals are never overwritten."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from flask import Blueprint, current_app, jsonify, request, send_file
from sqlalchemy import func, select

from core.db import db, write_intent
from core.errors import FieldError, Forbidden, Invalid, NotFound
from core.i18n import _, gettext, ngettext
from core.permissions.rules import access
from core.records import service
from core.records.attachments import add_file, clean_name
from core.records.audit import note_action
from core.records.dump import labels
from core.records.notes import Attachment, path_of
from core.records.reading import run
from core.registry import registry
from core.web import format as fmt
from core.web.lifecycle import commit, done
from core.web.listing import kind_of
from core.web.toasts import say

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_DRAWN = 20 * 1024 * 1024
"""Bytes of a document that a browser is asked to draw."""
_table = Attachment.__table__


def way_of(filename: str, mime: str, size: int) -> str | None:
    """How a file can be shown in the page: image, pdf, docx, or not at all."""
    ending = PurePosixPath(filename.lower()).suffix
    if mime in PICTURES:
        return "image"
    if mime == "application/pdf" and ending == ".pdf":
        return "pdf"
    return "docx" if ending == ".docx" and size <= MOST_DRAWN else None


def upload(key: str, record_id: int) -> Any:
    """Store what was chosen with a record that the person may change."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    if not service.may(record, "update"):
        raise Forbidden(detail={"record": key, "action": "update"})
    given = [f for f in request.files.getlist("file") if f.filename]
    if not given:
        raise Invalid([FieldError("file", "required", _("Choose a file."))])
    for each in given:
        keep_upload(record, "file", each)
    if request.accept_mimetypes.best == "application/json":
        commit()
        return jsonify(stored=len(given))
    say(ngettext("%(n)s file stored", "%(n)s files stored", len(given)))
    return done(f"/r/{key}/{record_id}?tab=files")


def keep_upload(record: Any, field: str, part: Any) -> int:
    """Keep one chosen file with a record; its id. Raises `Invalid` at the field."""
    name, limit = part.filename or "", current_app.config["ZHIAN"].max_upload_mb
    try:
        return add_file(record, name, part.stream).id
    except ValueError:
        message = _("%(name)s is larger than %(n)s MB.", name=clean_name(name), n=limit)
        raise Invalid([FieldError(field, "too_large", message)]) from None


def of_record(key: str, record_id: int) -> list[dict[str, Any]]:
    """Files of a record that the person may see, newest first, each with its older versions."""
    t = _table.c
    statement = select(
        t.id, t.filename, t.size, t.mime, t.revision, t.created_at, t.created_by_id, t.client_visible, t.kind
    )
    statement = (
        statement.where(t.record_key == key, t.record_id == record_id, t.archived_at.is_(None), _open_to_me())
        .order_by(t.id.desc())
        .limit(300)
    )
    rows = run(statement).all()
    people = labels("core.user", {row.created_by_id for row in rows})
    named: dict[str, list[Any]] = {}
    for row in rows:
        named.setdefault(row.filename, []).append(row)
    return [
        _shown(key, newest, people) | {"versions": [_shown(key, row, people) for row in older]}
        for newest, *older in named.values()
    ]


def _open_to_me() -> Any:
    """Which files the person may read at all: those of records that are seen, less what rules close."""
    return access().where(Attachment, db.session().principal, "read")


def count(key: str, record_id: int) -> int:
    """How many files a record has that the person may see; versions of one count once."""
    t = _table.c
    here = (t.record_key == key, t.record_id == record_id, t.archived_at.is_(None), _open_to_me())
    return run(select(func.count(t.filename.distinct())).where(*here)).scalar() or 0


def _shown(key: str, row: Any, people: dict[int, str]) -> dict[str, Any]:
    """What a list of files says of one; kinds are told where they have words, as letters have."""
    kind = registry().documents.get(key, {}).get(row.kind or "")
    who = people.get(row.created_by_id or 0, "")
    parts = [
        str(kind.label) if kind else "",
        fmt.file_size(row.size),
        fmt.day_short(fmt.local_day(row.created_at)),
        who,
    ]
    if row.revision > 1:
        parts.append(gettext("version %(n)s", n=row.revision))
    if row.client_visible:
        parts.append(gettext("visible to the client"))
    ending = PurePosixPath(row.filename).suffix.lstrip(".")[:4]
    return {
        "id": row.id,
        "filename": row.filename,
        "extension": ending or "file",
        "note": gettext(", ").join(p for p in parts if p),
        "revision": row.revision,
        "who": who,
        "time": fmt.instant(row.created_at),
        "way": way_of(row.filename, row.mime, row.size),
    }


def found_with_record(file_id: int) -> tuple[Attachment, Any]:
    """A file and the record that it belongs to, both seen by the person; raises `NotFound`."""
    found = db.session.scalars(select(Attachment).where(Attachment.id == file_id)).first()
    if found is None or found.record_key not in registry().types or found.record_id is None:
        raise NotFound()
    return found, service.get(kind_of(found.record_key).model, found.record_id)


def download(file_id: int) -> Any:
    """A stored file, as an attachment, to whoever may see its record. Pictures drawn within a page are no downloads."""
    found, record = found_with_record(file_id)
    path = path_of(found.sha256)
    if not path.exists():
        raise NotFound(
            _("The stored content of this file is missing. Tell an administrator the number %(n)s.", n=file_id)
        )
    name, mime = found.filename, found.mime
    drawn = mime in PICTURES and request.headers.get("Sec-Fetch-Dest") == "image"
    if not drawn:
        db.session.rollback()
        write_intent.set(True)
        how = "file_shown" if request.args.get("shown") else "file_read"
        note_action(db.session(), how, record, changes={"file": name})
        db.session.commit()
    answer = send_file(path, mimetype=mime, as_attachment=not drawn, download_name=name, conditional=True)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=86400, immutable" if drawn else "private, no-store"
    return answer


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/file", "upload", upload, methods=["POST"])
    web.add_url_rule("/files/<int:file_id>", "download", download)
