"""Making documents of records, making them again, releasing them to clients, sending them. Printing is in `jobs`."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from core import (
    DatePart,
    FieldError,
    Invalid,
    NumberRule,
    Refused,
    Seq,
    Text,
    _,
    current_principal,
    db,
    elevated,
    enqueue,
    gettext,
    note_action,
    now,
    record_class,
    registry,
    send_mail,
    title_is_open,
    use_locale,
)
from plugins.documents import gathering, kinds
from plugins.documents.records import Document

WHY = "a document was asked for"
PRINT = "documents.print"
PRINT_MANY = "documents.print_many"
NUMBER_RULE = NumberRule(
    "documents.document", "number", (Text("DOC-"), DatePart("%Y%m"), Text("-"), Seq(4, reset="month"))
)
"""DOC-202611-0001, by the month in which it was made."""


def make(
    record: Any,
    code: str,
    language: str = "zh",
    *,
    after: dict[str, Any] | None = None,
    batch: str | None = None,
    again_of: Document | None = None,
) -> int:
    """Ask for a document of a record; its id. The same request on the same day gives the document that is there.

    `after` says what follows when it is ready: {"release": True, "mail": True}. Printing begins after the commit.
    Raises `NotFound` for an unknown kind, `Refused` when it cannot be made of this record.
    """
    kind = kinds.kind_of(record.__record__["key"], code)
    reason = kind.available(record) if kind.available else True
    if reason is not True:
        raise Refused(reason or _("This document cannot be made of this record now."), code="not_available")
    try:
        source = gathering.gathered(kind, record, language)
    except TypeError as fault:
        raise Refused(_("The record cannot be put into this letter: %(detail)s", detail=str(fault))) from fault
    after, key, there = after or {}, None, None
    with elevated(WHY):  # who makes a letter need not be allowed to read templates, or letters of others
        version = kinds.in_force(kind, language).version
        if again_of is None:
            key = _request_key(record, kind, source, version)
            there = _already(key, after, batch)
    if there is not None:
        return there
    given = {"version": version, "request_key": key, "after": after, "batch": batch, "again_of": again_of}
    try:
        with db.session.begin_nested():
            return _kept(record, kind, source, **given)
    except IntegrityError:  # the same request of somebody else was a moment faster
        with elevated(WHY):
            there = _already(key, after, batch) if key is not None else None
        if there is None:
            raise
        return there


def _kept(
    record: Any,
    kind: Any,
    source: dict[str, Any],
    *,
    version: str,
    request_key: str | None,
    after: dict[str, Any],
    batch: str | None,
    again_of: Document | None,
) -> int:
    """A new document, made by the person, on its way to the printer."""
    named = caption(record)
    document = Document(
        kind=kind.code,
        record_key=kind.record,
        record_id=record.id,
        record_caption=named,
        client_ref=(source.get("client") or {}).get("id"),
        audience=kind.audience,
        language=source["language"],
        title=f"{source['doc']['title']} · {named}"[:400],
        source=source,
        template_version=version,
        verify_code=_code(),
        request_key=request_key,
        batch=batch,
        after=after | {"by": current_principal().user_id},
        again_of_id=again_of.id if again_of else None,
    )
    db.session.add(document)
    db.session.flush()
    if batch is None:
        enqueue(PRINT, document_id=document.id, key=f"{PRINT}.{document.id}")
    return document.id


def _code() -> str:
    """Sixteen signs that can be read aloud."""
    return base64.b32encode(secrets.token_bytes(10)).decode()


def caption(record: Any) -> str:
    """Number and name of a record, as its documents carry them; a name that is closed to some readers is left out."""
    kind = registry().of(type(record))
    number = getattr(record, kind.fields[kind.number].attr, None) if kind.number else _number_of_whole(record, kind)
    title = getattr(record, kind.fields[kind.title].attr, None) if kind.title else record.title
    title = title if title_is_open(record) else None
    return " ".join(str(part) for part in (number, title) if part)[:400]


def _number_of_whole(record: Any, kind: Any) -> str | None:
    """The number of what a record is a part of: that of the case for an official paper."""
    for link in kind.fields.values():
        whole = registry().types[link.target] if link.target and link.required else None
        if whole and whole.number and (target := getattr(record, link.name, None)) is not None:
            return getattr(target, whole.fields[whole.number].attr, None)
    return None


def _request_key(record: Any, kind: Any, source: dict[str, Any], version: str) -> str:
    """What makes two requests the same: record, kind, contents with the day, template."""
    ground = json.dumps([kind.record, record.id, kind.code, version, source], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(ground.encode()).hexdigest()


def _already(key: str, after: dict[str, Any], batch: str | None) -> int | None:
    """The same document of the same day; one that failed is printed again."""
    found = db.session.scalars(select(Document).where(Document.request_key == key)).first()
    if found is None or found.archived_at is not None:
        if found is not None:
            found.request_key = None
            db.session.flush()
        return None
    found.batch = batch or found.batch
    if found.state == "failed":
        found.state, found.error, found.error_detail = "queued", None, None
        enqueue(PRINT, document_id=found.id, key=f"{PRINT}.{found.id}")
    if wanted := {name: True for name in ("release", "mail") if after.get(name)}:
        found.after = (found.after or {}) | wanted
        if found.state == "ready":
            follow(found)
    return found.id


def make_many(records: Sequence[Any], code: str, language: str) -> str:
    """Ask for one document of each record, printed together in the background; the name of the batch."""
    batch = secrets.token_hex(12)
    for record in records:
        make(record, code, language, batch=batch)
    enqueue(PRINT_MANY, batch=batch)
    return batch


def make_again(document: Document) -> int:
    """The same kind of the same record as it is now, under a new number."""
    record = record_of(document)
    if record is None:
        raise Refused(_("The record that it was made of is gone, or you may not see it."))
    return make(record, document.kind, document.language, again_of=document)


def print_again(document: Document) -> None:
    """Try one that failed once more, with the same data and the template in force now."""
    if document.state != "failed":
        raise Refused(_("Only failed documents are tried again."))
    with elevated(WHY):
        values = {"state": "queued", "error": None, "error_detail": None}
        _set(document, **values)
        enqueue(PRINT, document_id=document.id, key=f"{PRINT}.{document.id}")


def record_of(document: Document) -> Any:
    """What it was made of, or None when the person does not see it."""
    kind = registry().types.get(document.record_key)
    if kind is None:
        return None
    return db.session.scalars(select(kind.model).where(kind.model.id == document.record_id)).first()


def sendable(document: Document) -> Any:
    """True, or why it cannot leave the house."""
    if document.state != "ready":
        return _("It is not ready.")
    if document.missing:
        return _(
            "Required fields are empty: %(names)s. Fill them in and make it again.", names=", ".join(document.missing)
        )
    return True


def releasable(document: Document) -> Any:
    """True, or why it is not put into the client's portal."""
    if document.audience != "client":
        return _("This kind of document is not for clients.")
    if document.released_at is not None:
        return _("It is released already.")
    return sendable(document)


def release(document: Document, by: int | None = None) -> None:
    """Let the client see it. Raises `Refused`."""
    reason = releasable(document)
    if reason is not True:
        raise Refused(reason, code="not_releasable")
    _show(document, True, released_at=now(), released_by_id=by or current_principal().user_id)


def withdraw_release(document: Document) -> None:
    """Take it out of the client's sight again."""
    if document.released_at is None:
        raise Refused(_("It is not released."))
    _show(document, False, released_at=None, released_by_id=None)


def _show(document: Document, visible: bool, **values: Any) -> None:
    with elevated("the release of a document"):
        _set(document, **values)
        file = record_class("core.attachment")
        ids = [i for i in (document.file_id, document.xlsx_file_id) if i]
        for each in db.session.scalars(select(file).where(file.id.in_(ids))):
            each.client_visible = visible


def _set(document: Document, **values: Any) -> None:
    for name, value in values.items():
        setattr(document, name, value)
    db.session.flush()


def addressee(document: Document) -> dict[str, Any]:
    """To whom it goes: the contact that its kind chose."""
    return (document.source or {}).get("to") or {}


def letter_of(document: Document, released: bool = False) -> tuple[str, str]:
    """Subject and text of the mail that carries it, in its own language; `released` when it is in the portal too."""
    with use_locale(document.language):
        name = addressee(document).get("salutation") or addressee(document).get("name") or gettext("client")
        agency = ((document.source or {}).get("agency") or {}).get("name") or ""
        subject = f"{agency} · {document.title} · {document.number}"
        lines = [
            gettext("Dear %(name)s,", name=name),
            "",
            gettext("Please find attached: %(title)s (%(number)s).", title=document.title, number=document.number),
            gettext("You also find it in the client portal.")
            if released or document.released_at is not None
            else gettext("You also find it in the client portal once we have released it there."),
            "",
            agency,
        ]
        return subject[:300], "\n".join(lines)


def send(
    document: Document,
    to: str,
    subject: str | None = None,
    text: str | None = None,
    key: str | None = None,
    *,
    released: bool = False,
) -> None:
    """Send it by mail as an attachment; raises `Refused`, `Invalid`. What it was made of keeps that it left."""
    reason = sendable(document)
    if reason is not True:
        raise Refused(reason, code="not_sendable")
    if "@" not in (to or "") or any(c.isspace() for c in to):
        raise Invalid([FieldError("to", "email", _("Give an e-mail address."))])
    own_subject, own_text = letter_of(document, released)
    files = [i for i in (document.file_id, document.xlsx_file_id) if i]
    sent = send_mail(to, subject or own_subject, text or own_text, record=document, attachments=files, key=key)
    with elevated("a document was sent"):
        _set(document, mailed_at=now(), mailed_to=to)
        for record in _about(document) if sent else ():
            note_action(db.session(), "mail", record, changes={"to": to, "subject": (subject or own_subject)[:300]})


def _about(document: Document) -> list[Any]:
    """On whose timelines it is told that it left: what it was made of, and the whole that this is a part of."""
    record = record_of(document)
    if record is None:
        return []
    links = (f for f in registry().of(type(record)).fields.values() if f.target and f.required)
    wholes = [getattr(record, f.name, None) for f in links if registry().types[f.target or ""].number]
    return [record, *(whole for whole in wholes if whole is not None)]


def follow(document: Document) -> None:
    """What was asked for when it is ready: mail, release. What cannot be done is told on the document.

    The mail comes first: who is told of released papers can see then that this one is on its way.
    """
    wanted = document.after or {}
    troubles = []
    showing = releasable(document) if wanted.get("release") and document.released_at is None else None
    if wanted.get("mail") and document.mailed_at is None:
        to = addressee(document).get("email")
        reason = sendable(document) if to else _("The contact has no e-mail address.")
        if reason is True:
            send(document, to, key=f"document-{document.id}", released=showing is True)
        else:
            troubles.append(str(reason))
    if showing is True:
        release(document, by=wanted.get("by"))
    elif showing is not None:
        troubles.append(str(showing))
    if troubles:
        document.error_detail = " ".join(dict.fromkeys(troubles))[:600]


def belonging_to(record: Any) -> tuple[Any, ...]:
    """As SQL: documents made of a record, or of a part of it such as an official paper of a case."""
    key = record.__record__["key"]
    own = (Document.record_key == key) & (Document.record_id == record.id)
    parts = [
        (Document.record_key == part.__record__["key"])
        & Document.record_id.in_(select(part.id).where(getattr(part, attr) == record.id))
        for part, attr in kinds.parts_of(key)
    ]
    return or_(own, *parts), Document.archived_at.is_(None)


def of_record(record: Any, limit: int = 100) -> list[Document]:
    """The documents of a record that the person may see, newest first."""
    found = select(Document).where(*belonging_to(record)).order_by(Document.id.desc()).limit(limit)
    return list(db.session.scalars(found))
