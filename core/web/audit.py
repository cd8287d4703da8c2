"""`/settings/audit`: the audit log to search, look at and export, and its proof. It has a right of its own."""

from __future__ import annotations

import tempfile
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, send_file
from markupsafe import Markup

from core.audit import chain, export, search, verify, words
from core.audit.head import BrokenHead, Head, read_head
from core.audit.own import EXPORT, VERIFY
from core.audit.rows import of_id
from core.audit.search import GROUPS, Found, Wanted
from core.clock import local, now
from core.db import db, start_writing
from core.errors import Forbidden, NotFound
from core.i18n import gettext, ngettext
from core.identity.proof import require_proof
from core.jobs.runs import enqueue, run_view
from core.permissions.principal import Principal, current_principal
from core.records.audit import RIGHT, note_action
from core.registry import registry
from core.web.lifecycle import done
from core.web.toasts import say

HOME = "/settings/audit"


def require(action: str = "read") -> Principal:
    """The reader; raises `Forbidden` for whoever may not `action` the log."""
    who = current_principal()
    if not who.can(RIGHT, action):
        raise Forbidden(detail={"record": RIGHT, "action": action})
    return who


def index() -> Any:
    """The log, newest first, with its conditions."""
    reader = require()
    wanted, before = Wanted.of(request.args), request.args.get("before", type=int)
    found = search.find(wanted, before, closed=words.closed_titles(reader))
    return render_template(
        "web/audit/index.html",
        title=gettext("Audit log"),
        crumbs=_crumbs(),
        wanted=wanted,
        asked=wanted.as_dict(),
        narrow=not wanted.as_dict().keys() <= {"person", "group", "record_id", "action"},
        rows=[_line(row, reader) for row in found.rows],
        more=_more(wanted, found),
        found=found,
        first=before is None,
        groups=[("", gettext("anything")), *((code, str(label)) for code, label in GROUPS.items())],
        kinds=_kinds(),
        ways=[("", gettext("any way")), *((code, str(label)) for code, label in words.WAYS.items())],
        exports=f"?{urlencode(wanted.as_dict())}" if reader.can(RIGHT, "export") else None,
        state=_state(),
        instant=_instant,
    )


def _kinds() -> list[tuple[str, str]]:
    kinds = sorted(registry().types.values(), key=lambda kind: str(kind.label))
    return [("", gettext("any record")), *((kind.key, str(kind.label)) for kind in kinds)]


def _more(wanted: Wanted, found: Found) -> str | None:
    """The address of the next page."""
    return f"{HOME}?{urlencode(wanted.as_dict() | {'before': found.before})}" if found.before else None


def _line(row: Any, reader: Principal) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": _instant(row.at),
        "who": words.person(row),
        "deed": words.deed(row),
        "tone": words.tone(row),
        "thing": words.thing(row, reader) or _path(row),
        "way": words.way(row.via),
        "ip": row.ip or "",
        "key_id": row.key_id or "",
        "fields": _fields(row),
    }


def _path(row: Any) -> str:
    return str((row.changes or {}).get("path", "")) if isinstance(row.changes, dict) else ""


def _fields(row: Any) -> str:
    """What changed, in short: names of fields, or how often it happened."""
    told = row.changes if isinstance(row.changes, dict) else {}
    if row.action == "refused":
        times = told.get("repeated")
        code = str(told.get("status", ""))
        return ngettext("%(code)s, %(n)s time more", "%(code)s, %(n)s times more", times, code=code) if times else code
    kind = words.kind_of(row)
    if kind is None or row.action not in search.WRITES:
        return row.reason or ""
    names = [str(kind.fields[name].label) for name in told if name in kind.fields]
    return gettext(", ").join(names[:5]) + ("…" if len(names) > 5 else "")


def _instant(at: Any) -> str:
    """To the second, in Asia/Shanghai."""
    return f"{local(at):%Y-%m-%d %H:%M:%S}" if at else ""


def _crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    home = (gettext("Audit log"), HOME if more else None)
    return [(gettext("Settings"), "/settings"), home, *more]


def _state() -> dict[str, Any]:
    """How the proof stands."""
    result = verify.last_result()
    return {"result": result, "waiting": chain.waiting()}


def entry(ident: int) -> Any:
    """One row: who, when, from where, old and new values, and whether it is sealed."""
    reader = require()
    row = search.one(ident)
    if row is None:
        raise NotFound()
    kind = words.kind_of(row)
    there = kind is not None and row.record_id and kind.public and reader.can(kind.key, "read")
    return render_template(
        "web/audit/entry.html",
        title=f"{words.deed(row)} · {ident}",
        crumbs=_crumbs((str(ident), None)),
        row=row,
        deed=words.deed(row),
        thing=words.thing(row, reader),
        who=words.person(row),
        href=f"/r/{kind.key}/{row.record_id}" if kind and there else None,
        way=words.way(row.via),
        at=_instant(row.at),
        changes=words.changes(row, reader),
        same=[_line(one, reader) for one in search.of_request(row)],
        seal=of_id(ident),
        history=f"{HOME}?{urlencode({'record': row.record_key, 'record_id': row.record_id})}"
        if row.record_id
        else None,
    )


def export_log() -> Any:
    """What the conditions leave, as a sheet or as text: at once, or by a job when it is long."""
    reader = require("export")
    require_proof()
    ending = "csv" if request.args.get("form") == "csv" else "xlsx"
    wanted = Wanted.of(request.args)
    if search.at_least(wanted, export.AT_ONCE):
        start_writing()
        run = enqueue(EXPORT, as_me=True, wanted=wanted.as_dict(), ending=ending)
        return done(f"{HOME}/exports/{run}")
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the answer reads it after this function
    count = export.write(stream, ending, export.lines(wanted, export.AT_ONCE, reader))
    stream.seek(0)
    start_writing()
    export.note_export(wanted, ending, count)
    db.session.commit()
    return _sent(stream, ending, f"audit-{local(now()):%Y%m%d-%H%M%S}.{ending}")


def _sent(source: Any, ending: str, name: str) -> Any:
    answer = send_file(source, mimetype=export.TYPES[ending], as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def export_run(run_id: int) -> Any:
    """A long export: how far it is, then its file."""
    require("export")
    run = run_view(run_id)
    if run["name"] != EXPORT:
        raise NotFound()
    title = gettext("Export of the audit log")
    return render_template("web/audit/export.html", title=title, crumbs=_crumbs((title, None)), run=run, run_id=run_id)


def export_file(run_id: int) -> Any:
    """The file of a long export, to the person who asked for it."""
    require("export")
    run = run_view(run_id)
    name = (run["result"] or {}).get("file", "") if run["name"] == EXPORT else ""
    file = export.exports_folder() / name
    if not name or "/" in name or not file.is_file():
        raise NotFound()
    return _sent(file, name.rpartition(".")[2], name)


def proof() -> Any:
    """How far the log is sealed, and what the last verification found."""
    reader = require()
    try:
        head = read_head(chain.data_folder())
    except BrokenHead:
        head = None
    result = verify.last_result()
    kinds = [(str(verify.KINDS.get(kind, kind)), count) for kind, count in (result.kinds if result else {}).items()]
    return render_template(
        "web/audit/proof.html",
        title=gettext("Proof of the audit log"),
        crumbs=_crumbs((gettext("Proof"), None)),
        head=head or Head(),
        result=result,
        findings=[_finding(one) for one in result.first] if result else [],
        kinds=kinds,
        waiting=chain.waiting(),
        verified=_instant(verify.instant(result)),
        may_verify=reader.can(RIGHT, "verify"),
    )


def _finding(one: verify.Finding) -> list[Any]:
    link = Markup('<a class="z-link" href="{0}/{1}">{1}</a>').format(HOME, one.row) if one.row else ""
    return [str(verify.KINDS.get(one.kind, one.kind)), link, one.seq or "", one.count, one.note]


def verify_now() -> Any:
    """Start a verification in the background."""
    require("verify")
    enqueue(VERIFY, key=VERIFY)
    note_action(db.session(), "audit_verify_asked")
    say(gettext("The verification has begun; its outcome shows here."))
    return done(f"{HOME}/proof")


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule(HOME, "audit", index)
    web.add_url_rule(f"{HOME}/<int:ident>", "audit_entry", entry)
    web.add_url_rule(f"{HOME}/export", "audit_export", export_log)
    web.add_url_rule(f"{HOME}/exports/<int:run_id>", "audit_export_run", export_run)
    web.add_url_rule(f"{HOME}/exports/<int:run_id>/file", "audit_export_file", export_file)
    web.add_url_rule(f"{HOME}/proof", "audit_proof", proof)
    web.add_url_rule(f"{HOME}/verify", "audit_verify", verify_now, methods=["POST"])
