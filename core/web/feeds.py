"""Calendar feeds: the public, secret addresses that calendar programs read, and the page where a person makes them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select

from core.db import db, write_intent
from core.errors import NotFound
from core.feeds import ics, reading
from core.i18n import gettext, set_locale
from core.permissions.people import load_principal
from core.permissions.principal import current_principal, set_principal
from core.records.query import Query
from core.registry import registry
from core.saved.model import SHARED, SavedView
from core.web.lifecycle import OPEN_ENDPOINTS, commit, done
from core.web.liststate import read_state
from core.web.month import view_of
from core.web.toasts import say

LONGEST = 60


def feed(token: str) -> Response:
    """The calendar of an address, with its owner's rights of now; one that was ended is not there."""
    known = reading.by_token(token) if len(token) <= LONGEST else None
    owner = load_principal(known.user_id) if known is not None else None
    if known is None or owner is None or owner.realm != "staff":
        raise NotFound()
    set_principal(owner)
    set_locale(owner.locale)
    host = request.host_url.rstrip("/")
    events = _of_view(known.view_id, host) if known.view_id else reading.own_events(host)
    body = ics.calendar(known.name, sorted(events, key=lambda event: (event.day, event.uid)))
    db.session.rollback()
    if not reading.noted(known):
        write_intent.set(True)
        reading.note(known)
    return _answer(body)


def _answer(body: bytes) -> Response:
    answer = Response(body, content_type="text/calendar; charset=utf-8")
    answer.set_etag(hashlib.sha256(body).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'attachment; filename="zhian.ics"'
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer.make_conditional(request)


def _of_view(view_id: int, host: str) -> Any:
    """The rows of a saved view that its reader still sees, by the day field of its calendar."""
    view = db.session.scalars(select(SavedView).where(SavedView.id == view_id)).first()
    kind = registry().types.get(view.record) if view is not None else None
    if view is None or kind is None or not current_principal().can(kind.key, "read"):
        raise NotFound()
    state = read_state(kind, registry().view("list", kind.key), reading.arguments(f"{view.query or ''}&view=-"))
    day = view_of(state).date
    wanted: Query = state.query(limit=reading.MOST_EVENTS, page=1, sort=(day,))
    wanted = replace(wanted, filters=(*wanted.filters, *reading.window(day)))
    return reading.events_of(kind, day, wanted, host, "")


def page(fresh: str = "", status: int = 200) -> Any:
    """`/settings/me/calendar`: one's addresses; a new one is shown whole once."""
    views = db.session.scalars(select(SavedView).where(SavedView.visibility.in_(("private", *SHARED)))).all()
    usable = [view for view in views if _has_days(view)]
    title = gettext("Calendar subscriptions")
    crumbs = [(gettext("Settings"), "/settings"), (gettext("My account"), "/settings/me"), (title, None)]
    shown = {view.id: view.name for view in usable}
    return render_template(
        "web/feeds.html", title=title, crumbs=crumbs, feeds=reading.mine(), views=shown, fresh=fresh
    ), status


def _has_days(view: SavedView) -> bool:
    kind = registry().types.get(view.record)
    return kind is not None and any(spec.kind in ("date", "datetime") for spec in kind.fields.values())


def make() -> Any:
    """A new address, of one's own dates or of a view that one sees."""
    given = request.form.get("view", "")
    view = None
    if given:
        ident = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0
        view = db.session.scalars(select(SavedView).where(SavedView.id == ident)).first()
        if view is None:
            raise NotFound()
    name = view.name if view is not None else gettext("My dates in Zhian")
    token = reading.make(name, view.id if view is not None else None)
    commit()
    return page(f"{request.host_url}feeds/{token}.ics", 201)


def end(feed_id: int) -> Any:
    """Take an address back; who reads it sees nothing from now on."""
    reading.end(feed_id)
    say(gettext("The calendar address is ended"))
    return done("/settings/me/calendar")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/feeds/<token>.ics", "calendar_feed", feed)
    web.add_url_rule("/settings/me/calendar", "calendar_feeds", page)
    web.add_url_rule("/settings/me/calendar", "make_calendar_feed", make, methods=["POST"])
    web.add_url_rule("/settings/me/calendar/<int:feed_id>/end", "end_calendar_feed", end, methods=["POST"])
    OPEN_ENDPOINTS.add("web.calendar_feed")
