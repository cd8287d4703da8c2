"""Custom values as plain data for letters and for programs that want words: label, value and text of each."""

from __future__ import annotations

from typing import Any

from core.db import db
from core.i18n import gettext
from core.permissions.rules import access
from core.records.custom.known import edition
from core.records.dump import labels
from core.records.fields import Field
from core.records.query import masked


def custom_data(record: Any) -> dict[str, dict[str, Any]]:
    """{code: {label, value, text}} of the custom fields of a record that the current person may read.

    Values are plain (text, numbers, days, lists of codes, ids of links); texts are in the current language.
    """
    key = record.__record__["key"]
    treated = access().treatments(type(record), db.session().principal)
    found: dict[str, dict[str, Any]] = {}
    for spec in edition().of(key).values():
        rule = treated.get(spec.name)
        if rule is not None and rule.treatment == "hidden":
            continue
        value = getattr(record, spec.attr)
        if rule is not None and rule.treatment == "masked":
            value = masked(value)
            found[spec.name] = {"label": str(spec.label), "value": value, "text": value or ""}
        else:
            found[spec.name] = {"label": str(spec.label), "value": value, "text": text_of(spec, value)}
    return found


def text_of(spec: Field, value: Any) -> str:
    """A value in words: labels of choices and linked records, yes and no."""
    if value in (None, "", []):
        return ""
    if spec.target:
        return labels(spec.target, [value]).get(value, "")
    if spec.kind == "boolean":
        return gettext("yes") if value else gettext("no")
    if spec.kind in ("choice", "multi_choice"):
        codes = value if isinstance(value, list) else [value]
        return gettext(", ").join(str(c.label) if (c := spec.choice(code)) else str(code) for code in codes)
    return str(value)
