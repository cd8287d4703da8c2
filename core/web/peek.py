"""A record beside its list: head and facts for the panel that opens with Space or by the eye."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from core.i18n import gettext
from core.records import service
from core.views import DetailView
from core.web import timeline
from core.web.detail import head, tabs_of
from core.web.facts import Reading, everything, shown_values
from core.web.listing import kind_of
from core.web.shell import registry


def peek(key: str, record_id: int) -> Any:
    """The content of the panel."""
    kind = kind_of(key)
    record = service.get(kind.model, record_id)
    view = registry().view("detail", key) or DetailView(key)
    values = shown_values(kind, record_id)
    sections = Reading(kind, record, values, filled=True).sections(view.facts or (everything(kind),))
    shown = head(kind, view, record, values)
    more = [b for b in shown["buttons"] if b["label"] != gettext("Edit")][:1]
    return render_template(
        "web/_peek.html",
        **shown,
        sections=sections,
        more=more,
        may_edit=service.may(record, "update") and ("form", key) in registry().views,
        counts=[t for t in tabs_of(kind, view, record) if t["count"]],
        story=timeline.story(kind, record.id),
    )


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/peek", "peek", peek)
