"""Printing in the background: one document, or a batch with progress. Each is kept in a transaction of its own."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import current_app
from sqlalchemy import and_, or_, select

from core import (
    Job,
    NotFound,
    Refused,
    Schedule,
    _,
    add_file,
    enqueue,
    file_path,
    local,
    now,
    registry,
    report_progress,
    system,
    use_locale,
)
from plugins.documents import gathering, kinds, services
from plugins.documents.press.plain import decode, encode
from plugins.documents.printing import Press, Printed, Unprintable, press_of
from plugins.documents.records import Document

LONG_SECONDS = 90
RESUME = "documents.resume"
QUIET = timedelta(minutes=10)
"""A document on which nothing happened for so long has lost its worker; those of a batch wait for the whole of it."""
QUIET_BATCH = timedelta(minutes=70)
GIVEN_UP = timedelta(hours=2)
"""A document that is still being made after so long costs every worker its life: people are told."""
log = logging.getLogger("zhian.documents")


def jobs() -> list[Job]:
    """The jobs by name."""
    return [
        Job(services.PRINT, print_one, timeout=300, bulk=True),
        Job(services.PRINT_MANY, print_many, timeout=3600, bulk=True),
        Job(RESUME, resume, timeout=60),
    ]


def schedules() -> list[Schedule]:
    """What runs by itself."""
    return [Schedule("documents.resume", RESUME, every=timedelta(minutes=5))]


def resume() -> dict[str, int]:
    """Documents whose worker was lost are asked for once more; those that lose every worker fail by name."""
    counts = {"again": 0, "failed": 0}
    with system("documents whose worker was lost") as session:
        for document in session.scalars(_lost().with_for_update(skip_locked=True)):
            if document.state == "rendering" and document.created_at < now() - GIVEN_UP:
                document.state, document.error, document.error_detail = "failed", "interrupted", None
                counts["failed"] += 1
            else:
                enqueue(services.PRINT, document_id=document.id, key=f"{services.PRINT}.{document.id}")
                counts["again"] += 1
    return counts


def _lost() -> Any:
    rest = or_(
        and_(Document.batch.is_(None), Document.updated_at < now() - QUIET), Document.updated_at < now() - QUIET_BATCH
    )
    return select(Document).where(Document.state.in_(("queued", "rendering")), rest).order_by(Document.id).limit(200)


def print_one(document_id: int) -> dict[str, Any]:
    """Print one document that waits; does nothing when it is ready already."""
    with press_of(_data()) as press:
        return {"state": print_document(document_id, press)}


def print_many(batch: str) -> dict[str, int]:
    """Print a batch, one after the other with one child; what fails does not stop the rest."""
    with system("documents of a batch") as session:
        query = select(Document.id).where(Document.batch == batch).order_by(Document.id)
        ids = list(session.scalars(query))
    counts: dict[str, int] = {}
    with press_of(_data()) as press:
        for done, document_id in enumerate(ids, 1):
            state = print_document(document_id, press)
            counts[state] = counts.get(state, 0) + 1
            report_progress(done, len(ids))
    return counts


def _data() -> Path:
    return Path(current_app.config["ZHIAN"].data)


def print_document(document_id: int, press: Press) -> str:
    """Claim, print, keep: three short steps, so that no transaction stays open while a letter is set."""
    try:
        request = _claim(document_id)
        return "taken" if request is None else _ready(document_id, press.print(request, LONG_SECONDS))
    except Unprintable as fault:
        return _failed(document_id, fault)
    except Exception as fault:  # nobody waits for ever before a page that says "being made"
        log.exception("document %s", document_id)
        return _failed(document_id, Unprintable("crashed", f"{type(fault).__name__}: {fault}"))


def _claim(document_id: int) -> dict[str, Any] | None:
    with system("print a document") as session:
        document = _held(session, document_id)
        if document is None or document.state not in ("queued", "rendering"):
            return None
        document.state = "rendering"
        try:
            kind = kinds.kind_of(document.record_key, document.kind)
            source = kinds.in_force(kind, document.language)
        except NotFound:
            document.state, document.error = "failed", "template_missing"
            return None
        document.template_version = source.version
        return request_of(kind, source, with_doc(document), document.language)


def with_doc(document: Document) -> dict[str, Any]:
    """The kept data, and what only the document itself knows: number, code, square."""
    source = document.source or {}
    place = (source.get("doc") or {}).get("place")
    own = {
        "number": document.number,
        "template_version": document.template_version,
        "verify_code": document.verify_code,
        "qr": gathering.square(gathering.verify_url(place, document.verify_code or "")),
    }
    return source | {"doc": source.get("doc", {}) | encode(own)}


def request_of(kind: Any, source: kinds.Source, data: dict[str, Any], language: str) -> dict[str, Any]:
    """What the printing child is asked."""
    sheet = None
    if "xlsx" in kind.formats and kind.sheet is not None:
        with use_locale(language):
            sheet = encode(kind.sheet(decode(json.dumps(data))))
    return {
        "sources": kinds.sources(source),
        "data": data,
        "language": language,
        "pictures": {checksum: str(path) for checksum, path in _paths(gathering.checksums(data)).items()},
        "sheet": sheet,
    }


def _paths(checksums: set[str]) -> dict[str, Path]:
    """Where the pictures lie. Who gathered the data saw them; here only their places are looked up."""
    found = {checksum: file_path(SimpleNamespace(sha256=checksum)) for checksum in checksums}  # type: ignore[arg-type]
    return {checksum: path for checksum, path in found.items() if path.exists()}


def _held(session: Any, document_id: int) -> Document | None:
    """The document as it is now, held until the transaction ends: two workers on one document keep one file."""
    chosen = select(Document).where(Document.id == document_id).with_for_update()
    return session.scalars(chosen, execution_options={"populate_existing": True}).first()


def _failed(document_id: int, fault: Unprintable) -> str:
    with system("a document that could not be printed") as session:
        document = _held(session, document_id)
        if document is None or document.state == "ready":  # another worker was quicker
            return "gone" if document is None else "ready"
        document.state, document.error = "failed", fault.code
        document.error_detail = (f"[{fault.line}] " if fault.line else "") + fault.message[:500]
    return "failed"


def _ready(document_id: int, printed: Printed) -> str:
    with system("a printed document") as session:
        document = _held(session, document_id)
        if document is None or document.state == "ready":  # another worker was quicker
            return "gone" if document is None else "ready"
        kind = registry().types.get(document.record_key)
        record = session.get(kind.model, document.record_id) if kind else None
        if record is None:
            raise Refused(_("The record that it was made of is gone."))
        name = filename(document)
        document.file_id = add_file(record, f"{name}.pdf", io.BytesIO(printed.pdf), document.kind).id
        if printed.xlsx:
            document.xlsx_file_id = add_file(record, f"{name}.xlsx", io.BytesIO(printed.xlsx), document.kind).id
        document.sha256 = hashlib.sha256(printed.pdf).hexdigest()
        document.pages, document.missing = printed.pages, printed.needed or None
        document.state, document.error = "ready", None
        session.flush()
        services.follow(document)
    return "ready"


def filename(document: Document) -> str:
    """What the file is called: number, kind, record."""
    title = (document.source or {}).get("doc", {}).get("title") or document.kind
    caption = (document.record_caption or "").split(" ")[0]
    stem = f"{document.number} {title} {caption}".strip()
    return "".join("-" if c in '\\/:*?"<>|' else c for c in stem)[:150]


def made_on(document: Document) -> str:
    """The local day of its making."""
    return f"{local(document.created_at):%Y-%m-%d}"
