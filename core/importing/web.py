"""The import wizard: upload, columns, dry run with mending, import with progress, result with undo."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, current_app, render_template, request, send_file
from sqlalchemy import select

from core.db import db, write_intent
from core.endpoints import Endpoints, signed_in
from core.errors import FieldError, Forbidden, Invalid, NotFound, Refused
from core.i18n import _, gettext
from core.jobs.runs import enqueue
from core.permissions.guard import OPEN
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.registry import RecordType, registry

from . import files, pages, run
from .mapping import UnknownName
from .models import ImportRun
from .sandbox import FileRefused
from .sheet import refused_sheet

RECORD_RIGHTS = signed_in("each page asks for the right to create or change the record that is imported")
SMALL = 1_500_000
"""Up to this size in bytes a file is checked while the page loads; larger ones by a job."""
endpoints = Endpoints("imports", "/import")


def kind_of(key: str) -> RecordType:
    """The record type, if the person may create or change records of it."""
    kind, who = registry().types.get(key), current_principal()
    if kind is None:
        raise NotFound()
    if not (who.can(key, "create") or who.can(key, "update")):
        raise Forbidden(detail={"record": key, "action": "create"})
    return kind


def run_of(key: str, run_id: int) -> ImportRun:
    """The person's run of this record type."""
    kind_of(key)
    found = run.find(run_id)
    if found.record_key != key:
        raise NotFound()
    return found


@endpoints.route("/<key>", permission=RECORD_RIGHTS)
def upload_page(key: str) -> Any:
    """Where a file is chosen; earlier imports below."""
    kind = kind_of(key)
    mine = select(ImportRun).where(ImportRun.record_key == key, ImportRun.user_id == current_principal().user_id)
    recent = db.session.scalars(mine.order_by(ImportRun.id.desc()).limit(10), execution_options=OPEN)
    return render_template(
        "importing/upload.html",
        **pages.frame(kind, 1),
        recent=[pages.line(r) for r in recent],
        limit=current_app.config["ZHIAN"].max_upload_mb,
    )


@endpoints.route("/<key>", permission=RECORD_RIGHTS, methods=("POST",))
def receive(key: str) -> Any:
    """Store the file and read its outline; a file that cannot be read is not kept."""
    kind_of(key)
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid([FieldError("file", "required", _("Choose a file."))])
    found = files.receive(key, given, given.filename)
    try:
        plan = files.plan_of(found)
    except FileRefused:
        files.discard(found)
        raise
    found.plan = plan.as_dict()
    db.session.add(found)
    db.session.flush()
    return _go(f"/import/{key}/{found.id}")


def _go(target: str) -> Response:
    from core.web.lifecycle import done

    return done(target)


@endpoints.route("/<key>/<int:run_id>", permission=RECORD_RIGHTS)
def show(key: str, run_id: int) -> Any:
    """The page that the run's state asks for; htmx asks for the moving part of waiting pages alone."""
    found = run_of(key, run_id)
    kind = kind_of(key)
    waiting = found.state in ("checking", "running", "undoing")
    if request.args.get("part"):
        if not waiting:
            return Response("", 200, {"HX-Redirect": f"/import/{key}/{run_id}"})
        return render_template("importing/_wait.html", **pages.waiting(kind, found))
    if waiting:
        return render_template("importing/wait.html", **pages.waiting(kind, found))
    if found.state == "uploaded" or (found.state == "checked" and request.args.get("step") == "columns"):
        return render_template("importing/columns.html", **pages.columns(kind, found, files.plan_of(found)))
    if found.state == "checked":
        return render_template("importing/check.html", **pages.check(kind, found, files.plan_of(found)))
    return render_template("importing/result.html", **pages.result(kind, found))


@endpoints.route("/<key>/<int:run_id>/columns", permission=RECORD_RIGHTS, methods=("POST",))
def settle_columns(key: str, run_id: int) -> Any:
    """Keep sheet, mapping and key as chosen; then check, or show the columns of another sheet."""
    found = run_of(key, run_id)
    if found.state not in ("uploaded", "checked"):
        raise Refused(_("This import is past that step."), code="wrong_step")
    form = request.form
    if form.get("sheet", found.plan.get("sheet")) != found.plan.get("sheet"):
        found.plan = {"sheet": form["sheet"]}
        found.plan = files.plan_of(found).as_dict()
        found.state, found.check = "uploaded", None
        return _go(f"/import/{key}/{run_id}")
    names = form.getlist("column")
    chosen = {name: form.get(f"field{place}", "") for place, name in enumerate(names)}
    keys = [form["key"]] if form.get("key") else []
    settled = {"mapping": {c: f for c, f in chosen.items() if f}, "keys": keys, "fixes": {}}
    found.plan = {"sheet": found.plan.get("sheet"), "constants": found.plan.get("constants", {})} | settled
    return _check(found)


def _check(found: ImportRun) -> Any:
    """Check now when the file is small, by a job when it is not."""
    try:
        plan = files.plan_of(found)
    except UnknownName as error:
        raise Invalid(
            [FieldError("key", "unknown", gettext("There is no field “%(name)s”.", name=error.name))]
        ) from error
    found.plan = plan.as_dict()
    target = f"/import/{found.record_key}/{found.id}"
    if files.path_of(found).stat().st_size <= SMALL:
        files.keep_check(found, run.check(plan))
    else:
        found.state = "checking"
        found.job_id = enqueue("core.import", key=f"import {found.id}", as_me=True, import_id=found.id)
    return _go(target)


@endpoints.route("/<key>/<int:run_id>/mend", permission=RECORD_RIGHTS, methods=("POST",))
def mend(key: str, run_id: int) -> Any:
    """Take cells that were corrected on the page, and check again."""
    found = run_of(key, run_id)
    if found.state != "checked":
        raise Refused(_("This import is past that step."), code="wrong_step")
    fixes = {row: dict(cells) for row, cells in (found.plan.get("fixes") or {}).items()}
    for row, column, value, before in zip(
        *map(request.form.getlist, ("row", "column", "value", "before")), strict=True
    ):
        if value != before:
            fixes.setdefault(row, {})[column] = value
    found.plan = found.plan | {"fixes": fixes}
    return _check(found)


@endpoints.route("/<key>/<int:run_id>/start", permission=RECORD_RIGHTS, methods=("POST",))
def begin(key: str, run_id: int) -> Any:
    """Start the import, once."""
    found = run_of(key, run_id)
    if found.state != "checked":
        raise Refused(_("Check the file first."), code="wrong_step")
    found.state = "running"
    found.job_id = enqueue("core.import", key=f"import {run_id}", as_me=True, import_id=run_id)
    run.remember(files.plan_of(found))
    return _go(f"/import/{key}/{run_id}")


@endpoints.route("/<key>/<int:run_id>/undo", permission=RECORD_RIGHTS, methods=("POST",))
def take_back(key: str, run_id: int) -> Any:
    """Undo the whole import in the background."""
    found = run_of(key, run_id)
    if found.state != "done":
        raise Refused(_("Only a finished import can be undone."), code="not_done")
    found.state = "undoing"
    found.job_id = enqueue("core.import_undo", key=f"undo {run_id}", as_me=True, import_id=run_id)
    return _go(f"/import/{key}/{run_id}")


@endpoints.route("/<key>/<int:run_id>/refused.xlsx", permission=RECORD_RIGHTS)
def refused(key: str, run_id: int) -> Any:
    """The refused rows of the dry run or of the import, to be mended and imported again."""
    found = run_of(key, run_id)
    rows = run.check(files.plan_of(found)) if found.state == "checked" else run.report_of(run_id, cells=True)
    labels = {target.name: str(target.label) for target in pages.targets_of_type(kind_of(key))}
    content = refused_sheet(rows["refused_rows"], labels)
    db.session.rollback()
    write_intent.set(True)
    note_action(db.session(), "import_refused_download", reason=f"import {run_id}")
    db.session.commit()
    name = gettext("refused rows of import %(n)s", n=run_id)
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(io.BytesIO(content), mime, as_attachment=True, download_name=f"{name}.xlsx")
