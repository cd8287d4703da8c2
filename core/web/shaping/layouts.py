"""The editor of a layout: rows to drag or move by keys, what each is called and when it shows, and a preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from core.errors import NotFound
from core.i18n import gettext
from core.permissions.rules import access
from core.registry import RecordType
from core.shaping import conditions, layouts
from core.shaping.store import save_shape, shape, shape_versions
from core.web import format as fmt
from core.web.lifecycle import done
from core.web.shaping import drafts
from core.web.shaping.index import BASE, crumbs, role_words, type_of, view_words
from core.web.shaping.preview import preview_of
from core.web.toasts import say


def editor(key: str, view: str) -> Any:
    """`/settings/shaping/<key>/layout/<view>?role=`: the layout as rows."""
    kind, role = _asked(key, view)
    stored = shape(layouts.KIND, layouts.name_of(view, key, role))
    return _page(kind, view, role, stored, stored=stored is not None)


def change(key: str, view: str) -> Any:
    """One press of a button: save, back to shipped, an earlier version, or a step that only changes the draft."""
    kind, role = _asked(key, view)
    order = request.form.get("do", "save")
    name = layouts.name_of(view, key, role)
    if order == "shipped":
        save_shape(layouts.KIND, name, None)
        told = {"view": view_words(view), "records": fmt.within(kind.plural)}
        say(gettext("%(view)s of %(records)s is as shipped again", **told))
        return done(f"{BASE}/{key}")
    if order.startswith("version:"):
        found = next((v for v in shape_versions(layouts.KIND, name) if str(v.id) == order[8:]), None)
        if found is None:
            raise NotFound()
        return _page(kind, view, role, found.data, stored=True)
    form = drafts.ordered(request.form, order)
    data = drafts.read(view, form)
    if order != "save":
        return _page(kind, view, role, data, stored=True, focus=order)
    if errors := _wrong(kind, view, data):
        return _page(kind, view, role, data, stored=True, errors=errors), 422
    save_shape(layouts.KIND, name, data)
    told = {"view": view_words(view), "records": fmt.within(kind.plural), "role": role_words(role)}
    say(gettext("%(view)s of %(records)s is saved for %(role)s", **told))
    return done(f"{BASE}/{key}/layout/{view}?role={role}")


def preview(key: str, view: str) -> Any:
    """How it would look, out of what stands in the editor now. Stores nothing."""
    kind, _role = _asked(key, view)
    return preview_of(kind, view, drafts.read(view, MultiDict(request.form)))


def _asked(key: str, view: str) -> tuple[RecordType, str]:
    kind = type_of(key)
    role = request.args.get("role", layouts.EVERYBODY)
    if view not in layouts.VIEWS or (role != layouts.EVERYBODY and role not in access().roles):
        raise NotFound()
    return kind, role


def _wrong(kind: RecordType, view: str, data: dict[str, Any]) -> list[str]:
    """Why a layout cannot be: a form that leaves out what every record needs, a list without columns."""
    if not data.get("sections") and view != "list":
        return [gettext("Nothing came in; load the page again.")]
    if view == "list":
        return [] if any(c["shown"] for c in data["columns"]) else [gettext("A list needs one column at least.")]
    fields = [f for s in data["sections"] for f in s["fields"]]
    if view == "form":
        hidden = [kind.fields[f["name"]] for f in fields if f.get("hidden") and f["name"] in kind.fields]
        return [
            gettext("%(field)s is needed for every record and cannot be left out.", field=f.label)
            for f in hidden
            if f.required and f.default is None and f.writable and f.name in _on_form(kind)
        ]
    return []


def _on_form(kind: RecordType) -> set[str]:
    shipped = layouts.base_sections("form", kind, layouts.shipped_view("form", kind.key))
    return {name for section in shipped for name in section.fields}


def _page(kind: RecordType, view: str, role: str, data: Any, *, stored: bool, errors: Any = (), focus: str = "") -> str:
    shipped = layouts.shipped_view(view, kind.key)
    title = gettext("%(view)s of %(records)s", view=view_words(view), records=fmt.within(kind.plural))
    rows = drafts.rows_of(view, kind, shipped, data)
    shown = data or drafts.read(view, _as_posted(rows, drafts.tab_rows(shipped, None) if view == "detail" else []))
    return render_template(
        "web/shaping/layout.html",
        title=title,
        crumbs=crumbs((str(kind.plural), f"{BASE}/{kind.key}"), (view_words(view), None)),
        kind=kind,
        view=view,
        role=role,
        role_label=role_words(role),
        roles=_roles(view, kind),
        rows=rows,
        tabs=drafts.tab_rows(shipped, data) if view == "detail" else [],
        position=(data or {}).get("position", 50),
        sort=((data or {}).get("sort") or (getattr(shipped, "sort", None) if view == "list" else "") or ""),
        sortable=[(n, str(f.label)) for n, f in kind.fields.items() if f.kind not in ("json", "multi_choice", "tags")],
        fields=[(f.name, str(f.label)) for f in kind.fields.values() if layouts.placeable("detail", f)],
        operators=[(code, str(label)) for code, label in conditions.OPERATORS.items()],
        stored=stored,
        errors=errors,
        focus=focus,
        versions=_versions(layouts.name_of(view, kind.key, role)),
        preview=preview_of(kind, view, shown),
        action=f"{BASE}/{kind.key}/layout/{view}",
    )


def _as_posted(rows: list[dict[str, Any]], tabs: list[dict[str, Any]]) -> MultiDict[str, str]:
    """The rows of the shipped view as if they had been posted."""
    return MultiDict([*(("row", row["token"]) for row in rows), *(("tab", tab["token"]) for tab in tabs)])


def _roles(view: str, kind: RecordType) -> list[dict[str, Any]]:
    """Everybody and the roles of staff, those with a layout of their own marked."""
    own = {role for role, _data in layouts.layouts(view, kind.key)}
    codes = [layouts.EVERYBODY, *sorted(c for c, r in access().roles.items() if r.realm != "portal")]
    return [{"code": code, "label": role_words(code), "own": code in own} for code in codes]


def _versions(name: str) -> list[dict[str, Any]]:
    return [
        {"id": v.id, "at": fmt.instant(v.at), "actor": v.actor, "shipped": v.data is None}
        for v in shape_versions(layouts.KIND, name)
    ]


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(f"{BASE}/<key>/layout/<view>", "shaping_layout", editor)
    web.add_url_rule(f"{BASE}/<key>/layout/<view>", "shaping_layout_change", change, methods=["POST"])
    web.add_url_rule(f"{BASE}/<key>/layout/<view>/preview", "shaping_preview", preview, methods=["POST"])
