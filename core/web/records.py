"""Addresses of records: `/r/<key>` and what lies below it. The work is in their own files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from core.i18n import gettext
from core.records.dump import labels
from core.records.query import Query, list_records
from core.web import (
    actions,
    board,
    comments,
    copying,
    detail,
    files,
    forms,
    inline,
    listing,
    listtools,
    peek,
    previews,
    quick,
    views,
)
from core.web.liststate import readable

PICK_LIMIT = 12


def pick(key: str) -> Any:
    """Records for a link field as one types, or the one with this id: `{data: [{id, label, note}], none}`."""
    kind = listing.kind_of(key)
    if ident := request.args.get("id", type=int):
        label = labels(key, [ident]).get(ident)
        return jsonify(data=[{"id": ident, "label": label, "note": ""}] if label else [])
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
    web.add_url_rule("/r/<key>/-/pick", "pick", pick)
    of_lists = (views, listtools, board)
    of_one = (forms, detail, comments, copying, inline, peek, actions, files, previews, quick)
    for module in (*of_lists, *of_one):
        module.register(web)
