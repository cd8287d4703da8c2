"""`/settings/client-data`: who runs the system opens client data to themself for four hours, and closes them again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from core.clock import local, now
from core.db import db
from core.errors import Forbidden, Invalid
from core.i18n import _, gettext
from core.identity.proof import require_proof
from core.permissions import glass
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.web.lifecycle import done
from core.web.rights.words import crumbs
from core.web.settings_items import glass_concerns
from core.web.toasts import say


def page() -> Any:
    """What it means, the form, and what was opened lately."""
    return _page("", {})


def _page(reason: str, errors: dict[str, str]) -> Any:
    me = current_principal()
    if not glass_concerns(me):
        raise Forbidden(_("Client data are opened this way only to who runs or configures the system."))
    every = me.can("core.wall", "read")
    title = gettext("Open client data")
    made = render_template(
        "web/rights/client_data.html",
        title=title,
        crumbs=crumbs(title),
        may=glass.may_break(me),
        until=_time(until) if (until := glass.open_until(me)) else None,
        hours=glass.HOURS,
        rows=[_row(row) for row in glass.openings() if every or row.user_id == me.user_id],
        reason=reason,
        errors=errors,
    )
    return (made, 422) if errors else made


def _row(row: Any) -> dict[str, Any]:
    return {
        "who": row.name,
        "reason": row.reason,
        "from": _time(row.created_at),
        "until": _time(row.ends_at),
        "now": row.ends_at > now(),
    }


def _time(moment: Any) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"


def open_it() -> Any:
    """For a reason, after a fresh proof."""
    require_proof()
    reason = request.form.get("reason", "")
    try:
        glass.break_glass(reason)
    except Invalid as error:
        db.session.rollback()
        return _page(reason, {e.field: str(e.message) for e in error.errors})
    forget(current_principal().user_id)
    say(gettext("Client data are open to you. Those who watch over it have been told."))
    return done("/")


def close() -> Any:
    """Closed from now on."""
    glass.end_glass()
    forget(current_principal().user_id)
    say(gettext("Client data are closed again"))
    return done("/settings/client-data" if glass.may_break(current_principal()) else "/")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/client-data", "client_data", page)
    web.add_url_rule("/settings/client-data", "open_client_data", open_it, methods=["POST"])
    web.add_url_rule("/settings/client-data/end", "close_client_data", close, methods=["POST"])
