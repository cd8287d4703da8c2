"""The list page of any record type: rows, groups with counts, chips, views, bulk bar; whole or as fragment."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from core.errors import Forbidden, NotFound
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records.query import count_records
from core.records.totals import GROUPABLE
from core.registry import RecordType
from core.views import Preset
from core.web import chips
from core.web.groups import level_words
from core.web.known import known_views
from core.web.lifecycle import wants_fragment
from core.web.liststate import ListState, default_preset, read_state, readable, state_at
from core.web.rows import table
from core.web.shell import registry

MOST_TRIED = 8
"""Conditions whose removal is tried when nothing was found."""


def kind_of(key: str, action: str = "read") -> RecordType:
    """The record type of an address; raises `NotFound` when unknown, `Forbidden` without that right on it."""
    kind = registry().types.get(key)
    if kind is None or not kind.public:
        raise NotFound()
    if not current_principal().can(key, action):
        raise Forbidden(detail={"record": key, "action": action})
    return kind


def state_of(key: str) -> ListState:
    """The list state in this request's address."""
    kind = kind_of(key)
    return read_state(kind, registry().view("list", key), request.args)


def show(state: ListState) -> Any:
    """The list as a table, whole or as fragment. A default view that holds nothing gives way to all."""
    rows = table(state)
    first = default_preset(state.view)
    if not rows["total"] and first and state.preset == first.key and not request.args:
        everything = read_state(state.kind, state.view, MultiDict([("view", "-")]))
        others = table(everything)
        state, rows = (everything, others) if others["total"] else (state, rows)
    context = frame(state) | rows
    context |= {"bulk": bulk_actions(state.kind), "empty": _empty(state) if context["total"] == 0 else None}
    return render_template("web/_list.html" if wants_fragment() else "web/list.html", **context)


def frame(state: ListState) -> dict[str, Any]:
    """What lists, boards and calendars have in common above their content."""
    kind, principal = state.kind, current_principal()
    return {
        "title": str(kind.plural),
        "crumbs": [(str(kind.plural), None)],
        "state": state,
        "kind": kind,
        "views": views(state),
        "chips": chips.chips(state),
        "ways": ways(state),
        "can_create": principal.can(kind.key, "create") and ("form", kind.key) in registry().views,
        "leads": [lead for lead in state.view.leads if principal.can(*lead.permission)],
        "can_export": principal.can(kind.key, "export"),
        "can_import": principal.can(kind.key, "create") and kind.key in registry().import_sources,
        "by_menu": by_menu(state),
        "groupable": bool(groupable(state.kind)),
        "grouped_by": gettext(", ").join(level_words(level) for level in state.levels),
        "sorted_by": _sorted_by(state),
        "saving": saving(state),
        "more": more(state),
    }


def views(state: ListState) -> list[dict[str, Any]]:
    """The tabs: presets of the view, saved views, and all records when no preset shows them."""
    kind = state.kind
    tabs = [
        {"label": str(p.label), "href": _preset_url(state, p), "current": _is_current(state, p)}
        for p in state.view.presets
    ]
    if not any(not p.filters for p in state.view.presets):
        everything = f"/r/{kind.key}?view=-" if tabs or state.has_default else f"/r/{kind.key}"
        bare = not state.asked and state.preset in ("", "-")
        tabs.append(
            {"label": gettext("All %(records)s", records=_lower(kind.plural)), "href": everything, "current": bare}
        )
    tabs += [
        {"label": v.name, "href": v.address, "current": state.saved == v, "shared": v.shared}
        for v in known_views(kind.key).views
    ]
    return tabs


def more(state: ListState) -> list[dict[str, Any]]:
    """The menu behind the dots: import, export of exactly what is shown, archived records, actions on the type."""
    kind, principal = state.kind, current_principal()
    items = []
    if principal.can(kind.key, "create") and kind.key in registry().import_sources:
        items.append({"label": gettext("Import a sheet"), "href": f"/import/{kind.key}", "icon": "upload"})
    if principal.can(kind.key, "export"):
        items.append(
            {
                "label": gettext("Export this list"),
                "href": state.at(f"/export/{kind.key}"),
                "icon": "download",
            }
        )
        items += [
            {
                "label": gettext("Export as %(format)s", format=found.label),
                "href": state.at(f"/export/{kind.key}/{found.code}"),
                "icon": "download",
            }
            for found in registry().export_formats.values()
        ]
    for action in registry().actions.get(kind.key, {}).values():
        if action.on_type and principal.can(kind.key, action.code):
            href = f"/r/{kind.key}/-/do/{action.code}"
            items.append({"label": str(action.label), "href": href, "icon": action.icon, "attrs": {"data-ask": href}})
    if kind.archive:
        items.append(
            {
                "label": gettext("With archived ones"),
                "href": state.url(archived=not state.archived),
                "icon": "archive",
                "current": state.archived,
            }
        )
    return items


def _is_current(state: ListState, preset: Preset) -> bool:
    bare = not state.asked and state.preset in ("", "-")
    return state.preset == preset.key or (bare and not preset.filters)


def _lower(label: Any) -> str:
    text = str(label)
    return text[:1].lower() + text[1:]


def _preset_url(state: ListState, preset: Any) -> str:
    way = f"&as={state.shown_as}" if state.shown_as != "list" else ""
    return f"{state.base}?view={preset.key}{way}"


def ways(state: ListState) -> list[dict[str, Any]]:
    """List, board, calendar: those that the type has."""
    found = [("list", gettext("List"), "list")]
    if lanes_offered(state.kind):
        found.append(("board", gettext("Board"), "board"))
    if days_offered(state.kind):
        found.append(("calendar", gettext("Calendar"), "calendar"))
    return [
        {"href": state.url(shown_as=w, by=""), "label": label, "icon": icon, "current": state.shown_as == w}
        for w, label, icon in found
    ]


def lanes_offered(kind: RecordType) -> list[str]:
    """Fields that a board can have lanes of, the declared one first."""
    declared = registry().view("kanban", kind.key)
    return _offered(kind, declared.field if declared else None, ("choice",))


def days_offered(kind: RecordType) -> list[str]:
    """Fields that a calendar can show, the declared one first."""
    declared = registry().view("calendar", kind.key)
    return _offered(kind, declared.date if declared else None, ("date", "datetime"))


def _offered(kind: RecordType, first: str | None, kinds: tuple[str, ...]) -> list[str]:
    found = [n for n, s in kind.fields.items() if s.kind in kinds and not s.hidden and readable(kind, n)]
    return [*([first] if first in found else []), *(n for n in found if n != first)]


def by_menu(state: ListState) -> list[dict[str, Any]]:
    """Which field makes the lanes of the board, or the days of the calendar."""
    offered = {"board": lanes_offered, "calendar": days_offered}.get(state.shown_as)
    names = offered(state.kind) if offered else []
    now = state.by or (names[0] if names else "")
    return [
        {"label": str(state.kind.fields[n].label), "href": state.url(by=n, month=""), "current": n == now}
        for n in names
        if len(names) > 1
    ]


def groupable(kind: RecordType) -> list[str]:
    """Fields to group by, in the order of their declaration."""
    return [n for n, s in kind.fields.items() if s.kind in GROUPABLE and not s.hidden and readable(kind, n)]


def _sorted_by(state: ListState) -> str:
    """The first field of the order in words, for the button."""
    name = (state.sort or "").split(",")[0]
    spec = state.kind.fields.get(name.lstrip("-+"))
    return f"{spec.label} {'↓' if name.startswith('-') else '↑'}" if spec is not None else ""


def saving(state: ListState) -> dict[str, Any] | None:
    """What may be done with the view that is shown, and whether this state can be kept as one."""
    principal, saved = current_principal(), state.saved
    if not principal.can("core.view", "create"):
        return None
    return {
        "new": f"{state.base}/-/views/new?{urlencode({'here': state.url()})}",
        "saved": saved,
        "mine": saved is not None and (saved.mine or principal.can("core.view", "share")),
        "changed": state.changed,
        "here": state.url(),
    }


def bulk_actions(kind: RecordType) -> list[dict[str, Any]]:
    """What the bulk bar offers to this person."""
    principal = current_principal()
    found = [
        {"code": a.code, "label": str(a.label), "icon": a.icon}
        for a in registry().actions.get(kind.key, {}).values()
        if a.bulk and principal.can(kind.key, a.code)
    ]
    if kind.archive and principal.can(kind.key, "delete"):
        found.append({"code": "-archive", "label": gettext("Archive"), "icon": "archive"})
    return found


def _empty(state: ListState) -> dict[str, Any]:
    """Why there is nothing, and what to press: the condition whose removal brings most, or how to begin."""
    if not state.asked:
        return {"filtered": False, "text": str(state.view.empty) if state.view.empty else None}
    best: dict[str, Any] | None = None
    for chip in chips.chips(state)[:MOST_TRIED]:
        number = count_records(state.kind.model, state_at(state.kind, chip["remove"]).query())
        if number and (best is None or number > best["count"]):
            words = f"{chip['field']} {chip['op']} {chip['value']}".strip()
            best = {"words": words, "count": number, "href": chip["remove"]}
    return {"filtered": True, "best": best, "clear": clear_url(state)}


def clear_url(state: ListState) -> str:
    """The list without any condition."""
    return f"{state.base}?view=-" if state.view.presets or state.has_default else state.base
