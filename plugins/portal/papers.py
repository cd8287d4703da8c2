"""Released papers: files of cases shown to the client and documents released to it, as one list. Only reads."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import and_, or_, select

from core import NotFound, db, elevated, file_path, get, local, record_class, registry
from plugins.portal.records import Access

FILE = "core.attachment"
DOCUMENT = "documents.document"
KINDS = {"file": FILE, "document": DOCUMENT}
SHOWN_INLINE = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"})
MOST = 500


@dataclass(frozen=True)
class Paper:
    """One released paper. `source` is file or document; `stored` the attachment that holds its content."""

    source: str
    id: int
    title: str
    day: date | None
    stored: int
    filename: str
    size: int
    mime: str
    sha256: str
    record_key: str
    record_id: int
    new: bool = False

    @property
    def href(self) -> str:
        """Where it is downloaded."""
        return f"/portal/files/{self.source}/{self.id}"

    @property
    def ending(self) -> str:
        """`PDF`."""
        return PurePosixPath(self.filename).suffix.lstrip(".").upper()[:5]

    @property
    def inline(self) -> bool:
        """Whether a browser may show it in a page."""
        return self.mime in SHOWN_INLINE


def papers(record: tuple[str, int] | None = None, portal_user: int | None = None) -> list[Paper]:
    """Released papers, newest first: of one record, or of all cases; marked new when this person never opened them."""
    documents = _documents(record)
    printed = {p.stored for p in documents}
    found = [*documents, *(p for p in _files(record) if p.stored not in printed)]
    opened = _opened(portal_user) if portal_user else frozenset()
    marked = [
        Paper(**{**p.__dict__, "new": portal_user is not None and (KINDS[p.source], p.id) not in opened}) for p in found
    ]
    return sorted(marked, key=lambda p: (p.day or date.min, p.id), reverse=True)[:MOST]


def one(source: str, ident: int) -> Paper:
    """One paper that the person may have; raises `NotFound` alike for hidden, withdrawn and absent ones."""
    if source not in KINDS or KINDS[source] not in registry().types:
        raise NotFound()
    record = get(record_class(KINDS[source]), ident)
    found = _of_file(record) if source == "file" else _of_document(record)
    if found is None:
        raise NotFound()
    return found


def _files(record: tuple[str, int] | None) -> list[Paper]:
    attachment = record_class(FILE)
    wanted = select(attachment).where(attachment.archived_at.is_(None), attachment.client_visible)
    if record is not None:
        wanted = wanted.where(attachment.record_key == record[0], attachment.record_id == record[1])
    else:
        wanted = wanted.where(attachment.record_key.in_(("cases.case", "clients.client")))
    rows = db.session.scalars(wanted.order_by(attachment.id.desc()).limit(MOST))
    return [p for row in rows if (p := _of_file(row)) is not None]


def _of_file(row: Any) -> Paper | None:
    if not row.client_visible or row.record_key is None or row.record_key == DOCUMENT:
        return None
    return Paper(
        "file",
        row.id,
        PurePosixPath(row.filename).stem or row.filename,
        local(row.created_at).date(),
        row.id,
        row.filename,
        row.size,
        row.mime,
        row.sha256,
        row.record_key,
        row.record_id,
    )


def _documents(record: tuple[str, int] | None) -> list[Paper]:
    if DOCUMENT not in registry().types:
        return []
    document = record_class(DOCUMENT)
    wanted = select(document).where(document.archived_at.is_(None), document.released_at.is_not(None))
    if record is not None:
        wanted = wanted.where(_about(document, record))
    rows = db.session.scalars(wanted.order_by(document.id.desc()).limit(MOST)).all()
    return [p for row in rows if (p := _of_document(row)) is not None]


def _about(document: Any, record: tuple[str, int]) -> Any:
    """Made of the record itself; of a case also what was made of its official papers."""
    own = and_(document.record_key == record[0], document.record_id == record[1])
    if record[0] != "cases.case":
        return own
    event = record_class("cases.event")
    events = select(event.id).where(event.case_id == record[1])
    return or_(own, and_(document.record_key == "cases.event", document.record_id.in_(events)))


def _of_document(row: Any) -> Paper | None:
    if row.released_at is None or row.file_id is None:
        return None
    attachment = record_class(FILE)
    with elevated("the file of a document that was released to this client"):
        stored = db.session.execute(
            select(attachment.id, attachment.filename, attachment.size, attachment.mime, attachment.sha256).where(
                attachment.id == row.file_id
            )
        ).first()
    if stored is None:
        return None
    return Paper(
        "document",
        row.id,
        row.title,
        local(row.released_at).date(),
        stored.id,
        stored.filename,
        stored.size,
        stored.mime,
        stored.sha256,
        row.record_key,
        row.record_id,
    )


def _opened(portal_user: int) -> frozenset[tuple[str | None, int | None]]:
    """What this person has opened before."""
    wanted = (Access.portal_user_id == portal_user, Access.act == "download")
    found = select(Access.record_key, Access.record_id).where(*wanted)
    with elevated("which papers are new to this person"):
        return frozenset((key, ident) for key, ident in db.session.execute(found))


def path_of(paper: Paper) -> Path:
    """Where its content lies; raises `NotFound` when the store has lost it."""
    attachment = record_class(FILE)
    with elevated("the content of a paper that was released to this client"):
        path = file_path(db.session.get_one(attachment, paper.stored))
    if not path.exists():
        raise NotFound()
    return path


def zipped(chosen: list[Paper]) -> IO[bytes]:
    """All of them in one archive; names that occur twice get a number."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function
    used: set[str] = set()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for paper in chosen:
            archive.write(path_of(paper), _unused(paper.filename, used))
    stream.seek(0)
    return stream


def _unused(name: str, used: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    candidate, number = name, 1
    while candidate.lower() in used:
        number += 1
        candidate = f"{stem or name} ({number}){dot}{ending if stem else ''}"
    used.add(candidate.lower())
    return candidate


def record_of_question(record_key: str, record_id: int) -> Paper | None:
    """The paper that a question about a record is asked on: its newest released document, else its newest PDF."""
    found = papers((record_key, record_id))
    documents = [p for p in found if p.source == "document"]
    pdfs = [p for p in found if p.mime == "application/pdf"]
    return next(iter(documents or pdfs), None)


def answer_day(record_key: str, record_id: int, asked_on: date) -> date | None:
    """The day that the newest released letter about a record names for the answer; none that had passed when asked."""
    if DOCUMENT not in registry().types:
        return None
    document = record_class(DOCUMENT)
    wanted = (document.record_key == record_key, document.record_id == record_id)
    shown = (document.archived_at.is_(None), document.released_at.is_not(None))
    for row in db.session.scalars(select(document).where(*wanted, *shown).order_by(document.id.desc()).limit(10)):
        if row.answer_by is not None:
            return row.answer_by if row.answer_by >= asked_on else None
    return None


def checksum(path: Path) -> str:
    """SHA-256 of what lies there now, for the evidence."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
