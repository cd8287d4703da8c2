"""Saved views over lists: their own short address, keeping, renaming, sharing, deleting. What a view is: core.saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g, render_template, request

from core.db import db
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import gettext
from core.permissions.org import Department
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.query import Query, list_records
from core.registry import RecordType
from core.saved.model import LAYOUT, SHARED, VISIBILITY, SavedView
from core.web import board, listing, month
from core.web.known import address_of, forget_views
from core.web.lifecycle import commit, done, wants_fragment
from core.web.liststate import ListState, state_at
from core.web.rights.words import role_word
from core.web.security import safe_next
from core.web.toasts import say


def show(state: ListState) -> Any:
    """The list in the way that its address names: table, board or calendar."""
    if state.shown_as == "board" and listing.lanes_offered(state.kind):
        return board.board(state)
    if state.shown_as == "calendar" and listing.days_offered(state.kind):
        return month.month(state)
    return listing.show(state)


def page(key: str) -> Any:
    """`/r/<key>`: list, board or calendar."""
    return show(listing.state_of(key))


def open_view(name: str) -> Any:
    """`/v/<id>-<slug>`: the list as it was saved, with what its reader may see."""
    number = name.partition("-")[0]
    if not number.isdigit() or len(number) > 17:
        raise NotFound()
    view = service.get(SavedView, int(number))
    if view.visibility == LAYOUT:
        raise NotFound()
    g.stands_for = f"/r/{view.record}"
    return show(state_at(listing.kind_of(view.record), request.full_path))


def ask_new(key: str) -> Any:
    """The dialog that keeps the state of a list as a view."""
    kind = listing.kind_of(key)
    values = {"name": "", "visibility": "private", "role": "", "department": None, "is_default": False}
    return _dialog(kind, None, values, {}, safe_next(request.args.get("here"), f"/r/{key}"))


def ask(ident: int) -> Any:
    """The dialog that renames or shares a view."""
    view = service.get(SavedView, ident)
    values = {n: getattr(view, n) for n in ("name", "visibility", "role", "is_default")}
    return _dialog(listing.kind_of(view.record), view, values | {"department": view.department_id}, {}, "")


def create(key: str) -> Any:
    """Keep the state of the list as a new view."""
    kind = listing.kind_of(key)
    here = safe_next(request.form.get("here"), f"/r/{key}")
    values = _given()
    state = state_at(kind, here)
    try:
        view = service.create(SavedView, values | {"record": key, "query": _kept(state)})
    except Invalid as error:
        return _again(kind, None, values, error, here)
    return _stored(view, gettext("The view “%(name)s” is saved", name=view.name))


def _kept(state: ListState) -> str:
    """The state with the columns that the person sees, also where they were chosen earlier."""
    return state.stored() if state.cols else replace(state, cols=state.chosen).stored()


def change(ident: int) -> Any:
    """Rename or share a view, or keep the present state in it."""
    view = service.get(SavedView, ident)
    kind = listing.kind_of(view.record)
    if request.form.get("do") == "keep":
        state = state_at(kind, safe_next(request.form.get("here"), f"/r/{view.record}"))
        service.update(view, {"query": state.stored()})
        return _stored(view, gettext("The view “%(name)s” shows this now", name=view.name))
    values = _given()
    try:
        service.update(view, values)
    except Invalid as error:
        return _again(kind, ident, values, error, "")
    return _stored(view, gettext("The view “%(name)s” is saved", name=view.name))


def delete(ident: int) -> Any:
    """Take a view away; the records stay."""
    view = service.get(SavedView, ident)
    key, name = view.record, view.name
    service.delete(view)
    say(gettext("The view “%(name)s” is deleted. Its records stay.", name=name))
    return done(f"/r/{key}")


def _given() -> dict[str, Any]:
    form = request.form
    visibility = form.get("visibility", "private")
    return {
        "name": form.get("name", "").strip(),
        "visibility": visibility if visibility in {c.code for c in VISIBILITY} - {LAYOUT} else "private",
        "role": (form.get("role") or None) if visibility == "role" else None,
        "department": form.get("department", type=int) if visibility == "department" else None,
        "is_default": form.get("is_default") == "1",
    }


def _stored(view: SavedView, message: str) -> Any:
    address = address_of(view.id, view.name)
    commit()
    forget_views()
    say(message)
    return done(address)


def _again(kind: RecordType, ident: int | None, values: dict[str, Any], error: Invalid, here: str) -> Any:
    db.session.rollback()
    view = service.get(SavedView, ident) if ident else None
    return _dialog(kind, view, values, {e.field: str(e.message) for e in error.errors}, here), 422


def _dialog(kind: RecordType, view: SavedView | None, values: dict[str, Any], errors: dict[str, str], here: str) -> Any:
    if view is not None and not service.may(view, "update"):
        raise Forbidden(detail={"record": "core.view", "action": "update"})
    title = gettext("Rename or share the view") if view is not None else gettext("Save as a view")
    context = {
        "title": title,
        "kind": kind,
        "view": view,
        "values": values,
        "errors": errors,
        "here": here,
        "choices": [(c.code, str(c.label)) for c in VISIBILITY if c.code != LAYOUT],
        "may_share": current_principal().can("core.view", "share"),
        "shared": SHARED,
        "roles": _roles(),
        "departments": _departments(),
        "target": f"/views/{view.id}" if view is not None else f"/r/{kind.key}/-/views",
        "crumbs": [(str(kind.plural), f"/r/{kind.key}"), (title, None)],
    }
    if wants_fragment():
        return render_template("web/_view.html", **context)
    return render_template("web/ask.html", ask_template="web/_view.html", **context)


def _roles() -> list[tuple[str, str]]:
    found = access().all_roles(current_principal().overlay)
    return sorted(((c, role_word(r, c)) for c, r in found.items() if r.realm == "staff"), key=lambda pair: pair[1])


def _departments() -> list[tuple[int, str]]:
    found = list_records(Department, Query(fields=("name",), limit=200, page=1))
    return [(row["id"], row["name"]) for row in found.rows]


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>", "records", page)
    web.add_url_rule("/v/<name>", "open_saved_view", open_view)
    web.add_url_rule("/r/<key>/-/views/new", "ask_saved_view", ask_new)
    web.add_url_rule("/r/<key>/-/views", "create_saved_view", create, methods=["POST"])
    web.add_url_rule("/views/<int:ident>", "ask_saved_view_change", ask)
    web.add_url_rule("/views/<int:ident>", "change_saved_view", change, methods=["POST"])
    web.add_url_rule("/views/<int:ident>/delete", "delete_saved_view", delete, methods=["POST"])
