"""Files of a record: who sees the record sees its files, who may change it may add one."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from flask import Response, request, send_file
from sqlalchemy import select

from core.api.answers import Answer
from core.api.problems import TooLarge
from core.api.records import ident_of, kind_of, location
from core.db import db, write_intent
from core.errors import BadRequest, FieldError, Forbidden, Invalid, NotFound
from core.i18n import _
from core.records import service
from core.records.attachments import add_file
from core.records.audit import note_action
from core.records.base import Record
from core.records.notes import Attachment, path_of
from core.registry import RecordType

SHOWN = ("id", "filename", "kind", "mime", "size", "sha256", "revision", "client_visible", "created_at")


def _owner(key: str, ident: str) -> tuple[RecordType, Record]:
    kind = kind_of(key)
    return kind, service.get(kind.model, ident_of(ident))


def _shown(file: Attachment) -> dict[str, Any]:
    return {name: getattr(file, name) for name in SHOWN}


def _of(kind: RecordType, record: Record) -> Any:
    mine = (Attachment.record_key == kind.key) & (Attachment.record_id == record.id)
    return select(Attachment).where(mine, Attachment.archived_at.is_(None))


def list_files(key: str, ident: str) -> Answer:
    """GET: the files of a record that the person may see, newest first."""
    kind, record = _owner(key, ident)
    found = db.session.scalars(_of(kind, record).order_by(Attachment.id.desc()))
    return Answer(200, {"data": [_shown(file) for file in found], "next": None})


def download(key: str, ident: str, file_id: str) -> Response:
    """GET: the content of one file, always as a download, noted in the audit log."""
    kind, record = _owner(key, ident)
    file = db.session.scalars(_of(kind, record).where(Attachment.id == ident_of(file_id))).first()
    if file is None:
        raise NotFound()
    path, name, mime = path_of(file.sha256), file.filename, file.mime
    if not path.exists():
        raise NotFound(_("The content of this file is not in the file store. Ask an administrator."))
    if request.method != "HEAD":
        _note_reading(record, name)
    answer = send_file(path, mime, as_attachment=True, download_name=name, etag=path.name)
    answer.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"})
    return answer


def _note_reading(record: Record, name: str) -> None:
    """In a transaction that may write, after the one that only read."""
    db.session.commit()
    write_intent.set(True)
    note_action(db.session(), "file_read", record, changes={"file": name})
    db.session.commit()


def upload(key: str, ident: str) -> Answer:
    """POST: a file as multipart part `file`, or as the whole body with `?filename=`."""
    kind, record = _owner(key, ident)
    if not service.may(record, "update"):
        raise Forbidden(detail={"record": key, "action": "update"})
    stream, name, code = _sent()
    if not name.strip():
        raise Invalid([FieldError("file", "required", _("Send a file with its name."))])
    try:
        file = add_file(record, name, stream, code)
    except ValueError:
        raise TooLarge() from None
    return Answer(201, _shown(file), {"Location": f"{location(kind, record.id)}/files/{file.id}"})


def _sent() -> tuple[Any, str, str | None]:
    if request.mimetype == "multipart/form-data":
        part = request.files.get("file")
        if part is None:
            raise BadRequest(_("Send the file as the part “file”."), code="file")
        return part.stream, part.filename or "", request.form.get("kind")
    return request.stream, unquote(request.args.get("filename", "")), request.args.get("kind")
