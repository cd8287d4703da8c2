"""`/import`: what can be imported by this person, and their runs so far. The wizard itself is in core.importing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from core.db import db
from core.i18n import gettext
from core.importing.models import ImportRun
from core.permissions.guard import OPEN
from core.permissions.principal import current_principal
from core.web import format as fmt
from core.web.shell import registry

SHOWN = 30


def importable() -> list[dict[str, Any]]:
    """Record types that the person may import, as links."""
    principal, types = current_principal(), registry().types
    kinds = [types[k] for k in registry().import_sources if k in types and principal.can(k, "create")]
    return [{"label": str(k.plural), "href": f"/import/{k.key}", "icon": k.icon} for k in kinds]


def index() -> Any:
    """The page."""
    mine = select(ImportRun).where(ImportRun.user_id == current_principal().user_id).order_by(ImportRun.id.desc())
    runs = db.session.scalars(mine.limit(SHOWN), execution_options=OPEN)
    rows = [_run(run) for run in runs if run.record_key in registry().types]
    title = gettext("Import")
    return render_template("web/imports.html", title=title, crumbs=[(title, None)], items=importable(), rows=rows)


def _run(run: ImportRun) -> dict[str, Any]:
    return {
        "href": f"/import/{run.record_key}/{run.id}",
        "filename": run.filename,
        "kind": str(registry().types[run.record_key].plural),
        "total": run.total,
        "time": fmt.instant(run.created_at),
    }


def register(web: Blueprint) -> None:
    """The route of this file."""
    web.add_url_rule("/import", "imports", index)
