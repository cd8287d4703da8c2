"""`/settings/separation`: what two persons must share, whether it holds here, and who holds too much together."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.i18n import gettext
from core.permissions import duties
from core.permissions.duties import Duty
from core.permissions.rules import access
from core.registry import registry
from core.web.rights.words import crumbs, role_word
from core.web.settings_items import require_administrator

PLACES = {
    "CHINESE_WALL": "/settings/walls",
    "CLIENT_DATA_CONFIG": "/settings/client-data",
    "EXPORT": "/exports",
    "GRANT_SELF": "/settings/roles",
}
"""Pages on which a duty of the core's own is kept."""


def page() -> Any:
    """The table."""
    require_administrator()
    title = gettext("Separation of duties")
    return render_template(
        "web/rights/separation.html",
        title=title,
        crumbs=crumbs(title),
        strict=duties.strict(),
        rows=[_row(duty) for duty in duties.duties()],
    )


def _row(duty: Duty) -> dict[str, Any]:
    state, tone = _state(duty)
    held = [
        (n, gettext(", ").join(role_word(access().role(c), c) for c in codes))
        for n, codes in duties.held_together(duty)
    ]
    href = PLACES.get(duty.code)
    return {"code": duty.code, "label": str(duty.label), "state": state, "tone": tone, "held": held, "href": href}


def _state(duty: Duty) -> tuple[str, str]:
    if duty.kept_at in registry().types and not duty.strength.startswith("soft"):
        return gettext("refused by the server"), "done"
    if duty.apart:
        return (gettext("held apart by the server"), "done") if duties.strict() else (gettext("listed"), "warn")
    if duty.kept_at not in registry().types:
        return gettext("no such acts here"), ""
    return gettext("allowed, noted"), "warn"


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/separation", "separation", page)
