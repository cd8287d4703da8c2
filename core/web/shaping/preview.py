"""How a layout would look: the form, the page or the head of the list, drawn without any record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.i18n import gettext
from core.registry import RecordType
from core.shaping import layouts
from core.shaping.conditions import OPERATORS
from core.views import DetailView, FormView, ListView
from core.web.rendering import part
from core.web.widgets import field_of


def preview_of(kind: RecordType, view: str, data: Mapping[str, Any]) -> Any:
    """The picture as markup."""
    made = layouts.shaped(view, kind, layouts.shipped_view(view, kind.key), data)
    draw = {"form": _form, "detail": _detail, "list": _list}[view]
    return part("web/shaping/_preview.html", view=view, **draw(kind, made, data))


def _form(kind: RecordType, view: FormView, data: Mapping[str, Any]) -> dict[str, Any]:
    sections = []
    for section in view.sections:
        fields = []
        for name in dict.fromkeys(section.fields):
            spec, place = kind.fields[name], view.places.get(name)
            drawn = field_of(spec, None if callable(spec.default) else spec.default)
            drawn |= {"name": f"preview-{name}", "focus": False}
            drawn |= {"label": str(place.label)} if place and place.label else {}
            drawn |= {"required": True} if place and place.needed else {}
            fields.append(drawn | {"help": said(kind, data, name) or drawn["help"]})
        if fields:
            sections.append({"label": str(section.label or ""), "fields": fields, "folded": section.folded})
    return {"sections": sections}


def _detail(kind: RecordType, view: DetailView, data: Mapping[str, Any]) -> dict[str, Any]:
    sections = []
    for section in view.facts:
        known = [n for n in dict.fromkeys(section.fields) if n in kind.fields and not kind.fields[n].hidden]
        rows = [(_label(kind, view, n), said(kind, data, n) or gettext("value"), False, None) for n in known]
        if rows:
            sections.append({"label": str(section.label or ""), "rows": rows})
    return {"sections": sections, "tabs": [str(tab.label) for tab in view.tabs]}


def _label(kind: RecordType, view: DetailView, name: str) -> str:
    place = view.places.get(name)
    return str(place.label if place and place.label else kind.fields[name].label)


def _list(kind: RecordType, view: ListView, data: Mapping[str, Any]) -> dict[str, Any]:
    shown = [c for c in view.columns if c.shown]
    labels = [str(c.label or (kind.fields[c.key].label if c.key in kind.fields else c.key)) for c in shown]
    sort = (view.sort or "").removeprefix("-")
    by = str(kind.fields[sort].label) if sort in kind.fields else ""
    return {"heads": labels, "sorted_by": by, "falling": (view.sort or "").startswith("-")}


def said(kind: RecordType, data: Mapping[str, Any], name: str) -> str:
    """The conditions of a field in words."""
    told = []
    for section in data.get("sections", ()):
        for field in section.get("fields", ()):
            if field["name"] == name:
                told += [_words(kind, gettext("Shown when"), rows) for rows in (section.get("show"), field.get("show"))]
                told.append(_words(kind, gettext("Needed when"), field.get("require")))
    return " ".join(text for text in told if text)


def _words(kind: RecordType, begin: str, rows: Any) -> str:
    if not rows:
        return ""
    texts = []
    for name, op, value in rows:
        spec = kind.fields.get(name)
        values = [_value(spec, v) for v in str(value).split(",")] if value else []
        words = (str(spec.label if spec else name), str(OPERATORS.get(op, op)), gettext(", ").join(values))
        texts.append(" ".join(part for part in words if part))
    return f"{begin} {gettext(', ').join(texts)}."


def _value(spec: Any, raw: str) -> str:
    found = spec.choice(raw.strip()) if spec is not None and spec.kind in ("choice", "multi_choice") else None
    if spec is not None and spec.kind == "boolean":
        return gettext("yes") if raw.strip() in ("1", "true") else gettext("no")
    return str(found.label) if found else raw.strip()
