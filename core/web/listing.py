"""The list page of any record type: rows as column selects, groups with counts, chips, views, bulk bar. Answers page or fragment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request
from markupsafe import Markup

from core.errors import Forbidden, NotFound
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records.dump import labels, link_labels
from core.records.fields import Field
from core.records.query import UNSORTABLE, Filter, count_records, group_counts, list_records
from core.registry import RecordType
from core.views import Column
from core.web import cells, chips
from core.web.lifecycle import wants_fragment
from core.web.liststate import PAGE_SIZE, ListState, read_state
from core.web.shell import registry

GROUP_ROWS = 8
GROUPS_SHOWN = 12
GROUPABLE = frozenset({"choice", "link", "boolean"})


def kind_of(key: str, action: str = "read") -> RecordType:
    """The record type of an address; raises `NotFound` when unknown, `Forbidden` when the person has no such right on it."""
    kind = registry().types.get(key)
    if kind is None:
        raise NotFound()
    if not current_principal().can(key, action):
        raise Forbidden(detail={"record": key, "action": action})
    return kind


def state_of(key: str) -> ListState:
    """The list state in this request's address."""
    kind = kind_of(key)
    return read_state(kind, registry().view("list", key), request.args)


def page(key: str) -> Any:
    """`/r/<key>`: list, board or calendar, whole or as fragment."""
    state = state_of(key)
    if state.shown_as == "board" and registry().view("kanban", key):
        from core.web.board import board

        return board(state)
    if state.shown_as == "calendar" and registry().view("calendar", key):
        from core.web.month import month

        return month(state)
    context = frame(state) | table(state)
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
        "can_export": principal.can(kind.key, "export"),
        "can_import": principal.can(kind.key, "create") and kind.key in registry().import_sources,
        "group_menu": group_menu(state),
        "more": more(state),
    }


def views(state: ListState) -> list[dict[str, Any]]:
    """The tabs: presets of the view, and all records when no preset shows them."""
    kind = state.kind
    tabs = [
        {"label": str(p.label), "href": _preset_url(state, p), "current": state.preset == p.key}
        for p in state.view.presets
    ]
    if not any(not p.filters for p in state.view.presets):
        everything = f"/r/{kind.key}?view=-" if tabs else f"/r/{kind.key}"
        bare = not state.pairs and not state.q and state.preset in ("", "-")
        tabs.append({"label": gettext("All %(records)s", records=_lower(kind.plural)), "href": everything, "current": bare})
    return tabs


def more(state: ListState) -> list[dict[str, Any]]:
    """The menu behind the dots: import, export of exactly what is shown, archived records, actions on the type."""
    kind, principal = state.kind, current_principal()
    items = []
    if principal.can(kind.key, "create") and kind.key in registry().import_sources:
        items.append({"label": gettext("Import a sheet"), "href": f"/import/{kind.key}", "icon": "upload"})
    if principal.can(kind.key, "export"):
        items.append({"label": gettext("Export this list"), "href": state.url().replace("/r/", "/export/", 1), "icon": "download"})
    for action in registry().actions.get(kind.key, {}).values():
        if action.on_type and principal.can(kind.key, action.code):
            href = f"/r/{kind.key}/-/do/{action.code}"
            items.append({"label": str(action.label), "href": href, "icon": action.icon, "attrs": {"data-ask": href}})
    if kind.archive:
        items.append({"label": gettext("With archived ones"), "href": state.url(archived=not state.archived), "icon": "archive", "current": state.archived})
    return items


def _lower(label: Any) -> str:
    text = str(label)
    return text[:1].lower() + text[1:]


def _preset_url(state: ListState, preset: Any) -> str:
    fresh = replace(state, pairs=(), preset=preset.key, q="", sort="", group="", cols=(), page=1, archived=False, month="")
    return fresh.url() + (f"&as={state.shown_as}" if state.shown_as != "list" and "as=" not in fresh.url() else "")


def ways(state: ListState) -> list[dict[str, Any]]:
    """List, board, calendar: those that the type has."""
    key = state.kind.key
    found = [("list", gettext("List"), "list")]
    if registry().view("kanban", key):
        found.append(("board", gettext("Board"), "board"))
    if registry().view("calendar", key):
        found.append(("calendar", gettext("Calendar"), "calendar"))
    return [{"href": state.url(shown_as=w), "label": label, "icon": icon, "current": state.shown_as == w} for w, label, icon in found]


def group_menu(state: ListState) -> list[Any]:
    """Fields to group by."""
    names = [n for n in state.view.group_by if n in state.kind.fields and state.kind.fields[n].kind in GROUPABLE]
    if not names:
        return []
    items = [{"label": str(state.kind.fields[n].label), "href": state.url(group=n), "current": state.group == n} for n in names]
    return [*items, "-", {"label": gettext("No groups"), "href": state.url(group="-" if state.preset not in ("", "-") else ""), "current": not state.group}]


def table(state: ListState) -> dict[str, Any]:
    """Heads, row groups and totals of the table."""
    kind, columns = state.kind, state.columns()
    secondary = _secondary(kind, columns)
    names = _needed(kind, columns, secondary)
    spec = kind.fields.get(state.group) if state.group else None
    if spec is not None and spec.kind in GROUPABLE:
        groups, total = _groups(state, spec, names)
    else:
        found = list_records(kind.model, state.query(fields=names, count=True))
        groups, total = [{"head": None, "page": found}], found.total or 0
    _complete(kind, groups)
    pictures = bool(registry().hooks.implementations("provide_badge"))
    draw = [cells.cell_of(kind, c, secondary, pictures) for c in columns]
    classes = _classes(kind, columns)
    return {
        "heads": _heads(state, columns, classes),
        "body": _body(groups, draw, classes),
        "total": total,
        "pager": _pager(state, total) if spec is None else None,
        "bulk": bulk_actions(kind),
        "span": len(columns) + 1,
        "empty": _empty(state) if total == 0 else None,
    }


def _secondary(kind: RecordType, columns: list[Column]) -> tuple[Field, ...]:
    shown = {c.key for c in columns}
    names = [n for n in (kind.number, kind.secondary) if n and n in kind.fields and n not in shown and n != kind.title]
    return tuple(kind.fields[n] for n in names)


def _needed(kind: RecordType, columns: list[Column], secondary: tuple[Field, ...]) -> tuple[str, ...]:
    names: dict[str, None] = dict.fromkeys(f.name for f in secondary)
    for column in columns:
        names.update(dict.fromkeys(column.needs if column.template else (column.key, *column.needs)))
    if kind.title and kind.title in kind.fields:
        names[kind.title] = None
    return tuple(names)


def _groups(state: ListState, spec: Field, names: tuple[str, ...]) -> tuple[list[dict[str, Any]], int]:
    counted = group_counts(state.kind.model, state.query(), spec.name)
    total = sum(n for _v, n in counted)
    order = {c.code: i for i, c in enumerate(spec.choices)} if spec.kind == "choice" else {}
    counted.sort(key=lambda pair: order.get(pair[0], 999) if order else -pair[1])
    known = labels(spec.target, (v for v, _n in counted)) if spec.target else {}
    groups = []
    for value, number in counted[:GROUPS_SHOWN]:
        name, raw = (f"{spec.name}__isnull", "1") if value is None else (spec.name, str(int(value) if isinstance(value, bool) else value))
        only = Filter(spec.name, "isnull", "1") if value is None else Filter(spec.name, "eq", value)
        found = list_records(state.kind.model, state.query(fields=names, filters=(*state.filters, only), page=1, limit=GROUP_ROWS))
        more = state.url(pairs=(*state.pairs, (name, raw)), group="", preset="") if number > GROUP_ROWS else None
        groups.append({"head": _group_label(spec, value, known), "count": number, "page": found, "more": more})
    return groups, total


def _group_label(spec: Field, value: Any, known: dict[int, str]) -> Any:
    if value is None:
        return Markup('<span class="z-3">%s</span>') % gettext("not set")
    if spec.kind == "link":
        return cells.show(spec, {"id": value, "label": known[value]} if value in known else {"hidden": True})
    return cells.show(spec, value)


def _complete(kind: RecordType, groups: list[dict[str, Any]]) -> None:
    """Labels of links and plugins' additions, one query each for all rows of the page."""
    rows = [row for g in groups for row in g["page"].rows]
    if rows:
        link_labels(groups[0]["page"].fields, rows)
        if registry().hooks.implementations("filter_list_rows"):
            registry().hooks.gather("filter_list_rows", record_key=kind.key, rows=rows)


def _classes(kind: RecordType, columns: list[Column]) -> list[str]:
    """Per column its class: figures at the right; on a phone the title, one state and one date remain."""
    state_taken = due_taken = False
    found = []
    for column in columns:
        spec = kind.fields.get(column.key)
        field_kind = spec.kind if spec else ""
        if column.key == kind.title or (column.template and "title" in column.key):
            found.append("c-title")
        elif not state_taken and (field_kind == "choice" and spec and any(c.tone for c in spec.choices)):
            state_taken = True
            found.append("c-st")
        elif not due_taken and (field_kind == "date" or "due" in column.key or "deadline" in column.key):
            due_taken = True
            found.append("c-due" if "due" in column.key or "deadline" in column.key else "c-due no-pic")
        else:
            numeric = field_kind in cells.NUMERIC or column.align in ("end", "right")
            found.append("c-x num" if numeric else "c-x")
    return found


def _heads(state: ListState, columns: list[Column], classes: list[str]) -> list[dict[str, Any]]:
    kind, heads = state.kind, []
    current = state.sort.split(",")[0] or kind.order
    for column, css in zip(columns, classes, strict=True):
        spec = kind.fields.get(column.key)
        sort = column.sort or (column.key if spec and spec.kind not in UNSORTABLE and not column.template else None)
        label = str(column.label or (cells._system_field(column.key) if spec is None and not column.template else spec or column).label or "")
        down = current == f"-{sort}"
        here = sort is not None and current.lstrip("-+") == sort
        href = state.url(sort=f"-{sort}" if here and not down else sort) if sort else None
        heads.append({"label": label, "css": css, "href": href, "order": ("descending" if down else "ascending") if here else None})
    return heads


def _body(groups: list[dict[str, Any]], draw: list[cells.Cell], classes: list[str]) -> list[dict[str, Any]]:
    """Row groups as finished markup: the template only joins."""
    opening = [f'<td class="{css}">' for css in classes]
    select = gettext("Select")
    body = []
    for group in groups:
        rows = []
        for row in group["page"].rows:
            parts = [f'<tr class="r" data-id="{row["id"]}"><td><input class="z-check" type="checkbox" name="id" value="{row["id"]}" aria-label="{select} {row["id"]}"></td>']
            for start, cell in zip(opening, draw, strict=True):
                parts.append(f"{start}{cell(row)}</td>")
            rows.append("".join(parts) + "</tr>")
        body.append({**group, "rows": Markup("\n".join(rows))})
    return body


def _pager(state: ListState, total: int) -> dict[str, Any] | None:
    pages = -(-total // PAGE_SIZE)
    if pages <= 1:
        return None
    return {
        "page": state.page,
        "pages": pages,
        "first": (state.page - 1) * PAGE_SIZE + 1,
        "last": min(state.page * PAGE_SIZE, total),
        "before": state.url(page=state.page - 1) if state.page > 1 else None,
        "after": state.url(page=state.page + 1) if state.page < pages else None,
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
    if not state.pairs and not state.q:
        return {"filtered": False, "text": str(state.view.empty) if state.view.empty else None}
    best: dict[str, Any] | None = None
    named = chips.chips(state)
    for index, chip in enumerate(named):
        rest = tuple(f for i, f in enumerate(state.filters) if i != index)
        number = count_records(state.kind.model, state.query(filters=rest))
        if number and (best is None or number > best["count"]):
            best = {"words": f"{chip['field']} {chip['op']} {chip['value']}".strip(), "count": number, "href": chip["remove"]}
    return {"filtered": True, "best": best, "clear": f"/r/{state.kind.key}?view=-" if state.view.presets else f"/r/{state.kind.key}"}
