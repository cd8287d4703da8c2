"""The editor of a numbering rule: its parts in order, and the next numbers that it would give."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from core.clock import today
from core.errors import Invalid, NotFound
from core.i18n import gettext
from core.records.numbering import NumberRule
from core.registry import RecordType
from core.shaping import numbering
from core.shaping.store import save_shape, shape, shape_versions
from core.web import format as fmt
from core.web.lifecycle import done
from core.web.rendering import part
from core.web.shaping.index import BASE, crumbs, rules_of, type_of
from core.web.shell import registry
from core.web.toasts import say

Data = dict[str, Any]
BLANK: dict[str, Data] = {
    "text": {"kind": "text", "text": "-"},
    "date": {"kind": "date", "pattern": "%Y", "field": None},
    "field": {"kind": "field", "field": "", "width": 2},
    "sequence": {"kind": "sequence", "width": 3, "reset": None, "scope": "before"},
}


def editor(key: str, place: int) -> Any:
    """`/settings/shaping/<key>/numbers/<place>`."""
    kind, rule = _asked(key, place)
    return _page(kind, rule, place, shape(numbering.KIND, numbering.name_of(rule)) or numbering.data_of(rule))


def change(key: str, place: int) -> Any:
    """Save, back to shipped, an earlier version, or a step that only changes the draft."""
    kind, rule = _asked(key, place)
    order, name = request.form.get("do", "save"), numbering.name_of(rule)
    if order == "shipped":
        save_shape(numbering.KIND, name, None)
        say(gettext("Numbers of %(records)s are given as shipped again", records=fmt.within(kind.plural)))
        return done(f"{BASE}/{key}")
    if order.startswith("version:"):
        found = next((v for v in shape_versions(numbering.KIND, name) if str(v.id) == order[8:]), None)
        if found is None:
            raise NotFound()
        return _page(kind, rule, place, found.data)
    data = _ordered(_read(request.form), order)
    if order != "save":
        return _page(kind, rule, place, data)
    try:
        numbering.check(rule, data)
    except Invalid as error:
        return _page(kind, rule, place, data, [str(e.message) for e in error.errors]), 422
    save_shape(numbering.KIND, name, data)
    say(gettext("The numbering rule of %(records)s is saved; given numbers stay", records=fmt.within(kind.plural)))
    return done(f"{BASE}/{key}/numbers/{place}")


def preview(key: str, place: int) -> Any:
    """The next numbers by what stands in the editor now. Draws none."""
    _kind, rule = _asked(key, place)
    return _look(rule, _read(request.form))


def _asked(key: str, place: int) -> tuple[RecordType, NumberRule]:
    kind = type_of(key)
    rules = rules_of(kind)
    if place >= len(rules):
        raise NotFound()
    return kind, rules[place]


def _read(form: MultiDict[str, str]) -> Data:
    rows = (_part(form, token) for token in dict.fromkeys(form.getlist("row")))
    return {"parts": [row for row in rows if row is not None]}


def _part(form: MultiDict[str, str], token: str) -> Data | None:
    def given(name: str, default: str = "") -> str:
        return form.get(f"{name}:{token}", default).strip()

    kind = given("kind")
    if kind == "text":
        return {"kind": kind, "text": form.get(f"text:{token}", "")[:20]}
    if kind == "date":
        return {"kind": kind, "pattern": given("pattern"), "field": given("field") or None}
    if kind == "field":
        words = dict(line.split("=", 1) for line in given("map").replace(",", "\n").splitlines() if "=" in line)
        made = {"kind": kind, "field": given("field"), "width": _whole(given("width"))}
        return made | ({"map": {k.strip(): v.strip()[:20] for k, v in words.items()}} if words else {})
    if kind == "sequence":
        made = {"kind": kind, "width": _whole(given("width")), "reset": given("reset") or None}
        return made | {"scope": "all" if given("scope") == "all" else "before"}
    if kind == "plugin":
        return {"kind": kind, "code": given("code")}
    return {"kind": "shipped", "index": _whole(given("index"))} if kind == "shipped" else None


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def _ordered(data: Data, order: str) -> Data:
    """The parts after one order of a button; parts are named by their place in the editor."""
    what, _colon, token = order.partition(":")
    parts = data["parts"]
    if what == "add" and token in BLANK:
        parts.append(dict(BLANK[token]))
    if what == "add" and token in registry().number_parts:
        parts.append({"kind": "plugin", "code": token})
    tokens = list(dict.fromkeys(request.form.getlist("row")))
    if token in tokens and what in ("up", "down", "drop"):
        at = tokens.index(token)
        row = parts.pop(at)
        if what != "drop":
            parts.insert(max(at - 1, 0) if what == "up" else at + 1, row)
    return data


def _look(rule: NumberRule, data: Data) -> Any:
    """The next numbers, or why there are none."""
    try:
        numbering.check(rule, data)
        rows, errors = numbering.preview(rule, data, today()), []
    except Invalid as error:
        rows, errors = [], [str(e.message) for e in error.errors]
    return part("web/shaping/_numbers.html", rows=rows, errors=errors)


def _page(kind: RecordType, rule: NumberRule, place: int, data: Data, errors: Any = ()) -> str:
    name = numbering.name_of(rule)
    fields = kind.fields.values()
    title = gettext("Numbers of %(records)s", records=fmt.within(kind.plural))
    return render_template(
        "web/shaping/numbers.html",
        title=title,
        crumbs=crumbs((str(kind.plural), f"{BASE}/{kind.key}"), (gettext("Numbering"), None)),
        kind=kind,
        rule=rule,
        rows=[row | {"token": f"p:{n}", "label": _label(row)} for n, row in enumerate(data.get("parts", ()))],
        sources=[_source(rule, row) for row in data.get("parts", ())],
        dates=[(f.name, str(f.label)) for f in fields if f.kind == "date"],
        plain=[(f.name, str(f.label)) for f in fields if f.kind in numbering.PLAIN_KINDS and f.name != rule.field],
        patterns=[(p, f"{today():{p}}") for p in numbering.PATTERNS],
        resets=[
            ("", gettext("never")),
            ("day", gettext("each day")),
            ("month", gettext("each month")),
            ("year", gettext("each year")),
        ],
        given=[(c, str(p.label)) for c, p in registry().number_parts.items() if p.record in ("*", kind.key)],
        stored=bool(shape(numbering.KIND, name)),
        errors=errors,
        preview=_look(rule, data),
        versions=[
            {"id": v.id, "at": fmt.instant(v.at), "actor": v.actor, "shipped": v.data is None}
            for v in shape_versions(numbering.KIND, name)
        ],
        action=f"{BASE}/{kind.key}/numbers/{place}",
    )


def _label(row: Data) -> str:
    if row.get("kind") == "plugin":
        known = registry().number_parts.get(row.get("code", ""))
        return str(known.label) if known else str(row.get("code"))
    names = {
        "text": gettext("Fixed text"),
        "date": gettext("Date"),
        "field": gettext("Value of a field"),
        "sequence": gettext("Running number"),
        "shipped": gettext("Part of the shipped rule"),
    }
    return names.get(row.get("kind", ""), "")


def _source(rule: NumberRule, row: Data) -> str:
    """What a shipped part prints, by example."""
    if row.get("kind") != "shipped" or not 0 <= row.get("index", -1) < len(rule.parts):
        return ""
    shown = numbering.sample_of(rule, rule.parts[row["index"]], today())
    return gettext("computed by the extension, for example %(shown)s", shown=shown)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    address = f"{BASE}/<key>/numbers/<int:place>"
    web.add_url_rule(address, "shaping_numbers", editor)
    web.add_url_rule(address, "shaping_numbers_change", change, methods=["POST"])
    web.add_url_rule(f"{address}/preview", "shaping_numbers_preview", preview, methods=["POST"])
