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
    return {"code": duty.code, "label": str(duty.label), "state": state, "tone": tone, "held": held}


def _state(duty: Duty) -> tuple[str, str]:
    if duty.apart:
        return (gettext("held apart by the server"), "done") if duties.strict() else (gettext("listed"), "warn")
    if duty.kept_at not in registry().types:
        return gettext("no such acts here"), ""
    if duty.strength.startswith("soft"):
        return gettext("allowed, noted"), "warn"
    return gettext("refused by the server"), "done"


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/settings/separation", "separation", page)
