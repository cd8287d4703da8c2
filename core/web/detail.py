"""The page of one record: head, drawing, facts, tabs, related lists, actions; beside it composer and timeline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from core.desk import marks
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records import service
from core.registry import Action, RecordType
from core.views import DetailView, Tab
from core.web import cells, copying, files, timeline
from core.web import components as z
from core.web.facts import Reading, caption, everything, shown_values
from core.web.listing import kind_of
from core.web.related import count_related, related
from core.web.rendering import part
from core.web.rights import sharing
from core.web.rights.menu import of_record
from core.web.shell import registry, render_panel


def page(key: str, record_id: int) -> Any:
    """`/r/<key>/<id>`."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    view = registry().view("detail", key) or DetailView(key)
    values = shown_values(kind, record_id)
    tabs = tabs_of(kind, view, record)
    current = next((t for t in tabs if t["key"] == request.args.get("tab")), tabs[0])
    current["current"] = True
    return render_template(
        "web/detail.html",
        **head(kind, view, record, values),
        **body(kind, view, record, values, current),
        tabs=tabs,
        tab=current,
    )


def head(kind: RecordType, view: DetailView, record: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Title, badge, subtitle, picture, buttons."""
    title = caption(kind, values)
    badge = view.badge or next(
        (f.name for f in kind.fields.values() if f.kind == "choice" and any(c.tone for c in f.choices)), None
    )
    subtitle = view.subtitle or tuple(n for n in (kind.number, kind.secondary) if n)
    shown = kind.number in subtitle and values.get(kind.number) not in (None, "", title)
    parts = [z.z_no(values[kind.number])] if shown else []
    parts += [
        cells.show(kind.fields[n], values[n])
        for n in subtitle
        if n in values and n != kind.number and values[n] not in (None, "", title)
    ]
    parts += [z.z_tags([_plain(kind, n, values)]) for n in view.tags if values.get(n) not in (None, "", [])]
    buttons, menu = actions_of(kind, record)
    return {
        "title": title,
        "crumbs": [(str(kind.plural), f"/r/{kind.key}"), (title, None)],
        "kind": kind,
        "record": record,
        "badge": cells.show(kind.fields[badge], values.get(badge)) if badge and badge in kind.fields else None,
        "subtitle": parts,
        "picture": picture(kind, values, title),
        "buttons": buttons,
        "menu": menu,
        "archived": record.archived_at is not None,
        "starred": marks.starred(kind.key, record.id),
    }


def _plain(kind: RecordType, name: str, values: dict[str, Any]) -> Any:
    value, spec = values[name], kind.fields[name]
    found = spec.choice(str(value)) if spec.kind == "choice" else None
    return found.label if found else value["label"] if isinstance(value, dict) and "label" in value else value


def picture(kind: RecordType, values: dict[str, Any], title: str) -> Markup:
    """The record's picture from a plugin, or its first character on a tint."""
    if registry().hooks.implementations("provide_badge"):
        src = registry().hooks.first("provide_badge", record_key=kind.key, row=values)
        if src:
            return z.z_mark(title, src)
    return Markup('<span class="z-pic %s" aria-hidden="true">%s</span>') % (z.tint(title), z.initial(title))


def actions_of(kind: RecordType, record: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """The first action and Edit as buttons, the rest for the menu. Only what this person may do to this record now."""
    base = f"/r/{kind.key}/{record.id}"
    found, menu = [], []
    for action in registry().actions.get(kind.key, {}).values():
        if action.on_type or (action.bulk and not action.primary) or not service.may(record, action.code):
            continue
        if _available(kind, action, record):
            href = f"{base}/-/do/{action.code}"
            found.append(
                {
                    "label": str(action.label),
                    "href": href,
                    "icon": action.icon,
                    "primary": action.primary,
                    "attrs": {"data-ask": href},
                }
            )
    if kind.key == "core.user" and current_principal().can("core.user_role", "create"):
        menu.append({"label": gettext("Roles and password"), "href": f"/settings/people/{record.id}", "icon": "shield"})
    menu += of_record(kind, record)
    found.sort(key=lambda a: not a["primary"])
    if service.may(record, "update") and ("form", kind.key) in registry().views:
        edit = {"label": gettext("Edit"), "href": f"{base}/edit", "icon": "edit", "primary": False}
        found.insert(1, edit | {"attrs": {"data-key": "e"}})
    menu += _of_every_record(kind, record, base)
    return found[:2], [*found[2:], *(["-"] if found[2:] and menu else []), *menu]


def _of_every_record(kind: RecordType, record: Any, base: str) -> list[dict[str, Any]]:
    """What can be done with a record of any type: its address, a copy, putting it away."""
    menu = [{"label": gettext("Copy the link"), "href": base, "icon": "link", "attrs": {"data-copy-link": base}}]
    if copying.offered(kind, record):
        href = f"{base}/-/copy"
        menu.append({"label": gettext("Duplicate"), "href": href, "icon": "copy", "attrs": {"data-ask": href}})
    if not service.may(record, "delete"):
        return menu
    if not kind.archive and not kind.key.startswith("core."):
        menu.append({"label": gettext("Delete"), "post": f"{base}/-/delete", "icon": "trash", "danger": True})
    elif kind.archive and record.archived_at is None:
        menu.append({"label": gettext("Archive"), "post": f"{base}/-/archive", "icon": "archive"})
    elif kind.archive:
        menu.append({"label": gettext("Restore"), "post": f"{base}/-/restore", "icon": "restore"})
    return menu


def _available(kind: RecordType, action: Action, record: Any) -> bool:
    """Whether the button is shown; one whose plugin fails is not."""
    if action.available is None:
        return True
    found = registry()
    owner = found.owners.get((f"action {kind.key}", action.code), "core")
    return found.hooks.isolated(owner, f"action {action.code}", lambda: action.available(record), timed=False) is True


def body(
    kind: RecordType, view: DetailView, record: Any, values: dict[str, Any], tab: dict[str, Any]
) -> dict[str, Any]:
    """What stands under the tabs, and the aside."""
    hooks = registry().hooks
    spec: Tab | None = tab["spec"]
    may_edit = service.may(record, "update")
    reading = Reading(kind, record, values, in_place=may_edit)
    context: dict[str, Any] = {"facts": [], "related": [], "panels": [], "tab_content": None, "docs": None}
    if tab["key"] == "overview":
        shown = Reading(kind, record, values, filled=bool(view.facts), in_place=may_edit, places=view.places)
        context["facts"] = shown.sections(view.facts or (everything(kind),))
        context["empties"] = shown.empties(view.facts) if view.facts else []
        context["related"] = [
            related(t, record)
            for t in view.tabs
            if t.related and applies(t, record) and current_principal().can(t.related.record, "read")
        ]
        context["panels"] = [
            render_panel(p) for p in sorted(hooks.gather("slot_detail", record=record), key=lambda p: p.order)
        ]
    elif tab["key"] == "files":
        context["docs"] = files.of_record(kind.key, record.id)
    elif tab["key"] == "all":
        context["facts"] = reading.sections((everything(kind),))
    elif spec is not None:
        context |= _tab(reading, spec)
    context["head_drawing"] = _drawing(view, record)
    context["asides"] = [
        render_panel(p) for p in sorted(hooks.gather("slot_aside", record=record), key=lambda p: p.order)
    ]
    if (opened := sharing.panel(kind, record)) is not None:
        context["asides"].insert(0, render_panel(opened))
    context["story"] = timeline.story(kind, record.id)
    context["can_note"] = current_principal().can("core.note", "create")
    context["can_file"] = may_edit and current_principal().can("core.attachment", "create")
    return context


def _drawing(view: DetailView, record: Any) -> Markup | None:
    if not view.head_template:
        return None
    return part(view.head_template, record=record, **(view.head_context(record) if view.head_context else {}))


def _tab(reading: Reading, spec: Tab) -> dict[str, Any]:
    if spec.related:
        return {"related": [related(spec, reading.record, limit=50)]}
    if spec.sections:
        return {"facts": reading.sections(spec.sections)}
    left_out = part("web/_warning.html", text=gettext("This part could not be shown. The rest of the page is right."))
    return {"tab_content": _isolated(reading.kind, spec, lambda: _drawn(reading, spec), left_out)}


def _drawn(reading: Reading, spec: Tab) -> Any:
    context = spec.context(reading.record) if spec.context else {}
    return part(spec.template, record=reading.record, kind=reading.kind, **context) if spec.template else None


def _isolated(kind: RecordType, spec: Tab, fn: Callable[[], Any], default: Any, *, timed: bool = True) -> Any:
    """What a tab's own function gives; its plugin's faults stay in the tab."""
    found = registry()
    owner = found.owners.get((f"detail {kind.key}", spec.key), "core")
    return found.hooks.isolated(owner, f"tab {spec.key}", fn, default, timed=timed)


def applies(tab: Tab, record: Any) -> bool:
    """Whether the tab is for this record."""
    return tab.when is None or bool(tab.when(record))


def tabs_of(kind: RecordType, view: DetailView, record: Any) -> list[dict[str, Any]]:
    """Overview, the plugins' tabs with counts, files, all fields."""
    base, principal = f"/r/{kind.key}/{record.id}", current_principal()
    tabs: list[dict[str, Any]] = [
        {"key": "overview", "label": gettext("Overview"), "href": base, "spec": None, "count": None}
    ]
    for spec in view.tabs:
        if spec.related and not principal.can(spec.related.record, "read"):
            continue
        if spec.when and not _isolated(kind, spec, partial(applies, spec, record), False, timed=False):
            continue
        counted = partial(spec.count, record) if spec.count else None
        number = _isolated(kind, spec, counted, None) if counted else None
        if spec.related and not counted:
            number = count_related(spec.related, record)
        tabs.append(
            {"key": spec.key, "label": str(spec.label), "href": f"{base}?tab={spec.key}", "spec": spec, "count": number}
        )
    tabs.append(
        {
            "key": "files",
            "label": gettext("Files"),
            "href": f"{base}?tab=files",
            "spec": None,
            "count": files.count(kind.key, record.id) or None,
        }
    )
    if view.facts:
        tabs.append(
            {"key": "all", "label": gettext("All fields"), "href": f"{base}?tab=all", "spec": None, "count": None}
        )
    return tabs


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>", "detail", page)
