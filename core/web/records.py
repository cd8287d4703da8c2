"""Addresses of records: `/r/<key>` and what lies below it. The work is in their own files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request
from werkzeug.datastructures import MultiDict

from core.i18n import gettext
from core.records.query import Query, list_records
from core.web import actions, board, chips, detail, files, forms, inline, listing, month, peek
from core.web.liststate import read_state, readable
from core.web.shell import registry

PICK_LIMIT = 12


def page(key: str) -> Any:
    """`/r/<key>`: list, board or calendar."""
    state = listing.state_of(key)
    if state.shown_as == "board" and registry().view("kanban", key):
        return board.board(state)
    if state.shown_as == "calendar" and registry().view("calendar", key):
        return month.month(state)
    return listing.show(state)


def filter_form(key: str) -> Any:
    """The small form that adds a condition."""
    state = listing.state_of(key)
    return render_template(
        "web/_filter.html", kind=state.kind, fields=chips.filterable(state), kept=list(request.args.items(multi=True))
    )


def filter_add(key: str) -> Any:
    """Turns the form into the address with one more condition."""
    kept = MultiDict([(k, v) for k, v in request.args.items(multi=True) if not k.startswith("_") and k != "page"])
    kind = listing.kind_of(key)
    state = read_state(kind, registry().view("list", key), kept)
    return redirect(
        chips.with_filter(
            state, request.args.get("_field", ""), request.args.get("_op", ""), request.args.getlist("_value")
        ),
        303,
    )


def columns_form(key: str) -> Any:
    """The small form that chooses columns."""
    state = listing.state_of(key)
    chosen = {c.key for c in state.columns()}
    offered = state.offered_columns()
    order = {c.key: i for i, c in enumerate(state.columns())}
    offered.sort(key=lambda c: order.get(c.key, 99))
    labelled = [
        {
            "key": c.key,
            "label": str(c.label or (state.kind.fields[c.key].label if c.key in state.kind.fields else c.key)),
        }
        for c in offered
    ]
    kept = [(k, v) for k, v in request.args.items(multi=True) if k not in ("cols", "page")]
    return render_template("web/_columns.html", kind=state.kind, columns=labelled, chosen=chosen, kept=kept)


def pick(key: str) -> Any:
    """Records for a link field as one types: `{data: [{id, label, note}], none}`."""
    kind = listing.kind_of(key)
    names = tuple(n for n in (kind.title, kind.number, kind.secondary) if readable(kind, n))
    found = list_records(
        kind.model, Query(q=request.args.get("q", "").strip()[:100], fields=names, limit=PICK_LIMIT, page=1)
    )
    rows = [{"id": row["id"], **_naming(row, names)} for row in found.rows]
    return jsonify(data=rows, none=gettext("Nothing found"))


def _naming(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    texts = [str(row[n]) for n in names if row.get(n) not in (None, "") and not isinstance(row[n], int)]
    return {"label": texts[0] if texts else f"#{row['id']}", "note": texts[1] if len(texts) > 1 else ""}


def register(web: Blueprint) -> None:
    """The routes of this file and of those that it leads to."""
    web.add_url_rule("/r/<key>", "records", page)
    web.add_url_rule("/r/<key>/-/filter", "filter_form", filter_form)
    web.add_url_rule("/r/<key>/-/filter/add", "filter_add", filter_add)
    web.add_url_rule("/r/<key>/-/columns", "columns_form", columns_form)
    web.add_url_rule("/r/<key>/-/pick", "pick", pick)
    for module in (forms, detail, inline, peek, actions, files, board):
        module.register(web)
