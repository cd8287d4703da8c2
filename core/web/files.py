"""Files of records: upload as new contents and revisions, download as attachments. Originals are never overwritten."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import Any

from flask import Blueprint, current_app, request, send_file
from sqlalchemy import func, select

from core.db import db, write_intent
from core.errors import FieldError, Invalid, NotFound
from core.i18n import _, gettext, ngettext
from core.permissions.rules import access
from core.records import service
from core.records.audit import note_action
from core.records.notes import Attachment, keep, path_of
from core.registry import registry
from core.web import format as fmt
from core.web.lifecycle import done
from core.web.listing import kind_of
from core.web.toasts import say

NEVER = frozenset({".exe", ".bat", ".cmd", ".com", ".scr", ".js", ".vbs", ".msi", ".lnk"})
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_table = Attachment.__table__


def clean_name(raw: str) -> str:
    """The last part of a file's name, without control characters, at most 200 characters with its ending kept."""
    name = PurePosixPath(raw.replace("\\", "/")).name
    name = "".join(c for c in name if c.isprintable()).strip() or "file"
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= 200 else f"{(stem or name)[: 190 - len(ending)]}{dot}{ending}"[:200]


def upload(key: str, record_id: int) -> Any:
    """Store what was chosen."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    given = [f for f in request.files.getlist("file") if f.filename]
    for each in given:
        add(key, record, each.filename or "", each.stream)
    if not given:
        raise Invalid([FieldError("file", "required", _("Choose a file."))])
    say(ngettext("%(n)s file stored", "%(n)s files stored", len(given)))
    return done(f"/r/{key}/{record_id}?tab=files")


def add(key: str, record: Any, filename: str, stream: Any) -> Attachment:
    """Keep one content; a name that the record already has becomes the next revision."""
    name = clean_name(filename)
    if PurePosixPath(name.lower()).suffix in NEVER:
        raise Invalid([FieldError("file", "kind", _("Programs cannot be stored: %(name)s", name=name))])
    limit = current_app.config["ZHIAN"].max_upload_mb * 1024 * 1024
    try:
        sha256, size = keep(stream, limit)
    except ValueError:
        raise Invalid(
            [FieldError("file", "too_large", _("%(name)s is larger than %(n)s MB.", name=name, n=limit >> 20))]
        ) from None
    earlier = select(func.max(_table.c.revision)).where(
        _table.c.record_key == key, _table.c.record_id == record.id, _table.c.filename == name
    )
    revision = (db.session().connection().execute(earlier).scalar() or 0) + 1
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    values = {
        "record_key": key,
        "record_id": record.id,
        "filename": name,
        "sha256": sha256,
        "size": size,
        "mime": mime,
        "revision": revision,
    }
    stored = service.create(Attachment, values, allow=("sha256", "size", "mime", "revision"))
    note_action(db.session(), "file_added", record, changes={"file": name})
    return stored


def of_record(key: str, record_id: int) -> list[dict[str, Any]]:
    """Files of a record that the person may see, newest first. The caller has checked the record."""
    t = _table.c
    statement = select(t.id, t.filename, t.size, t.revision, t.created_at, t.client_visible, t.kind)
    statement = (
        statement.where(t.record_key == key, t.record_id == record_id, t.archived_at.is_(None), _open_to_me())
        .order_by(t.id.desc())
        .limit(200)
    )
    return [_shown(row) for row in db.session().connection().execute(statement)]


def _open_to_me() -> Any:
    """Which files the person may read at all: those of records that are seen, less what rules close."""
    return access().where(Attachment, db.session().principal, "read")


def count(key: str, record_id: int) -> int:
    """How many files a record has that the person may see."""
    t = _table.c
    here = (t.record_key == key, t.record_id == record_id, t.archived_at.is_(None), _open_to_me())
    statement = select(func.count(t.id)).where(*here)
    return db.session().connection().execute(statement).scalar() or 0


def _shown(row: Any) -> dict[str, Any]:
    parts = [row.kind, fmt.file_size(row.size), fmt.day_short(fmt.local_day(row.created_at))]
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
    }


def download(file_id: int) -> Any:
    """A stored file, as an attachment, to whoever may see its record. Pictures drawn within a page are no downloads."""
    found = db.session.scalars(select(Attachment).where(Attachment.id == file_id)).first()
    if found is None or found.record_key not in registry().types or found.record_id is None:
        raise NotFound()
    record = service.get(kind_of(found.record_key).model, found.record_id)
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
        note_action(db.session(), "file_read", record, changes={"file": name})
        db.session.commit()
    answer = send_file(path, mimetype=mime, as_attachment=not drawn, download_name=name, conditional=True)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600" if drawn else "private, no-store"
    return answer


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/file", "upload", upload, methods=["POST"])
    web.add_url_rule("/files/<int:file_id>", "download", download)
