"""Ctrl-K and `/find`: records by number, name, pinyin and what belongs to them, plugins' own places, commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup, escape

from core.contributions import SearchSource
from core.errors import NotFound
from core.i18n import gettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.registry import Action, RecordType
from core.search import finding
from core.search.pinyin import heard
from core.search.words import BETWEEN, normal
from core.web import shell
from core.web.commands import Command, commands
from core.web.lifecycle import wants_fragment

PER_TYPE, ON_PAGE = 5, 10
LONGEST = 100


def find() -> Any:
    """Results for the palette, or as a page; with `act` records on which a step is to be taken."""
    q = request.args.get("q", "").strip()[:LONGEST]
    only, act = request.args.get("in", ""), request.args.get("act", "")
    if only and not act:
        return _one_type(q, _kind(only))
    kind, action = _step(act)
    groups = _groups(q, kind, action, PER_TYPE if wants_fragment() else ON_PAGE)
    if wants_fragment():
        return render_template("web/_found.html", q=q, groups=groups, act=act, palette=True)
    hits = [hit for g in groups if not g.get("commands") for hit in g["hits"]]
    if len(hits) == 1 and q and not any(g.get("all") and g["more"] for g in groups):
        return redirect(hits[0]["href"])
    title = str(action.label) if action else gettext("Search")
    return render_template("web/find.html", title=title, crumbs=[(title, None)], q=q, groups=groups, act=act)


def _step(act: str) -> tuple[RecordType | None, Action | None]:
    """The type and action of a step; raises `NotFound`."""
    if not act:
        return None, None
    key, _slash, code = act.partition("/")
    action = shell.registry().actions.get(key, {}).get(code)
    if action is None or not access().can(current_principal(), key, code):
        raise NotFound()
    return _kind(key), action


def _kind(key: str) -> RecordType:
    kind = shell.registry().types.get(key)
    if kind is None or not kind.public or not access().can(current_principal(), key, "read"):
        raise NotFound()
    return kind


def _groups(q: str, kind: RecordType | None, action: Action | None, per_type: int) -> list[dict[str, Any]]:
    if kind is not None and action is not None:
        found = finding.find(q, per_type, [kind.key]) if q else []
        return [_group(group, q, action) for group in found]
    orders = [_order(command, q) for command in commands(q)]
    last = [{"label": gettext("Commands"), "hits": orders, "commands": True}] if orders else []
    if not q:
        return last
    groups = [_group(group, q) for group in finding.find(q, per_type)]
    groups += [group for group in map(_source(q), shell.registry().searches) if group["hits"]]
    return [*groups, *last]


def _one_type(q: str, kind: RecordType) -> Any:
    """All hits of one type, page by page."""
    asked = request.args.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1
    group = finding.page_of(kind, q, max(1, page))
    base = f"/find?q={quote(q)}&in={kind.key}&page="
    pager = {"before": f"{base}{page - 1}" if page > 1 else None, "after": f"{base}{page + 1}" if group.more else None}
    shown = _group(group, q) | {"more": False}
    groups = [shown] if group.hits else []
    crumbs = [(gettext("Search"), f"/find?q={quote(q)}"), (str(kind.plural), None)]
    return render_template(
        "web/find.html", title=str(kind.plural), crumbs=crumbs, q=q, groups=groups, pager=pager, only=kind.key, act=""
    )


def _group(group: finding.Group, q: str, action: Action | None = None) -> dict[str, Any]:
    kind = group.kind
    return {
        "label": str(kind.plural),
        "hits": [_hit(hit, q, action) for hit in group.hits],
        "more": group.more,
        "all": None if action else f"/find?q={quote(q)}&in={kind.key}",
        "list": None if action or ("list", kind.key) not in shell.registry().views else _list(kind, q),
    }


def _list(kind: RecordType, q: str) -> str:
    return f"/r/{kind.key}?view=-&q={quote(q)}"


def _hit(hit: finding.Found, q: str, action: Action | None) -> dict[str, Any]:
    step = f"/-/do/{action.code}" if action else ""
    return {
        "href": f"/r/{hit.kind.key}/{hit.id}{step}",
        "icon": hit.kind.icon,
        "label": marked(hit.title, q),
        "number": marked(hit.number, q),
        "note": hit.note,
        "because": marked(_around(hit.because, q), q),
    }


def _order(command: Command, q: str) -> dict[str, Any]:
    return {
        "href": command.href,
        "icon": command.icon,
        "label": marked(command.label, q),
        "number": "",
        "note": command.note,
        "because": "",
        "scope": command.scope,
        "name": command.label,
    }


def marked(text: str, q: str) -> Markup:
    """The text with the parts that were looked for in `mark`: words, initials, pinyin, a number without its signs."""
    places = sorted(_places(text, q)) if text else []
    pieces, end = [], 0
    for start, stop in places:
        if start >= end:
            pieces += [escape(text[end:start]), Markup("<mark>"), escape(text[start:stop]), Markup("</mark>")]
            end = stop
    return Markup("").join([*pieces, escape(text[end:])])


def _places(text: str, q: str) -> list[tuple[int, int]]:
    plain = normal(text)
    if len(plain) != len(text):
        return []
    found = []
    for word in normal(q).split():
        start = plain.find(word)
        place = (start, start + len(word)) if start >= 0 else None
        if place is None and len(word) > 1 and word.isascii() and word.isalpha():
            place = heard(plain, word)
        found += [place] if place else []
    return found or _number_place(plain, BETWEEN.sub("", normal(q)))


def _number_place(plain: str, compact: str) -> list[tuple[int, int]]:
    """Where a number stands whose separators were typed in another way."""
    where = [n for n, c in enumerate(plain) if c.isascii() and c.isalnum()]
    start = "".join(plain[n] for n in where).find(compact) if len(compact) > 2 else -1
    return [(where[start], where[start + len(compact) - 1] + 1)] if start >= 0 else []


def _around(text: str, q: str, room: int = 24) -> str:
    """A long text where it was found."""
    places = _places(text, q) if len(text) > 2 * room else []
    start = max(0, min(start for start, _stop in places) - room) if places else 0
    cut = text[start : start + 4 * room]
    return f"{'…' if start else ''}{cut}{'…' if start + len(cut) < len(text) else ''}"


def _source(q: str) -> Callable[[tuple[str, SearchSource]], dict[str, Any]]:
    """Asks one plugin's own place; one that fails finds nothing."""
    principal, hooks = current_principal(), shell.registry().hooks

    def ask(given: tuple[str, SearchSource]) -> dict[str, Any]:
        plugin, source = given
        allowed = source.permission is None or principal.can(*source.permission)
        look = partial(_looked, source, q)
        hits = hooks.isolated(plugin, f"search {source.key}", look, []) if allowed else []
        return {"label": str(source.label), "hits": hits, "more": False}

    return ask


def _looked(source: SearchSource, q: str) -> list[dict[str, Any]]:
    return [asdict(hit) | {"label": marked(hit.label, q)} for hit in islice(source.find(q, PER_TYPE), PER_TYPE)]


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/find", "find", find)
