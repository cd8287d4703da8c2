"""`/settings/deputies`: who stands in for whom, now and later; naming somebody, and ending it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, render_template, request

from core.clock import today
from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _, gettext
from core.permissions import deputies
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.records.dump import labels
from core.web.lifecycle import done
from core.web.rights.words import crumbs
from core.web.toasts import say


def page() -> Any:
    """The page."""
    return _page({"user": str(current_principal().user_id), "starts_on": today().isoformat()}, {})


def _page(values: dict[str, Any], errors: dict[str, str]) -> Any:
    me = current_principal()
    every = me.can("core.deputy", "create")
    found = deputies.deputies_of(None if every else me.user_id)
    names = labels("core.user", {i for row in found for i in (row.user_id, row.deputy_id)} | _chosen(values))
    rows = [_row(row, names) for row in found]
    title = gettext("Deputies")
    made = render_template(
        "web/rights/deputies.html",
        title=title,
        crumbs=crumbs(title),
        mine=[r for r in rows if r["away_id"] == me.user_id],
        others=[r for r in rows if r["deputy_id"] == me.user_id],
        all=[r for r in rows if me.user_id not in (r["away_id"], r["deputy_id"])],
        every=every,
        values=values,
        shown={n: names.get(int(values[n])) if str(values.get(n) or "").isdigit() else "" for n in ("user", "deputy")},
        errors=errors,
    )
    return (made, 422) if errors else made


def _chosen(values: dict[str, Any]) -> set[int]:
    return {int(values[n]) for n in ("user", "deputy") if str(values.get(n) or "").isdigit()}


def _row(row: Any, names: dict[int, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "away_id": row.user_id,
        "deputy_id": row.deputy_id,
        "away": names.get(row.user_id, ""),
        "deputy": names.get(row.deputy_id, ""),
        "starts": row.starts_on.isoformat(),
        "ends": row.ends_on.isoformat(),
        "now": row.starts_on <= today() <= row.ends_on,
        "note": row.note,
    }


def name_one() -> Any:
    """Name a deputy."""
    form = request.form
    try:
        deputies.name_deputy(
            _id(form.get("user"), "user"),
            _id(form.get("deputy"), "deputy"),
            _day(form.get("starts_on", ""), "starts_on"),
            _day(form.get("ends_on", ""), "ends_on"),
            form.get("note"),
        )
    except Invalid as error:
        db.session.rollback()
        return _page(form.to_dict(), {e.field: str(e.message) for e in error.errors})
    forget()
    say(gettext("The deputy is named and told"))
    return done("/settings/deputies")


def _id(text: str | None, name: str) -> int:
    if not str(text or "").isdigit():
        raise Invalid([FieldError(name, "required", _("Choose a colleague who can sign in."))])
    return int(str(text))


def _day(text: str, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError(name, "date", _("Write the day as 2026-12-14."))]) from None


def end(ident: int) -> Any:
    """It ends now."""
    deputies.end_deputy(ident)
    forget()
    say(gettext("That has ended"))
    return done("/settings/deputies")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/deputies", "deputies", page)
    web.add_url_rule("/settings/deputies", "name_deputy", name_one, methods=["POST"])
    web.add_url_rule("/settings/deputies/<int:ident>/end", "end_deputy", end, methods=["POST"])
