"""The records of this plugin: letterheads, templates with their versions, and the documents that were made."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from core import Choice, L, Record, _, fields

DOCUMENT, DOCUMENTS = L("文书", "Document"), L("文书", "Documents")
"""Given here in both languages: others have documents of other kinds, and another word for them."""
LANGUAGES = (Choice("zh", L("中文", "Chinese")), Choice("en", L("英文", "English")))
TEMPLATE_STATES = (
    Choice("published", L("使用中", "In use"), tone="done"),
    Choice("retired", L("已被替换", "Replaced"), tone="plain"),
)
STATES = (
    Choice("queued", L("排队中", "Waiting"), tone="accent"),
    Choice("rendering", L("生成中", "Being made"), tone="accent"),
    Choice("ready", L("已生成", "Ready"), tone="done"),
    Choice("failed", L("失败", "Failed"), tone="danger"),
)
AUDIENCES = (
    Choice("client", L("客户", "Client")),
    Choice("internal", L("内部", "Internal")),
    Choice("office", L("官方机关", "Office")),
)


class Letterhead(Record):
    """How the agency, or one of its branches, stands on paper; without a branch it is the one of all."""

    __record__ = {
        "key": "documents.letterhead",
        "open": "letterheads of the agency's branches",
        "label": _("Letterhead"),
        "plural": _("Letterheads"),
        "title": "name_zh",
        "title_en": "name_en",
        "icon": "mail",
        "order": "id",
        "archive": True,
    }

    name_zh: Mapped[str] = fields.text(_("Name in Chinese"), required=True, max_length=120)
    name_en: Mapped[str | None] = fields.text(_("Name in English"), max_length=160)
    legal_name: Mapped[str | None] = fields.text(_("Registered name"), max_length=200)
    branch_id: Mapped[int | None] = fields.link("core.branch", _("Branch"), unique=True)
    address: Mapped[str | None] = fields.text(_("Address"), max_length=300)
    address_en: Mapped[str | None] = fields.text(_("English address"), max_length=300)
    phone: Mapped[str | None] = fields.text(_("Phone"), max_length=60)
    email: Mapped[str | None] = fields.text(_("E-mail"), max_length=120)
    website: Mapped[str | None] = fields.text(_("Website"), max_length=120)
    bank_name: Mapped[str | None] = fields.text(_("Bank"), max_length=160)
    bank_account: Mapped[str | None] = fields.text(_("Bank account"), max_length=60)
    tax_id: Mapped[str | None] = fields.text(_("Tax number"), max_length=40)
    patent_agency_code: Mapped[str | None] = fields.text(_("Code of the patent agency"), max_length=20)
    logo_id: Mapped[int | None] = fields.file(_("Logo"))
    seal_image_id: Mapped[int | None] = fields.file(_("Seal"))


class Template(Record):
    """One version of an edited template, kept by the workshop alone. A kind without one is printed as shipped."""

    __record__ = {
        "key": "documents.template",
        "open": "wording of letters, the same for everybody",
        "label": _("Document template"),
        "plural": _("Document templates"),
        "title": "code",
        "icon": "file-text",
        "order": "-id",
        "archive": False,
    }
    __table_args__ = (UniqueConstraint("record_key", "code", "language", "version_no"),)

    code: Mapped[str] = fields.text(_("Kind of document"), required=True, max_length=60, readonly=True)
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80, readonly=True)
    language: Mapped[str] = fields.choice(_("Language"), LANGUAGES, required=True, readonly=True)
    version_no: Mapped[int] = fields.integer(_("Version"), required=True, readonly=True)
    body: Mapped[str] = fields.long_text(_("Template"), required=True, max_length=200_000, track=False, readonly=True)
    css: Mapped[str | None] = fields.long_text(_("Style"), max_length=40_000, track=False, readonly=True)
    note: Mapped[str | None] = fields.text(_("What was changed"), max_length=300, readonly=True)
    state: Mapped[str] = fields.choice(_("State"), TEMPLATE_STATES, required=True, default="published", readonly=True)


class Document(Record):
    """A letter or list that was made of a record: its file, what it was made of, and where it went."""

    __record__ = {
        "key": "documents.document",
        "label": DOCUMENT,
        "plural": DOCUMENTS,
        "title": "title",
        "number": "number",
        "icon": "file-text",
        "order": "-id",
        "archive": True,
    }
    __table_args__ = (
        Index("ix_documents_document_record", "record_key", "record_id"),
        Index("ix_documents_document_client", "client_ref", "released_at"),
    )

    number: Mapped[str | None] = fields.text(
        _("Document number"), unique=True, search=True, readonly=True, max_length=40
    )
    title: Mapped[str] = fields.text(_("Title"), required=True, search=True, max_length=400, readonly=True)
    kind: Mapped[str] = fields.text(_("Kind of document"), required=True, max_length=60, index=True, readonly=True)
    record_key: Mapped[str] = fields.text(_("Record type"), required=True, max_length=80, readonly=True)
    record_id: Mapped[int] = fields.integer(_("Record"), required=True, readonly=True)
    record_caption: Mapped[str | None] = fields.text(
        _("Made of"), search=True, max_length=400, readonly=True, help=_("Number and name of the record at that time.")
    )
    client_ref: Mapped[int | None] = fields.integer(_("Client's record number"), readonly=True)
    audience: Mapped[str] = fields.choice(_("For whom"), AUDIENCES, required=True, default="client", readonly=True)
    language: Mapped[str] = fields.choice(_("Language"), LANGUAGES, required=True, readonly=True)
    state: Mapped[str] = fields.choice(
        _("State"), STATES, required=True, default="queued", readonly=True, index=True, track=False
    )
    error: Mapped[str | None] = fields.text(_("Why it failed"), max_length=60, readonly=True)
    error_detail: Mapped[str | None] = fields.text(_("Detail of the failure"), max_length=600, readonly=True)
    missing: Mapped[list | None] = fields.tags(
        _("Missing"), readonly=True, help=_("Required fields that were empty; it is not sent like this.")
    )
    pages: Mapped[int | None] = fields.integer(_("Number of pages"), readonly=True, track=False)
    file_id: Mapped[int | None] = fields.file(_("PDF"), readonly=True)
    xlsx_file_id: Mapped[int | None] = fields.file(_("Spreadsheet"), readonly=True)
    sha256: Mapped[str | None] = fields.text(_("Checksum"), max_length=64, readonly=True, track=False)
    source: Mapped[dict | None] = fields.json(_("Made of these data"), hidden=True, track=False)
    template_version: Mapped[str | None] = fields.text(_("Template version"), max_length=40, readonly=True)
    verify_code: Mapped[str | None] = fields.text(
        _("Verification code"), max_length=24, readonly=True, unique=True, track=False
    )
    request_key: Mapped[str | None] = fields.text(_("Request"), max_length=80, hidden=True, unique=True, track=False)
    batch: Mapped[str | None] = fields.text(_("Batch"), max_length=24, hidden=True, index=True, track=False)
    after: Mapped[dict | None] = fields.json(_("When it is ready"), hidden=True, track=False)
    again_of_id: Mapped[int | None] = fields.link("documents.document", _("Made again of"), readonly=True)
    released_at: Mapped[datetime | None] = fields.datetime(_("Released to the client"), readonly=True)
    released_by_id: Mapped[int | None] = fields.link("core.user", _("Released by"), readonly=True, index=False)
    mailed_at: Mapped[datetime | None] = fields.datetime(_("Sent by mail"), readonly=True)
    mailed_to: Mapped[str | None] = fields.text(_("Sent to"), max_length=300, readonly=True)

    @property
    def answer_by(self) -> date | None:
        """The day that it asks an answer by, as it is printed on it."""
        day = ((self.source or {}).get("deadline") or {}).get("client_date") or {}
        return date.fromisoformat(day["$day"]) if "$day" in day else None


RECORDS: tuple[type[Record], ...] = (Letterhead, Template, Document)
