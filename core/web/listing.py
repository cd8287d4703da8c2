"""The list page of any record type: rows, groups with counts, chips, views, bulk bar; whole or as fragment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request
from werkzeug.datastructures import MultiDict

from core.errors import Forbidden, NotFound
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records.query import count_records
from core.registry import RecordType
from core.views import Preset
from core.web import chips
from core.web.lifecycle import wants_fragment
from core.web.liststate import ListState, read_state, readable
from core.web.rows import GROUPABLE, table
from core.web.shell import registry


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
    if not rows["total"] and state.preset and not request.args:
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
        "group_menu": group_menu(state),
        "more": more(state),
    }


def views(state: ListState) -> list[dict[str, Any]]:
    """The tabs: presets of the view, and all records when no preset shows them."""
    kind = state.kind
    tabs = [
        {"label": str(p.label), "href": _preset_url(state, p), "current": _is_current(state, p)}
        for p in state.view.presets
    ]
    if not any(not p.filters for p in state.view.presets):
        everything = f"/r/{kind.key}?view=-" if tabs else f"/r/{kind.key}"
        bare = not state.pairs and not state.q and state.preset in ("", "-")
        tabs.append(
            {"label": gettext("All %(records)s", records=_lower(kind.plural)), "href": everything, "current": bare}
        )
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
                "href": state.url().replace("/r/", "/export/", 1),
                "icon": "download",
            }
        )
        items += [
            {
                "label": gettext("Export as %(format)s", format=found.label),
                "href": state.url().replace(f"/r/{kind.key}", f"/export/{kind.key}/{found.code}", 1),
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
    bare = not state.pairs and not state.q and state.preset in ("", "-")
    return state.preset == preset.key or (bare and not preset.filters)


def _lower(label: Any) -> str:
    text = str(label)
    return text[:1].lower() + text[1:]


def _preset_url(state: ListState, preset: Any) -> str:
    fresh = replace(
        state, pairs=(), preset=preset.key, q="", sort="", group="", cols=(), page=1, archived=False, month=""
    )
    return fresh.url() + (f"&as={state.shown_as}" if state.shown_as != "list" and "as=" not in fresh.url() else "")


def ways(state: ListState) -> list[dict[str, Any]]:
    """List, board, calendar: those that the type has."""
    key = state.kind.key
    found = [("list", gettext("List"), "list")]
    if registry().view("kanban", key):
        found.append(("board", gettext("Board"), "board"))
    if registry().view("calendar", key):
        found.append(("calendar", gettext("Calendar"), "calendar"))
    return [
        {"href": state.url(shown_as=w), "label": label, "icon": icon, "current": state.shown_as == w}
        for w, label, icon in found
    ]


def group_menu(state: ListState) -> list[Any]:
    """Fields to group by."""
    known = state.kind.fields
    names = [n for n in state.view.group_by if n in known and known[n].kind in GROUPABLE and readable(state.kind, n)]
    if not names:
        return []
    items = [
        {"label": str(state.kind.fields[n].label), "href": state.url(group=n), "current": state.group == n}
        for n in names
    ]
    return [
        *items,
        "-",
        {
            "label": gettext("No groups"),
            "href": state.url(group="-" if state.preset not in ("", "-") else ""),
            "current": not state.group,
        },
    ]


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
    if not state.pairs and not state.q:
        return {"filtered": False, "text": str(state.view.empty) if state.view.empty else None}
    best: dict[str, Any] | None = None
    named = chips.chips(state)
    for index, chip in enumerate(named):
        rest = tuple(f for i, f in enumerate(state.filters) if i != index)
        number = count_records(state.kind.model, state.query(filters=rest))
        if number and (best is None or number > best["count"]):
            best = {
                "words": f"{chip['field']} {chip['op']} {chip['value']}".strip(),
                "count": number,
                "href": chip["remove"],
            }
    return {
        "filtered": True,
        "best": best,
        "clear": f"/r/{state.kind.key}?view=-" if state.view.presets else f"/r/{state.kind.key}",
    }
