"""Boards: one lane per value of a choice field, moved by dragging or by menu through the same service and rights."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template, request

from core.db import db
from core.errors import Forbidden, Invalid, NotFound, Stale
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records import service
from core.records.dump import link_labels
from core.records.query import list_records
from core.records.totals import Level, grouped, summable
from core.registry import RecordType
from core.views import KanbanView
from core.web import cells
from core.web.facts import caption_of, editable
from core.web.groups import amounts
from core.web.lifecycle import commit, done, wants_fragment
from core.web.listing import frame, kind_of, lanes_offered
from core.web.liststate import ListState, readable
from core.web.rendering import part
from core.web.security import safe_next
from core.web.shell import forget_counts, registry
from core.web.toasts import say

LANE_ROWS = 20
AT_ONCE = 300
MOST_EMPTY = 8


def lanes_field(kind: RecordType, name: str | None = None) -> str:
    """The field of the lanes: the one asked for, else the declared or first one; `NotFound` when there is none."""
    offered = lanes_offered(kind)
    if not offered or (name and name not in offered):
        raise NotFound()
    return name or offered[0]


def view_of(kind: RecordType, name: str) -> KanbanView:
    """How the board by that field is declared, or one that follows from the list."""
    declared = registry().view("kanban", kind.key)
    if declared is not None:
        if declared.field == name:
            return declared
        card = tuple(n for n in declared.card if n != name)
        return KanbanView(kind.key, field=name, card=card)
    columns = registry().view("list", kind.key)
    shown = [c.key for c in columns.columns] if columns else []
    card = tuple(n for n in shown if n in kind.fields and n not in (name, kind.title, kind.number))[:3]
    return KanbanView(kind.key, field=name, card=card)


def lanes_of(kind: RecordType, view: KanbanView) -> list[tuple[str, Any]]:
    """(code, choice) of the lanes in their order."""
    choices = view.columns() if view.columns else kind.fields[view.field].choices
    return [(c.code, c) for c in choices]


def movable(kind: RecordType, view: KanbanView) -> bool:
    """Whether this person may move cards at all: the field is theirs to change, or the board moves by itself."""
    may = current_principal().can(kind.key, "update")
    return may and (view.move is not None or editable(kind, kind.fields[view.field]))


def board(state: ListState) -> Any:
    """The board of a list state."""
    kind = state.kind
    view = view_of(kind, lanes_field(kind, state.by))
    figure = next((c.key for c in state.columns() if summable(kind, c.key)), None)
    by = grouped(kind.model, state.query(), [Level(kind.fields[view.field])], [figure] if figure else [])
    groups_by = {g.values[0]: g for g in by}
    counts = {value: g.count for value, g in groups_by.items()}
    names = tuple(dict.fromkeys(n for n in (kind.title, kind.number, view.field, *view.card) if readable(kind, n)))
    found = _rows(state, view, counts, names)
    wanted: list[tuple[Any, Any]] = [*lanes_of(kind, view), *([(None, None)] if counts.get(None) else [])]
    lanes = [
        _lane(state, view, code, choice, counts.get(code, 0), found.get(code, []))
        | {"sum": amounts(state, figure, groups_by[code].sums.get(figure, [])) if figure and code in groups_by else ""}
        for code, choice in wanted
    ]
    if len(lanes) > MOST_EMPTY:
        lanes = [lane for lane in lanes if lane["count"]]
    context = frame(state) | {
        "lanes": lanes,
        "total": sum(counts.values()),
        "move_url": f"/r/{kind.key}/-/move" if movable(kind, view) else None,
        "by": view.field,
    }
    return render_template("web/_board.html" if wants_fragment() else "web/board.html", **context)


def _rows(
    state: ListState, view: KanbanView, counts: dict[Any, int], names: tuple[str, ...]
) -> dict[Any, list[dict[str, Any]]]:
    """Rows by lane: one query while all fit, else one for each lane that holds something."""
    kind = state.kind
    if sum(counts.values()) <= AT_ONCE:
        rows = list_records(kind.model, state.query(fields=names, page=1, limit=AT_ONCE)).rows
    else:
        level = Level(kind.fields[view.field])
        lanes = [(*state.filters, *level.holding(code)) for code in counts]
        pages = (list_records(kind.model, state.query(fields=names, filters=f, page=1, limit=LANE_ROWS)) for f in lanes)
        rows = [row for page in pages for row in page.rows]
    link_labels([kind.fields[n] for n in names], rows)
    if rows and registry().hooks.implementations("filter_list_rows"):
        registry().hooks.gather("filter_list_rows", record_key=kind.key, rows=rows)
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row[view.field], []).append(row)
    return found


def _lane(
    state: ListState, view: KanbanView, code: str | None, choice: Any, number: int, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    kind = state.kind
    cards = [_card(kind, view, row) for row in rows[:LANE_ROWS]]
    pair = (view.field, code) if code is not None else (f"{view.field}__isnull", "1")
    more = state.url(shown_as="list", by="", pairs=(*state.pairs, pair)) if number > len(cards) else None
    badge = cells.show(kind.fields[view.field], code)
    label = str(choice.label) if choice is not None else gettext("not set")
    return {"code": code or "", "badge": badge, "label": label, "count": number, "cards": cards, "more": more}


def _card(kind: RecordType, view: KanbanView, row: dict[str, Any]) -> dict[str, Any]:
    if view.template:
        body = part(view.template, row=row, kind=kind)
        return {"id": row["id"], "version": row["version"], "title": row.get(kind.title or "id"), "body": body}
    names = [n for n in view.card if n in kind.fields and n not in (kind.title, kind.number)]
    facts = [cells.quiet(kind.fields[n], row[n]) for n in names if row.get(n) not in (None, "", [])]
    number = row.get(kind.number) if kind.number else None
    return {
        "id": row["id"],
        "version": row["version"],
        "title": row.get(kind.title or "id"),
        "number": number,
        "facts": facts,
        "body": None,
    }


def ask(key: str, record_id: int) -> Any:
    """The other lanes to choose from, for people who do not drag."""
    kind = kind_of(key)
    view = view_of(kind, lanes_field(kind, request.args.get("by")))
    record = service.get(kind.model, record_id)
    current = getattr(record, kind.fields[view.field].attr)
    lanes = [(code, str(choice.label)) for code, choice in lanes_of(kind, view) if code != current]
    label = gettext("Move to")
    crumbs = [(str(kind.plural), f"/r/{key}?as=board"), (label, None)]
    context = {
        "title": label,
        "kind": kind,
        "record": record,
        "lanes": lanes,
        "by": view.field,
        "crumbs": crumbs,
        "here": safe_next(request.args.get("here"), f"/r/{key}?as=board"),
    }
    if wants_fragment():
        return render_template("web/_move.html", **context)
    return render_template("web/ask.html", ask_template="web/_move.html", **context)


def move(key: str) -> Any:
    """Move a card; by script as JSON, by menu with a redirect."""
    kind = kind_of(key)
    view = view_of(kind, lanes_field(kind, request.form.get("by")))
    record = service.get(kind.model, request.form.get("id", 0, type=int))
    target = request.form.get("to", "")
    lanes = dict(lanes_of(kind, view))
    if target not in lanes:
        raise NotFound()
    if request.form.get("version", type=int) != record.version:
        raise Stale()
    if not service.may(record, "update"):
        raise Forbidden(detail={"record": key, "action": "update"})
    if view.move is not None:
        view.move(record, target)
    else:
        try:
            service.update(record, {view.field: target})
        except Invalid as error:
            raise Invalid(error.errors, str(error)) from None
    title, version = caption_of(kind, record.id), record.version
    commit()
    forget_counts()
    message = gettext("%(name)s is now %(state)s", name=title, state=str(lanes[target].label))
    if request.headers.get("Accept", "").startswith("application/json"):
        fresh = service.get(kind.model, record.id) if record in db.session else record
        return jsonify(message=message, version=fresh.version or version)
    say(message)
    return done(safe_next(request.form.get("here"), f"/r/{key}?as=board"))


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/move", "ask_move", ask)
    web.add_url_rule("/r/<key>/-/move", "move", move, methods=["POST"])
