"""The configuration as a file: download it, or upload one, see what differs, and take it over whole."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, render_template, request

from core.clock import today
from core.db import db
from core.errors import Refused
from core.i18n import gettext
from core.records.audit import note_action
from core.shaping import configuration
from core.web.lifecycle import commit, done
from core.web.shaping.index import require
from core.web.toasts import say

ADDRESS = "/settings/configuration"
SHOWN = 1200
"""Characters of one side of a difference that are shown."""


def overview() -> Any:
    """`/settings/configuration`: what the file would hold, and the way to bring one in."""
    require()
    held = [{"label": str(p.label), "count": len(p.export())} for p in configuration.parts()]
    return _page("web/shaping/configuration.html", held=held)


def export() -> Any:
    """The file itself. Audited."""
    require()
    text = configuration.as_text(configuration.export())
    note_action(db.session(), "configuration_exported")
    commit()
    name = f"zhian-configuration-{today():%Y-%m-%d}.json"
    return Response(
        text, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def compare() -> Any:
    """What an uploaded file would change."""
    require()
    sent = request.files.get("file")
    text = sent.read().decode("utf-8", "replace") if sent is not None else request.form.get("text", "")
    try:
        found = configuration.differences(configuration.parse(text))
    except Refused as refusal:
        return _refused(refusal)
    parts = [_part(p) for p in found]
    count = sum(len(p.changes) for p in found)
    name = (sent.filename or "") if sent is not None else ""
    return _page("web/shaping/difference.html", parts=parts, count=count, text=text, name=name)


def take_over() -> Any:
    """Make the configuration as the file says: whole or not at all."""
    require()
    try:
        given = configuration.parse(request.form.get("text", ""))
        found = configuration.apply(given, source=request.form.get("name", "")[:200])
    except Refused as refusal:
        db.session.rollback()
        return _refused(refusal)
    say(gettext("Configuration taken over: %(n)s changes", n=sum(len(p.changes) for p in found)))
    return done(ADDRESS)


def _refused(refusal: Refused) -> Any:
    held = [{"label": str(p.label), "count": len(p.export())} for p in configuration.parts()]
    return _page("web/shaping/configuration.html", held=held, error=str(refusal)), 422


def _part(part: configuration.PartDifference) -> dict[str, Any]:
    rows = [{"name": d.name, "what": d.what, "here": _text(d.here), "there": _text(d.there)} for d in part.differences]
    return {"label": str(part.label), "rows": rows, "unknown": part.unknown, "count": len(part.changes)}


def _text(data: Any) -> str:
    """One side, as people read it, cut where it is long."""
    if data is None:
        return ""
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"


def _page(template: str, **context: Any) -> str:
    title = gettext("Configuration as a file")
    crumbs = [(gettext("Settings"), "/settings"), (title, None)]
    return render_template(template, **{"title": title, "crumbs": crumbs, "error": None} | context)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(ADDRESS, "configuration", overview)
    web.add_url_rule(f"{ADDRESS}/export", "configuration_export", export)
    web.add_url_rule(f"{ADDRESS}/compare", "configuration_compare", compare, methods=["POST"])
    web.add_url_rule(f"{ADDRESS}/import", "configuration_import", take_over, methods=["POST"])
