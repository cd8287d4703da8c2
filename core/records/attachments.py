"""Storing files of records, for pages and API alike: clean names, no programs, new revisions for known names."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import BinaryIO

from flask import current_app
from sqlalchemy import func, select

from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.records import service
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


def add_file(
    record: Record, filename: str, stream: BinaryIO, kind: str | None = None, client_visible: bool = False
) -> Attachment:
    """Keep one content for a record that the caller may change. Raises `Invalid`; `ValueError` when too large."""
    key, name = record.__record__["key"], clean_name(filename)
    looked = Looked(stream)
    if PurePosixPath(name.lower().rstrip(". ")).suffix in NEVER or is_program(looked.head):
        raise Invalid([FieldError("file", "kind", _("Programs cannot be stored: %(name)s", name=name))])
    if looked.head and not fits(name, looked.head):
        message = _("%(name)s is not what its ending says. Save it again in its own format.", name=name)
        raise Invalid([FieldError("file", "type_mismatch", message)])
    sha256, size = keep(looked, current_app.config["ZHIAN"].max_upload_mb * 1024 * 1024)
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
