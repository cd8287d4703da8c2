"""One field as an input: which widget, with which options, value and hint. Drawn by macro z_field."""

from __future__ import annotations

from typing import Any

from core.clock import local
from core.i18n import gettext
from core.records.dump import labels
from core.records.fields import Field
from core.web import cells

WIDGETS = {
    "text": "text",
    "long_text": "textarea",
    "integer": "number",
    "decimal": "number",
    "money": "number",
    "date": "date",
    "datetime": "datetime-local",
    "boolean": "select",
    "choice": "select",
    "multi_choice": "options",
    "tags": "text",
    "link": "link",
    "secret": "password",
    "file": "file",
}


def field_of(spec: Field, value: Any, error: str | None = None) -> dict[str, Any]:
    """A field as macro z_field wants it."""
    widget = WIDGETS.get(spec.kind, "text")
    held = value if isinstance(value, list) else [value]
    options = [(c.code, str(c.label)) for c in spec.choices if not c.retired or c.code in held]
    if spec.kind == "boolean":
        options = [("1", gettext("yes")), ("0", gettext("no"))]
        value = "" if value is None else "1" if value in (True, "1", "true", "on") else "0"
    return {
        "name": spec.name,
        "label": str(spec.label),
        "widget": widget,
        "required": spec.required or bool(spec.extra.get("needed")),
        "readonly": not spec.writable,
        "help": str(spec.help) if spec.help else _hint(spec),
        "error": error,
        "options": options,
        "wide": spec.kind in ("long_text", "multi_choice", "tags"),
        "max_length": spec.max_length if spec.kind == "text" else None,
        "step": {"integer": "1", "money": "0.01", "decimal": "any"}.get(spec.kind),
        "source": f"/r/{spec.target}/-/pick" if spec.target else None,
        "focus": False,
        **_value(spec, value),
    }


def _hint(spec: Field) -> str | None:
    if spec.kind == "secret":
        return gettext("Stored encrypted and never shown again. Leave it empty to keep what is stored.")
    return gettext("Separate several with ;") if spec.kind == "tags" else None


def _value(spec: Field, value: Any) -> dict[str, Any]:
    if spec.target:
        ident = value.get("id") if isinstance(value, dict) else int(value) if str(value or "").isdigit() else None
        if isinstance(value, dict) and value.get("hidden"):
            return {"value": "", "shown": gettext("a record you may not see")}
        return {"value": ident, "shown": (labels(spec.target, [ident]).get(ident) if ident else "")}
    if spec.kind == "secret":
        return {"value": "", "shown": None}
    shown = cells.show(spec, value) if not spec.writable else None
    if spec.kind == "tags":
        return {"value": "; ".join(value) if isinstance(value, list) else value, "shown": shown}
    if spec.kind == "multi_choice":
        return {"value": value or [], "shown": shown}
    if spec.kind == "datetime" and hasattr(value, "tzinfo"):
        return {"value": local(value).strftime("%Y-%m-%dT%H:%M"), "shown": shown}
    return {"value": value.isoformat() if hasattr(value, "isoformat") else value, "shown": shown}
