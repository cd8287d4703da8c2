"""Files of a record: who sees the record sees its files, who may change it may add one."""

from __future__ import annotations

import mimetypes
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from flask import Response, current_app, request, send_file
from sqlalchemy import select

from core.api.answers import Answer
from core.api.problems import TooLarge
from core.api.records import ident_of, kind_of, location
from core.db import db, elevated
from core.errors import BadRequest, FieldError, Forbidden, Invalid, NotFound
from core.i18n import _
from core.records import service
from core.records.audit import note_action
from core.records.base import Record
from core.records.notes import Attachment, keep, path_of
from core.registry import RecordType

SHOWN = ("id", "filename", "kind", "mime", "size", "sha256", "revision", "client_visible", "created_at")
SEEN = "files of a record that the person sees"


def _owner(key: str, ident: str) -> tuple[RecordType, Record]:
    kind = kind_of(key)
    return kind, service.get(kind.model, ident_of(ident))


def _shown(file: Attachment) -> dict[str, Any]:
    return {name: getattr(file, name) for name in SHOWN}


def _of(kind: RecordType, record: Record) -> Any:
    mine = (Attachment.record_key == kind.key) & (Attachment.record_id == record.id)
    return select(Attachment).where(mine, Attachment.archived_at.is_(None))


def list_files(key: str, ident: str) -> Answer:
    """GET: all files of a record, newest first."""
    kind, record = _owner(key, ident)
    with elevated(SEEN) as session:
        found = [_shown(f) for f in session.scalars(_of(kind, record).order_by(Attachment.id.desc()))]
    return Answer(200, {"data": found, "next": None})


def download(key: str, ident: str, file_id: str) -> Response:
    """GET: the content of one file, always as a download."""
    kind, record = _owner(key, ident)
    with elevated(SEEN) as session:
        file = session.scalars(_of(kind, record).where(Attachment.id == ident_of(file_id))).first()
        if file is None:
            raise NotFound()
        found = _shown(file)
    path = path_of(found["sha256"])
    if not path.exists():
        raise NotFound(_("The content of this file is not in the file store. Ask an administrator."))
    answer = send_file(path, found["mime"], as_attachment=True, download_name=found["filename"], etag=found["sha256"])
    answer.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"})
    return answer


def upload(key: str, ident: str) -> Answer:
    """POST: a file as multipart part `file`, or as the whole body with `?filename=`."""
    kind, record = _owner(key, ident)
    if not service.may(record, "update"):
        raise Forbidden(detail={"record": key, "action": "update"})
    stream, name, kind_code = _sent()
    clean = PurePath(name.replace("\\", "/")).name.replace("\x00", "").strip()[:255]
    if not clean:
        raise Invalid([FieldError("file", "required", _("Send a file with its name."))])
    try:
        sha256, size = keep(stream, current_app.config["ZHIAN"].max_upload_mb * 1024 * 1024)
    except ValueError:
        raise TooLarge() from None
    file = _store(kind, record, clean, kind_code, sha256, size)
    return Answer(201, _shown(file), {"Location": f"{location(kind, record.id)}/files/{file.id}"})


def _sent() -> tuple[Any, str, str | None]:
    if request.mimetype == "multipart/form-data":
        part = request.files.get("file")
        if part is None:
            raise BadRequest(_("Send the file as the part “file”."), code="file")
        return part.stream, part.filename or "", request.form.get("kind")
    return request.stream, unquote(request.args.get("filename", "")), request.args.get("kind")


def _store(kind: RecordType, record: Record, name: str, code: str | None, sha256: str, size: int) -> Attachment:
    """A new version when the record has a file of that name already."""
    with elevated(SEEN) as session:
        same = _of(kind, record).where(Attachment.filename == name).order_by(Attachment.revision.desc())
        newest = session.scalars(same.with_only_columns(Attachment.revision)).first()
    values = {
        "record_key": kind.key,
        "record_id": record.id,
        "filename": name,
        "kind": code,
        "sha256": sha256,
        "size": size,
        "mime": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "revision": (newest or 0) + 1,
    }
    file = service.create(Attachment, values, allow=values)
    note_action(db.session(), "upload", record, changes={"file": [None, name]})
    return file
