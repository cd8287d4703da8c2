"""Comments, stored files and in-app messages: `core.note`, `core.attachment`, `core.notification`, the file store."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from flask import current_app
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped

from core.errors import FieldError, Invalid
from core.i18n import L, _
from core.records import fields
from core.records.base import MODELS, Record
from core.records.fields import Choice

VISIBILITY = (Choice("internal", L("内部", "Internal")), Choice("client", L("客户可见", "Visible to the client")))


class Note(Record):
    """A comment on a record's timeline; who sees the record sees its internal notes."""

    __record__ = {
        "key": "core.note",
        "label": _("Note"),
        "plural": _("Notes"),
        "title": "body",
        "icon": "message",
        "archive": False,
    }
    __table_args__ = (Index("ix_core_note_record", "record_key", "record_id"),)
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True)
    body: Mapped[str] = fields.long_text(_("Text"), required=True, max_length=20_000)
    visibility: Mapped[str] = fields.choice(_("Visible to"), VISIBILITY, default="internal", required=True)
    mentions: Mapped[list | None] = fields.json(
        _("Mentioned"), help=_("Ids of people who are told; each must be able to see the record."), track=False
    )


class Attachment(Record):
    """A stored file of a record. Its content is never overwritten: a new upload of the same name is a new version."""

    __record__ = {
        "key": "core.attachment",
        "label": _("File"),
        "plural": _("Files"),
        "title": "filename",
        "icon": "file",
        "archive": True,
    }
    __table_args__ = (Index("ix_core_attachment_record", "record_key", "record_id"),)
    record_key: Mapped[str | None] = fields.text(_("Record type"), max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"))
    kind: Mapped[str | None] = fields.text(_("Kind"), max_length=60)
    filename: Mapped[str] = fields.text(_("File name"), required=True, max_length=255, search=True)
    sha256: Mapped[str] = fields.text(_("Checksum"), required=True, max_length=64, readonly=True, index=True)
    size: Mapped[int] = fields.integer(_("Size"), required=True, readonly=True)
    mime: Mapped[str] = fields.text(_("Type"), required=True, max_length=120, readonly=True)
    revision: Mapped[int] = fields.integer(_("Version"), required=True, default=1, readonly=True)
    client_visible: Mapped[bool] = fields.boolean(_("Visible to the client"), default=False)


class Notification(Record):
    """A message to one person inside the product."""

    __record__ = {
        "key": "core.notification",
        "label": _("Message"),
        "plural": _("Messages"),
        "title": "subject",
        "icon": "bell",
        "archive": False,
    }
    __table_args__ = (Index("ix_core_notification_unread", "user_id", "read_at"),)
    user_id: Mapped[int] = fields.link("core.user", _("To"), required=True, on_delete="cascade")
    subject: Mapped[str] = fields.text(_("Subject"), required=True, max_length=300)
    body: Mapped[str | None] = fields.long_text(_("Text"))
    severity: Mapped[str] = fields.text(_("Severity"), max_length=20, default="info", required=True)
    kind: Mapped[str | None] = fields.text(_("Kind"), max_length=80)
    record_key: Mapped[str | None] = fields.text(_("Record type"), max_length=80)
    record_id: Mapped[int | None] = fields.integer(_("Record"))
    dedup_key: Mapped[str | None] = fields.text(_("Key"), max_length=200, unique=True, hidden=True)
    read_at: Mapped[datetime | None] = fields.datetime(_("Read"), track=False)


def store() -> Path:
    """The folder of stored files, by checksum."""
    return Path(current_app.config["ZHIAN"].data) / "files"


def path_of(sha256: str) -> Path:
    """Where a content lies. Raises `ValueError` for anything that is not a checksum."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a checksum")
    return store() / sha256[:2] / sha256


def file_path(attachment: Attachment) -> Path:
    """Where the content of an attachment lies, for reading alone."""
    return path_of(attachment.sha256)


def keep(stream: BinaryIO, limit: int, judge: Callable[[Path], None] | None = None) -> tuple[str, int]:
    """Store a content under its checksum; returns (sha-256, bytes). Raises `ValueError` above `limit` bytes, `Invalid`
    when there is none, and what `judge` raises for the whole file.

    The file is complete on disk before it gets its name, and an existing one is left as it is.
    """
    store().mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=store(), prefix=".part")
    try:
        with os.fdopen(handle, "wb") as target:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                if size > limit:
                    raise ValueError("too large")
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if not size:
            raise Invalid(
                [FieldError("file", "empty", _("This file is empty. Choose the file again, or save it anew."))]
            )
        if judge is not None:
            judge(Path(name))
        final = path_of(digest.hexdigest())
        final.parent.mkdir(exist_ok=True)
        if not final.exists():
            os.replace(name, final)
    finally:
        Path(name).unlink(missing_ok=True)
    return digest.hexdigest(), size


def check_places(records: list[Any]) -> None:
    """Nobody writes a note or a file to a record that they do not see; raises `Invalid`."""
    from core.db import db

    if db.session().principal.is_system:
        return
    for key, ident in {(r.record_key, r.record_id) for r in records if r.record_key or r.record_id}:
        model = MODELS.get(key or "")
        if model is None or db.session.scalar(select(model.id).where(model.id == ident)) is None:
            message = _("There is no such record, or you may not see it.")
            raise Invalid([FieldError("record_id", "not_found", message)])


NOTE_RECORDS: tuple[type[Any], ...] = (Note, Attachment, Notification)
