"""Addresses of one person's desk: stars, recent records, the list they came from, drafts, one step back, the bin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.datastructures import MultiDict

from core.clock import now, today
from core.db import db
from core.desk import bin as recycle
from core.desk import drafts, marks
from core.errors import BadRequest, NotFound, ZhianError
from core.i18n import _, gettext, ngettext
from core.records import service, undoing
from core.records.dump import labels
from core.records.neighbours import neighbours
from core.records.query import Filter
from core.web import format as fmt
from core.web.facts import caption_of
from core.web.lifecycle import commit, done
from core.web.listing import kind_of
from core.web.liststate import PAGE_SIZE, ListState, read_state
from core.web.security import safe_next
from core.web.shell import registry
from core.web.toasts import say


def page() -> Any:
    """`/desk`: favourites, recent records and drafts."""
    return render_template(
        "web/desk/desk.html",
        title=gettext("My desk"),
        crumbs=[(gettext("My desk"), None)],
        starred=marks.marked(marks.favourites, marks.MOST_FAVOURITES),
        opened=marks.marked(marks.recents, marks.MOST_RECENT),
        drafts=[_draft_row(place, at) for place, at in drafts.mine()],
    )


def _draft_row(place: drafts.Place, at: Any) -> dict[str, Any]:
    base = f"/r/{place.kind.key}"
    if place.ident is None:
        href = f"{base}/new" + (f"?{urlsplit(place.address).query}" if "?" in place.address else "")
        label = gettext("New %(record)s", record=str(place.kind.label))
    else:
        href = f"{base}/{place.ident}" + ("" if place.note else "/edit")
        named = {"name": caption_of(place.kind, place.ident)}
        label = gettext("Comment on %(name)s", **named) if place.note else gettext("Edit %(name)s", **named)
    return {"label": label, "href": href, "icon": place.kind.icon, "time": fmt.instant(at), "place": place.address}


def star(key: str, record_id: int) -> Any:
    """Put a star on a record, or take it off."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    if request.form.get("off"):
        marks.unmark(marks.favourites, key, record.id)
    else:
        marks.mark(marks.favourites, key, record.id)
    return done(f"/r/{key}/{record_id}")


def opened() -> Any:
    """A page of a record was opened in the browser."""
    kind = kind_of(request.form.get("key", ""))
    record = service.get(kind.model, request.form.get("id", type=int) or 0)
    marks.mark(marks.recents, kind.key, record.id)
    commit()
    return Response("", 204)


def came_from() -> Any:
    """The list whose row somebody is following, under a token of their browser."""
    kind = kind_of(request.form.get("key", ""))
    marks.keep_trail(request.form.get("token", ""), kind.key, request.form.get("address", ""))
    commit()
    return Response("", 204)


def beside(key: str, record_id: int) -> Any:
    """Previous and next record of the list that the token names: `{before, after, list}`, each an address or null."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    token = request.args.get("list", "")
    address = marks.trail(token, key)
    if address is None:
        raise NotFound()
    state = _list_state(kind, address, record)
    found = neighbours(kind.model, state.query(), record.id)
    links = [f"/r/{key}/{ident}?list={token}" if ident else None for ident in found]
    at = request.args.get("at", type=int)
    turned = address if at is None or state.group or state.shown_as != "list" else _page_with(address, at)
    return jsonify(before=links[0], after=links[1], list=turned)


def _list_state(kind: Any, address: str, record: Any) -> ListState:
    """The list as it was shown: one without any state may have given way to all; in a grouped one, the own group."""
    view = registry().view("list", kind.key)
    args = MultiDict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    state = read_state(kind, view, args)
    names = state.group.split(",") if isinstance(state.group, str) else list(state.group)
    specs = [kind.fields[name] for name in names if name in kind.fields]
    within = [(spec, getattr(record, spec.attr)) for spec in specs if spec.kind in ("choice", "link", "boolean")]
    if not within:
        return state
    more = [Filter(s.name, "isnull", "1") if value is None else Filter(s.name, "eq", value) for s, value in within]
    return replace(state, filters=(*state.filters, *more))


def _page_with(address: str, at: int) -> str:
    """The list at the page on which the row with this number stands."""
    parts = urlsplit(address)
    pairs = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != "page"]
    number = max(at - 1, 0) // PAGE_SIZE + 1
    query = urlencode([*pairs, *([("page", str(number))] if number > 1 else [])])
    return f"{parts.path}?{query}" if query else parts.path


def draft_of(address: str) -> dict[str, Any] | None:
    """What a form says of a draft that the person left: when, and whether the record was changed since."""
    try:
        found = drafts.kept_at(drafts.place_of(address))
    except ZhianError:
        return None
    if found is None:
        return None
    at, moved = found
    fresh = fmt.local_day(at) == today()
    return {"place": address, "time": fmt.clock_time(at) if fresh else fmt.instant(at), "moved": moved}


def keep_draft() -> Any:
    """Keep what was typed, every two seconds while somebody types."""
    place = _own_place(request.form)
    try:
        data = json.loads(request.form.get("data", ""))
    except ValueError:
        raise BadRequest(_("A draft is the inputs of a form.")) from None
    drafts.keep(place, data, request.form.get("version", type=int))
    commit()
    return Response("", 204)


def read_draft() -> Any:
    """What was typed, to be taken over: `{data: {input: [values]}}`."""
    data = drafts.read(_own_place(request.args))
    if data is None:
        raise NotFound()
    return jsonify(data=data)


def drop_draft() -> Any:
    """Throw a draft away."""
    address = request.form.get("place", "")
    drafts.drop(address)
    if request.form.get("back"):
        return done(safe_next(request.form.get("back"), "/desk"))
    commit()
    return Response("", 204)


def _own_place(given: Mapping[str, str]) -> drafts.Place:
    place = drafts.place_of(given.get("place", ""))
    if not drafts.may_use(place):
        raise NotFound()
    return place


def undo(token: str) -> Any:
    """Take back what the message said."""
    try:
        result = undoing.undo(token)
        commit()
    except ZhianError as error:
        db.session.rollback()
        say(str(error), "overdue")
        return done(_back())
    if result.kept:
        more = ngettext("%(n)s was changed since and stays.", "%(n)s were changed since and stay.", len(result.kept))
        why = result.kept[0][2] if len(result.kept) == 1 else more
        say(gettext("Not taken back: %(why)s", why=why), "today")
    else:
        say(gettext("Taken back: %(what)s", what=result.label))
    return done(_back(result))


def _back(result: undoing.Undone | None = None) -> str:
    """To where the message stood; a record that came back is shown itself."""
    parts = urlsplit(request.headers.get("Referer", ""))
    here = parts.path + (f"?{parts.query}" if parts.query else "") if parts.netloc == request.host else "/"
    gone = result is not None and len(result.done) == 1 and here == f"/r/{result.done[0][0]}"
    return f"/r/{result.done[0][0]}/{result.done[0][1]}" if gone and result else safe_next(here)


def recycle_bin() -> Any:
    """`/bin`: what was deleted within thirty days, of what the person could see and delete."""
    rows = recycle.entries(request.args.get("before", type=int))
    people = labels("core.user", {row.user_id for row in rows})
    types = registry().types
    return render_template(
        "web/desk/bin.html",
        title=gettext("Recycle bin"),
        crumbs=[(gettext("Recycle bin"), None)],
        rows=[
            {
                "id": row.id,
                "title": row.title,
                "kind": str(types[row.record_key].label),
                "icon": types[row.record_key].icon,
                "hung": row.hung,
                "who": people.get(row.user_id) or gettext("system"),
                "time": fmt.instant(row.at),
                "left": (row.at + recycle.KEPT_FOR - now()).days,
            }
            for row in rows
        ],
        more=f"/bin?before={rows[-1].id}" if len(rows) == 50 else None,
    )


def bring_back(bin_id: int) -> Any:
    """Restore one deleted record."""
    record = recycle.restore(bin_id)
    say(gettext("%(name)s is back", name=record.called))
    commit()
    shown = record.__record__["key"] if registry().types[record.__record__["key"]].public else None
    return done(f"/r/{shown}/{record.id}" if shown and not shown.startswith("core.") else "/bin")


def remove(key: str, record_id: int) -> Any:
    """Delete a record, with the way back in the message."""
    kind = kind_of(key, "delete")
    record = service.get(kind.model, record_id)
    if kind.archive:
        raise NotFound()
    title = caption_of(kind, record.id)
    number = service.delete(record)
    steps = [undoing.bin_step(number)] if number else []
    token = undoing.keep(title, steps)
    said = gettext("%(name)s is deleted", name=title)
    say(said, "done", gettext("Undo") if token else None, f"/undo/{token}" if token else None)
    return done(f"/r/{key}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/desk", "desk", page)
    web.add_url_rule("/desk/opened", "opened", opened, methods=["POST"])
    web.add_url_rule("/desk/list", "came_from", came_from, methods=["POST"])
    web.add_url_rule("/desk/draft", "read_draft", read_draft)
    web.add_url_rule("/desk/draft", "keep_draft", keep_draft, methods=["POST"])
    web.add_url_rule("/desk/draft/drop", "drop_draft", drop_draft, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/star", "star", star, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/beside", "beside", beside)
    web.add_url_rule("/r/<key>/<int:record_id>/-/delete", "remove", remove, methods=["POST"])
    web.add_url_rule("/undo/<token>", "undo", undo, methods=["POST"])
    web.add_url_rule("/bin", "bin", recycle_bin)
    web.add_url_rule("/bin/<int:bin_id>", "bring_back", bring_back, methods=["POST"])
