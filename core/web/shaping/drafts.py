"""Layouts as rows that people move: from data to rows and back from what was posted. Below a line nothing is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from core.registry import RecordType
from core.shaping import layouts
from core.shaping.conditions import BARE, OPERATORS
from core.views import DetailView, ListView

LINE = "-"
"""The row below which nothing is shown."""
Row = dict[str, Any]
Data = dict[str, Any]


def rows_of(view: str, kind: RecordType, shipped: Any, data: Mapping[str, Any] | None) -> list[Row]:
    """All rows of the editor in order: what is shown, the line, what is not."""
    if view == "list":
        return _column_rows(kind, shipped or ListView(kind.key), data)
    sections = layouts.base_sections(view, kind, shipped)
    given = list((data or {}).get("sections", ())) or [{"key": s.key, "folded": s.folded} for s in sections]
    labels = {s.key: str(s.label or "") for s in sections}
    plain = {s.key: [n for n in s.fields if n in kind.fields] for s in sections}
    told = {f["name"] for s in given for f in s.get("fields", ())}
    rows: list[Row] = []
    hidden: list[Row] = []
    for section in given:
        rows.append(_section_row(section, labels.get(section["key"], "")))
        fields = list(section.get("fields", ()))
        fields += [{"name": n} for n in plain.pop(section["key"], ()) if n not in told]
        for field in fields:
            row = _field_row(kind, field)
            (hidden if field.get("hidden") else rows).append(row)
    for key, names in plain.items():
        if fresh := [n for n in names if n not in told]:
            rows += [_section_row({"key": key}, labels[key]), *(_field_row(kind, {"name": n}) for n in fresh)]
    seen = {r["name"] for r in (*rows, *hidden) if r["type"] == "field"}
    rest = [n for n, f in kind.fields.items() if n not in seen and layouts.placeable(view, f)]
    return [*rows, {"type": "line", "token": LINE}, *hidden, *(_field_row(kind, {"name": n}) for n in rest)]


def _column_rows(kind: RecordType, view: ListView, data: Mapping[str, Any] | None) -> list[Row]:
    own = {c.key: c for c in view.columns}
    given = list((data or {}).get("columns", ())) or [{"key": c.key, "shown": c.shown} for c in view.columns]
    told = {row["key"] for row in given}
    given += [{"key": key, "shown": False} for key in own if key not in told]
    rest = [f.name for f in kind.fields.values() if f.name not in told | own.keys() and layouts.placeable("list", f)]
    given += [{"key": name, "shown": False} for name in rest]
    shown, hidden = [], []
    for row in given:
        name, column = row["key"], own.get(row["key"])
        spec = kind.fields.get(name)
        if column is None and spec is None and data is None:
            continue
        label = str((column.label if column and column.label else None) or (spec.label if spec else name))
        made = {"type": "field", "token": f"f:{name}", "name": name, "label": label, "known": bool(column or spec)}
        made |= {"zh": row.get("zh") or "", "en": row.get("en") or ""}
        (shown if row.get("shown", True) else hidden).append(made)
    return [*shown, {"type": "line", "token": LINE}, *hidden]


def _section_row(data: Mapping[str, Any], label: str) -> Row:
    return {
        "type": "section",
        "token": f"s:{data['key']}",
        "key": data["key"],
        "label": label,
        "zh": data.get("zh") or "",
        "en": data.get("en") or "",
        "folded": bool(data.get("folded")),
        "show": data.get("show") or [],
    }


def _field_row(kind: RecordType, data: Mapping[str, Any]) -> Row:
    spec = kind.fields.get(data["name"])
    return {
        "type": "field",
        "token": f"f:{data['name']}",
        "name": data["name"],
        "label": str(spec.label) if spec else data["name"],
        "known": spec is not None,
        "always": bool(spec and spec.required and spec.default is None),
        "writable": bool(spec and spec.writable),
        "zh": data.get("zh") or "",
        "en": data.get("en") or "",
        "required": bool(data.get("required")),
        "show": data.get("show") or [],
        "require": data.get("require") or [],
    }


def tab_rows(view: DetailView | None, data: Mapping[str, Any] | None) -> list[Row]:
    """The tabs of a page, in their order."""
    tabs = {t.key: t for t in (view.tabs if view else ())}
    given = list((data or {}).get("tabs", ()))
    given += [{"key": key} for key in tabs if key not in {row["key"] for row in given}]
    return [
        {
            "token": f"t:{row['key']}",
            "key": row["key"],
            "label": str(tabs[row["key"]].label),
            "hidden": bool(row.get("hidden")),
            "zh": row.get("zh") or "",
            "en": row.get("en") or "",
        }
        for row in given
        if row["key"] in tabs
    ]


def read(view: str, form: MultiDict[str, str]) -> Data:
    """The layout that was posted. Rows come in the order of the page."""
    tokens = list(dict.fromkeys(form.getlist("row")))
    data: Data = {"position": form.get("position", 50, type=int)}
    at = tokens.index(LINE) if LINE in tokens else len(tokens)
    if view == "list":
        data["columns"] = [_read_column(form, t, shown=n < at) for n, t in enumerate(tokens) if t.startswith("f:")]
        data["sort"] = _read_sort(form)
        return data
    data["sections"] = _read_sections(form, tokens, at)
    if view == "detail":
        names = dict.fromkeys(form.getlist("tab"))
        data["tabs"] = [{"key": t[2:], "hidden": f"hidden:{t}" in form, **_words(form, t)} for t in names]
    return data


def _read_sections(form: MultiDict[str, str], tokens: list[str], at: int) -> list[Data]:
    sections: list[Data] = []
    for place, token in enumerate(tokens):
        if token.startswith("s:"):
            section = {"key": token[2:], "folded": f"folded:{token}" in form, "fields": [], **_words(form, token)}
            sections.append(section | _conditions(form, "show", token))
        elif token.startswith("f:"):
            if not sections:
                sections.append({"key": "main", "folded": False, "fields": []})
            field: Data = {"name": token[2:], **_words(form, token)}
            if place > at:
                field["hidden"] = True
            elif f"required:{token}" in form:
                field["required"] = True
            field |= _conditions(form, "show", token) | _conditions(form, "require", token)
            if field.get("require"):
                field["required"] = True
            sections[-1]["fields"].append(field)
    return sections


def _read_column(form: MultiDict[str, str], token: str, *, shown: bool) -> Data:
    return {"key": token[2:], "shown": shown, **_words(form, token)}


def _read_sort(form: MultiDict[str, str]) -> str:
    name = form.get("sort", "")
    return f"-{name}" if name and form.get("falling") else name


def _words(form: MultiDict[str, str], token: str) -> Data:
    found = {code: form.get(f"{code}:{token}", "").strip()[:120] for code in ("zh", "en")}
    return {code: text for code, text in found.items() if text}


def _conditions(form: MultiDict[str, str], what: str, token: str) -> Data:
    rows = zip(
        form.getlist(f"{what}-field:{token}"),
        form.getlist(f"{what}-op:{token}"),
        form.getlist(f"{what}-value:{token}"),
        strict=False,
    )
    kept = [
        [name, op, "" if op in BARE else value.strip()[:200]] for name, op, value in rows if name and op in OPERATORS
    ]
    return {what: kept} if kept else {}


def ordered(form: MultiDict[str, str], order: str) -> MultiDict[str, str]:
    """The posted rows after one order of a button: up, down, hide, show, drop, add; for browsers without scripts."""
    what, _colon, token = order.partition(":")
    tokens, changed = list(dict.fromkeys(form.getlist("row"))), form.copy()
    name = "row"
    if token.startswith("t:"):
        name, tokens = "tab", list(dict.fromkeys(form.getlist("tab")))
    if what == "add":
        number = max([int(t[9:]) for t in tokens if re.fullmatch(r"s:section\d{1,4}", t)], default=0) + 1
        tokens.insert(tokens.index(LINE) if LINE in tokens else len(tokens), f"s:section{number}")
    elif token in tokens:
        _move(tokens, what, token)
    changed.setlist(name, tokens)
    return changed


def _move(tokens: list[str], what: str, token: str) -> None:
    at = tokens.index(token)
    tokens.remove(token)
    line = tokens.index(LINE) if LINE in tokens else len(tokens)
    places = {"up": max(at - 1, 0), "down": at + 1, "hide": line + 1, "show": line}
    if what != "drop":
        tokens.insert(places.get(what, at), token)
