"""Storing files of records, for pages and API alike: clean names, no programs, new revisions for known names."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from flask import current_app
from sqlalchemy import func, select

from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.records import archives, service
from core.records.audit import note_action
from core.records.base import Record
from core.records.contents import Looked, fits, is_program
from core.records.notes import Attachment, keep
from core.records.reading import run

RUN = "exe bat cmd com scr js jse vbs vbe wsf wsh hta msi lnk ps1 jar cpl dll pif reg scf url"
NEVER = frozenset(f".{ending}" for ending in RUN.split())
GIVEN = ("sha256", "size", "mime", "revision")


def clean_name(raw: str) -> str:
    """The last part of a file's name, without control characters, at most 200 characters with its ending kept."""
    name = PurePosixPath(raw.replace("\\", "/")).name
    name = "".join(c for c in name if c.isprintable()).strip() or "file"
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= 200 else f"{(stem or name)[: 190 - len(ending)]}{dot}{ending}"[:200]


def _lies(name: str) -> Invalid:
    message = _("%(name)s is not what its ending says. Save it again in its own format.", name=name)
    return Invalid([FieldError("file", "type_mismatch", message)])


def _judge(path: Path, name: str) -> None:
    """The whole file, before it is stored: archives, office files and pictures by what they would become."""
    try:
        archives.judge(path, name)
    except archives.NotWhatItSays:
        raise _lies(name) from None
    except archives.Unfolds:
        message = _(
            "%(name)s would unpack to far too much, or holds too many files. Send its files one by one.", name=name
        )
        raise Invalid([FieldError("file", "bomb", message)]) from None


def add_file(
    record: Record, filename: str, stream: BinaryIO, kind: str | None = None, client_visible: bool = False
) -> Attachment:
    """Keep one content for a record that the caller may change. Raises `Invalid`; `ValueError` when too large."""
    key, name = record.__record__["key"], clean_name(filename)
    looked = Looked(stream)
    if PurePosixPath(name.lower().rstrip(". ")).suffix in NEVER or is_program(looked.head):
        raise Invalid([FieldError("file", "kind", _("Programs cannot be stored: %(name)s", name=name))])
    if looked.head and not fits(name, looked.head):
        raise _lies(name)
    limit = current_app.config["ZHIAN"].max_upload_mb * 1024 * 1024
    sha256, size = keep(looked, limit, lambda path: _judge(path, name))
    table = Attachment.__table__
    here = (table.c.record_key == key, table.c.record_id == record.id, table.c.filename == name)
    newest = run(select(func.max(table.c.revision)).where(*here)).scalar() or 0
    values = {
        "record_key": key,
        "record_id": record.id,
        "filename": name,
        "kind": kind,
        "client_visible": client_visible,
        "sha256": sha256,
        "size": size,
        "mime": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "revision": newest + 1,
    }
    stored = service.create(Attachment, values, allow=GIVEN)
    note_action(db.session(), "file_added", record, changes={"file": name})
    return stored
