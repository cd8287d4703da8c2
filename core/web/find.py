"""Ctrl-K: records by name, number or pinyin initials over all types that the person sees, and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any

from flask import Blueprint, redirect, render_template, request

from core.contributions import SearchSource
from core.errors import BadRequest
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.records.query import Query, list_records
from core.registry import RecordType
from core.web import shell
from core.web.imports import importable
from core.web.lifecycle import wants_fragment
from core.web.liststate import readable

PER_TYPE = 5
FIRST = ("cases.case", "clients.client")


def find() -> Any:
    """Results for the palette, or as a page."""
    q = request.args.get("q", "").strip()[:100]
    groups = [g for g in ([_commands(q)] + ([_records(kind, q) for kind in _searchable()] if q else [])) if g["hits"]]
    if q:
        groups += [group for group in map(_source(q), shell.registry().searches) if group["hits"]]
        groups = groups[1:] + groups[:1] if groups and groups[0].get("commands") else groups
    if wants_fragment():
        return render_template("web/_found.html", q=q, groups=groups)
    only = [hit for g in groups if not g.get("commands") for hit in g["hits"]]
    if len(only) == 1:
        return redirect(only[0]["href"])
    return render_template(
        "web/find.html", title=gettext("Search"), crumbs=[(gettext("Search"), None)], q=q, groups=groups
    )


def _searchable() -> list[RecordType]:
    principal = current_principal()
    shown = dict.fromkeys(m.record for m in shell.registry().menus if m.record)
    kinds = [
        shell.registry().types[k] for k in shown if principal.can(k, "read") and shell.registry().types[k].search_fields
    ]
    return sorted(kinds, key=lambda k: FIRST.index(k.key) if k.key in FIRST else len(FIRST))


def _records(kind: RecordType, q: str) -> dict[str, Any]:
    names = tuple(
        n
        for n in (kind.title, kind.number, kind.secondary)
        if readable(kind, n) and n in kind.fields and kind.fields[n].kind in ("text", "long_text")
    )
    try:
        rows = list_records(kind.model, Query(q=q, fields=names, limit=PER_TYPE, page=1)).rows
    except BadRequest:
        rows = []
    return {"label": str(kind.plural), "hits": [_hit(kind, names, row) for row in rows]}


def _source(q: str) -> Callable[[tuple[str, SearchSource]], dict[str, Any]]:
    """Asks one plugin's own place; one that fails finds nothing."""
    principal, hooks = current_principal(), shell.registry().hooks

    def ask(given: tuple[str, SearchSource]) -> dict[str, Any]:
        plugin, source = given
        allowed = source.permission is None or principal.can(*source.permission)
        look = partial(_looked, source, q)
        hits = hooks.isolated(plugin, f"search {source.key}", look, []) if allowed else []
        return {"label": str(source.label), "hits": hits}

    return ask


def _looked(source: SearchSource, q: str) -> list[dict[str, Any]]:
    return [asdict(hit) for hit in islice(source.find(q, PER_TYPE), PER_TYPE)]


def _hit(kind: RecordType, names: tuple[str, ...], row: dict[str, Any]) -> dict[str, Any]:
    texts = [str(row[n]) for n in names if row.get(n)]
    return {
        "href": f"/r/{kind.key}/{row['id']}",
        "icon": kind.icon,
        "label": texts[0] if texts else f"{kind.label} {row['id']}",
        "note": texts[1] if len(texts) > 1 else "",
    }


def _commands(q: str) -> dict[str, Any]:
    wanted = q.lower()
    found = [
        {"href": c["href"], "icon": c["icon"], "label": gettext("New %(record)s", record=c["label"]), "note": ""}
        for c in shell.creatable()
    ]
    for group in shell.menu_groups():
        found += [
            {"href": i["url"], "icon": i["icon"], "label": i["label"], "note": gettext("Go to")} for i in group["items"]
        ]
    if importable():
        found.append({"href": "/import", "icon": "upload", "label": gettext("Import a sheet"), "note": ""})
    found.append({"href": "/settings", "icon": "settings", "label": gettext("Settings"), "note": gettext("Go to")})
    hits = [c for c in found if wanted in c["label"].lower()]
    return {"label": gettext("Commands"), "hits": hits[: 5 if q else 14], "commands": True}


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/find", "find", find)
