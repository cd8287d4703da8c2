"""`/settings/people/<id>/leave`: what still names a person, who takes it over, and the end of their access."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from core.db import db
from core.errors import Forbidden, Invalid
from core.i18n import gettext, ngettext
from core.permissions import leaving
from core.permissions.org import User
from core.permissions.people import forget
from core.permissions.principal import current_principal
from core.records import service
from core.records.dump import labels
from core.web.lifecycle import done
from core.web.rights.words import crumbs
from core.web.toasts import say


def page(user_id: int) -> Any:
    """What there is to hand over."""
    return _page(user_id, {})


def _page(user_id: int, errors: dict[str, str]) -> Any:
    if not leaving.may_hand_over(user_id):
        raise Forbidden(detail={"record": "core.user", "action": "hand_over"})
    user = service.get(User, user_id)
    title = gettext("Hand over the work of %(name)s", name=user.called)
    known = labels("core.user", [user.manager_id] if user.manager_id else [])
    made = render_template(
        "web/rights/leave.html",
        title=title,
        crumbs=[*crumbs(gettext("People"), "/r/core.user"), (user.called, f"/r/core.user/{user_id}"), (title, None)],
        user=user,
        rows=[
            {
                "name": held.name,
                "record": str(held.kind.plural),
                "field": str(held.field.label),
                "number": held.number,
                "href": f"/r/{held.kind.key}?{held.field.name}={user_id}",
                "value": request.form.get(held.name) or (user.manager_id or ""),
                "shown": known.get(user.manager_id or 0, ""),
                "error": errors.get(held.name),
            }
            for held in leaving.held_by(user_id)
        ],
        may_end=current_principal().can("core.user", "update")
        and user.active
        and user_id != current_principal().user_id,
    )
    return (made, 422) if errors else made


def hand_over(user_id: int) -> Any:
    """Do it, and end the access when that was asked."""
    given = {name: int(value) for name, value in request.form.items() if "." in name and value.isdigit()}
    try:
        handed, left = leaving.hand_over(user_id, given)
        if request.form.get("leave"):
            service.update(service.get(User, user_id), {"active": False})
    except Invalid as error:
        db.session.rollback()
        return _page(user_id, {e.field: str(e.message) for e in error.errors})
    forget()
    say(ngettext("%(n)s record handed over", "%(n)s records handed over", handed))
    if left:
        say(
            ngettext(
                "%(n)s left: the new one is named there already", "%(n)s left: the new one is named there already", left
            ),
            "today",
        )
    return done(f"/settings/people/{user_id}/leave" if not request.form.get("leave") else f"/r/core.user/{user_id}")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/settings/people/<int:user_id>/leave", "person_leave", page)
    web.add_url_rule("/settings/people/<int:user_id>/leave", "person_hand_over", hand_over, methods=["POST"])
