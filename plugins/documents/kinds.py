"""What can be made of which record: the kinds that plugins declared, and the template in force for each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core import NotFound, _, db, registry
from plugins.documents.records import Template

PAPER = Path(__file__).parent / "templates" / "documents" / "paper"
"""The layout that every letter may build on: documents/base.html, documents/macros.html, documents/base.css."""


@dataclass(frozen=True)
class Source:
    """A template as it is printed: `version` is v3 for an edited one, shipped-<hash> for ours."""

    body: str
    css: str
    version: str
    record_id: int | None = None


def declared() -> Iterator[Any]:
    """All kinds whose record type is enabled, in the order of their plugins. Works while the registry is composed."""
    for _plugin, kind in registry().hooks.collect("register_documents"):
        if kind.record in registry().types:
            yield kind


def record_keys() -> list[str]:
    """The record types of which something can be made."""
    return list(dict.fromkeys(kind.record for kind in declared()))


def parts_of(record_key: str) -> list[tuple[Any, str]]:
    """Record types with documents whose rows are parts of such a record, with the column that says of which."""
    found = []
    for kind in (registry().types[key] for key in registry().documents if key in registry().types):
        links = (f for f in kind.fields.values() if f.target == record_key and f.required)
        found += [(kind.model, link.attr) for link in links]
    return found


def kinds_of(record_key: str) -> dict[str, Any]:
    """The kinds of one record type by code."""
    return dict(registry().documents.get(record_key, {}))


def kind_of(record_key: str, code: str) -> Any:
    """One kind; raises `NotFound`."""
    kind = registry().documents.get(record_key, {}).get(code)
    if kind is None:
        raise NotFound(_("There is no such kind of document."))
    return kind


def possible(record: Any) -> dict[str, Any]:
    """The kinds that can be made of this record now."""
    found = kinds_of(record.__record__["key"])
    return {code: kind for code, kind in found.items() if kind.available is None or kind.available(record) is True}


def _folders() -> Iterator[Path]:
    for manifest in registry().manifests:
        yield manifest.folder / "templates"


def _file(name: str) -> Path | None:
    for folder in _folders():
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    return None


def shipped(kind: Any, language: str) -> Source:
    """The template that the plugin brings: `letter.en.html` beside `letter.html` is its English version."""
    stem = kind.template.removesuffix(".html")
    found = (_file(f"{stem}.{language}.html") if language != "zh" else None) or _file(kind.template)
    if found is None:
        raise NotFound(_("The template of this kind of document is missing."))
    body = found.read_text("utf-8")
    return Source(body, "", f"shipped-{hashlib.sha256(body.encode()).hexdigest()[:8]}")


def edited(kind: Any, language: str) -> Template | None:
    """The administrator's version in use, if there is one."""
    same = (Template.record_key == kind.record, Template.code == kind.code, Template.language == language)
    return db.session.scalars(select(Template).where(*same, Template.state == "published")).first()


def in_force(kind: Any, language: str) -> Source:
    """What is printed now. Reads templates under whatever rules hold; call it where everybody's may be read."""
    own = edited(kind, language)
    if own is None:
        return shipped(kind, language)
    return Source(own.body, own.css or "", f"v{own.version_no}", own.id)


def sources(source: Source) -> dict[str, str]:
    """All that one letter may name: itself, its style, and the shared layout."""
    shared = {f"documents/{file.name}": file.read_text("utf-8") for file in PAPER.iterdir()}
    return shared | {"letter": source.body, "letter.css": source.css}
