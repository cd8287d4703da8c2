"""What this plugin puts into the configuration file: the templates that were edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core import Configuration, FieldError, Forbidden, Invalid, _, current_principal, db, elevated, gettext
from plugins.documents import kinds
from plugins.documents.records import LANGUAGES, Template
from plugins.documents.templates import EDIT, keep_version


def parts() -> list[Configuration]:
    """The part of the file."""
    return [Configuration("document_templates", _("Document templates"), export, apply, order=90)]


def export() -> Mapping[str, Any]:
    """The edited templates in use by record type, kind and language."""
    with elevated("wording of letters, the same for everybody"):
        rows = db.session.scalars(select(Template).where(Template.state == "published"))
        return {f"{r.record_key}:{r.code}:{r.language}": {"body": r.body, "css": r.css or ""} for r in rows}


def apply(given: Mapping[str, Any]) -> None:
    """Each becomes a new version in use; letters of plugins that are off here are passed over."""
    if not current_principal().is_system and not current_principal().can(*EDIT):
        raise Forbidden(detail={"record": EDIT[0], "action": EDIT[1]})
    languages = {choice.code for choice in LANGUAGES}
    for name, values in given.items():
        record_key, code, language = [*name.split(":"), "", ""][:3]
        fits = isinstance(values, Mapping) and all(isinstance(values.get(part), str) for part in ("body", "css"))
        if language not in languages or not fits or not values["body"].strip():
            raise Invalid([FieldError(name, "invalid", _("This is no template."))])
        kind = kinds.kinds_of(record_key).get(code)
        if kind is not None:
            keep_version(kind, language, values["body"], values["css"], gettext("from a configuration file"))
