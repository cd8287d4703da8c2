"""Lists, pages and menus of this plugin, and the tab with documents that it adds to other records' pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from core import (
    Column,
    DetailView,
    FormView,
    ListView,
    Menu,
    Preset,
    Section,
    Tab,
    View,
    _,
    current_principal,
    db,
    gettext,
    may,
    registry,
)
from plugins.documents import failures, kinds, records, services
from plugins.documents.records import STATES, Document

DOCUMENT = "documents.document"
LETTERHEAD = "documents.letterhead"
WAITING = ("queued", "rendering")
ABOUT = Section("about", records.DOCUMENT, ("record_caption", "audience", "language", "state", "pages", "missing"))
WAYS = Section("ways", _("Where it went"), ("released_at", "released_by", "mailed_at", "mailed_to"))
PROOF = Section("proof", _("Proof"), ("file", "xlsx_file", "sha256", "verify_code", "again_of"), folded=True)
HOUSE = Section("house", _("Agency"), ("name_zh", "name_en", "legal_name", "branch", "logo", "seal_image"))
REACH = Section("reach", _("Address"), ("address", "address_en", "phone", "email", "website"))
NUMBERS = Section("numbers", _("Numbers"), ("bank_name", "bank_account", "tax_id", "patent_agency_code"))


def views() -> list[View]:
    """All views of this plugin's records."""
    return [
        ListView(
            DOCUMENT,
            columns=tuple(
                map(Column, ("title", "number", "record_caption", "state", "language", "released_at", "mailed_at"))
            ),
            filters=("state", "kind", "language", "audience", "released_at"),
            group_by=("kind", "state"),
            presets=(
                Preset("all", _("All"), {}, default=True),
                Preset("failed", _("Failed"), {"state": "failed"}),
                Preset("unreleased", _("Not released"), {"state": "ready", "released_at__isnull": "true"}),
            ),
            sort="-id",
            empty=_("No documents yet. They are made on the page of a case, a client or a quotation."),
        ),
        DetailView(
            DOCUMENT,
            subtitle=("number", "record_caption"),
            badge="state",
            head_template="documents/head.html",
            head_context=head,
            facts=(ABOUT, WAYS, PROOF),
        ),
        ListView(
            "documents.letterhead", columns=tuple(map(Column, ("name_zh", "name_en", "branch", "phone", "email")))
        ),
        FormView(LETTERHEAD, sections=(HOUSE, REACH, NUMBERS)),
        DetailView(LETTERHEAD, facts=(HOUSE, REACH, NUMBERS)),
    ]


def menus() -> list[Menu]:
    """Documents among the cases; templates and letterheads among the settings."""
    return [
        Menu("documents", records.DOCUMENTS, "file-text", "cases", 60, record=DOCUMENT),
        Menu(
            "document_templates",
            _("Document templates"),
            "file-text",
            "settings",
            52,
            url="/documents/templates",
            permission=("documents.template", "read"),
        ),
        Menu(
            "letterheads",
            _("Letterheads"),
            "mail",
            "settings",
            53,
            record="documents.letterhead",
            permission=("documents.letterhead", "update"),
        ),
    ]


def head(document: Document) -> dict[str, Any]:
    """The head of a document's page: how far it is, why it failed, or the paper itself."""
    origin = services.record_of(document)
    return {
        "document": document,
        "waiting": document.state in WAITING,
        "failure": failures.words(document.error, document.error_detail) if document.state == "failed" else None,
        "trouble": document.error_detail if document.state == "ready" else None,
        "origin": f"/r/{document.record_key}/{document.record_id}" if origin is not None else None,
        "kind_label": kind_label(document),
        "made_with": template_words(document.template_version),
    }


def template_words(version: str | None) -> str:
    """Which template it was made with: an edited one by its number, ours by the beginning of its checksum."""
    if not version:
        return ""
    kind, _dash, code = version.partition("-")
    if kind == "shipped":
        return gettext("Template as shipped, %(code)s", code=code)
    return gettext("Template of this agency, no. %(n)s", n=version.removeprefix("v"))


def kind_label(document: Document) -> str:
    """What it is called; its code when the plugin that declared it is gone."""
    found = kinds.kinds_of(document.record_key).get(document.kind)
    return str(found.label) if found else document.kind


def tab() -> Tab:
    """The documents of a record."""
    return Tab(
        "documents", records.DOCUMENTS, template="documents/tab.html", context=tab_context, count=_count, when=_shown
    )


def _shown(record: Any) -> bool:
    return current_principal().can(DOCUMENT, "read")


def _count(record: Any) -> int:
    return db.session.scalar(select(func.count(Document.id)).where(*services.belonging_to(record))) or 0


def tab_context(record: Any) -> dict[str, Any]:
    """Rows of the tab, and what can be made."""
    key = record.__record__["key"]
    ask = f"/r/{key}/{record.id}/-/do/make_document"
    return {
        "heading": str(records.DOCUMENTS),
        "rows": [row(document) for document in services.of_record(record)],
        "ask": ask if kinds.possible(record) and may(record, "make_document") else None,
    }


def row(document: Document) -> dict[str, Any]:
    """One document as lists draw it."""
    state = next(choice for choice in STATES if choice.code == document.state)
    return {
        "document": document,
        "label": kind_label(document),
        "state": str(state.label),
        "tone": state.tone,
        "waiting": document.state in WAITING,
        "failure": failures.words(document.error, document.error_detail) if document.state == "failed" else None,
        "released": document.released_at is not None,
        "mailed": document.mailed_at is not None,
    }


def of_types() -> frozenset[str]:
    """Record types whose pages get the tab."""
    return frozenset(key for key, found in registry().documents.items() if found)
