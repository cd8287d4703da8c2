"""`/exports`: large exports that wait for another person: asking for one, deciding it, downloading it once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from core.clock import local, now
from core.db import db
from core.errors import Invalid
from core.i18n import gettext, ngettext
from core.permissions import exports
from core.permissions.principal import current_principal
from core.permissions.separation import APPROVED, STATES
from core.records.dump import labels
from core.registry import registry
from core.web import export
from core.web.lifecycle import done, go
from core.web.listing import kind_of
from core.web.liststate import state_at
from core.web.security import safe_next
from core.web.toasts import say

LABELS = {choice.code: choice for choice in STATES}


def page() -> Any:
    """One's own requests; for who decides, everybody's."""
    me = current_principal()
    rows = exports.requests()
    names = labels("core.user", {i for row in rows for i in (row.user_id, row.decided_by_id) if i})
    told = [_row(row, names) for row in rows if row.record_key in registry().types]
    title = gettext("Large exports")
    return render_template(
        "web/rights/exports.html",
        title=title,
        crumbs=[(gettext("Settings"), "/settings"), (title, None)],
        waiting=[r for r in told if r["decide"]],
        mine=[r for r in told if r["user_id"] == me.user_id],
        others=[r for r in told if r["user_id"] != me.user_id and not r["decide"]],
        most=exports.most_rows(),
        hours=exports.HOURS,
    )


def _row(row: Any, names: dict[int, str]) -> dict[str, Any]:
    own = row.user_id == current_principal().user_id
    over = row.state == APPROVED and row.ends_at <= now()
    return {
        "id": row.id,
        "user_id": row.user_id,
        "who": names.get(row.user_id, row.who),
        "what": _what(row.record_key, row.rows),
        "href": row.address if current_principal().can(row.record_key, "read") else None,
        "reason": row.reason,
        "at": f"{local(row.created_at):%Y-%m-%d %H:%M}",
        "until": f"{local(row.ends_at):%Y-%m-%d %H:%M}" if row.ends_at else None,
        "by": names.get(row.decided_by_id) if row.decided_by_id else None,
        "note": row.note,
        "state": gettext("over") if over else str(LABELS[row.state].label),
        "tone": "" if over else LABELS[row.state].tone,
        "ready": own and row.state == APPROVED and not over,
        "decide": exports.may_decide(row),
    }


def _what(key: str, rows: int) -> str:
    plural = str(registry().types[key].plural)
    return ngettext("%(records)s: %(n)s row", "%(records)s: %(n)s rows", rows, records=plural)


def new(errors: dict[str, str] | None = None) -> Any:
    """Says why the export waits, and asks what it is for."""
    given = request.values
    kind, address, code = _asked(given)
    number = export.number_of(state_at(kind, address))
    if exports.guarded(kind.key) and not exports.needs_another(kind.key, number) and not errors:
        return go(address.replace("/r/", "/export/", 1))
    title = gettext("Export needs approval")
    made = render_template(
        "web/rights/export_new.html",
        title=title,
        crumbs=[(str(kind.plural), address), (title, None)],
        what=_what(kind.key, number),
        most=exports.most_rows(),
        taken=exports.taken(kind.key),
        hours=exports.HOURS,
        key=kind.key,
        address=address,
        format=code,
        reason=given.get("reason", ""),
        errors=errors or {},
    )
    return (made, 422) if errors else made


def _asked(given: Any) -> tuple[Any, str, str | None]:
    kind = kind_of(given.get("key", ""), "export")
    code = given.get("format") or None
    address = safe_next(given.get("address"), f"/r/{kind.key}")
    known = code is None or code in registry().export_formats
    return kind, address if address.startswith(f"/r/{kind.key}") else f"/r/{kind.key}", code if known else None


def ask() -> Any:
    """The request; approvers are told."""
    kind, address, code = _asked(request.form)
    number = export.number_of(state_at(kind, address))
    try:
        exports.ask(kind.key, address, code, number, request.form.get("reason", ""))
    except Invalid as error:
        db.session.rollback()
        return new({e.field: str(e.message) for e in error.errors})
    say(gettext("Asked. You get a message as soon as it is decided."))
    return done("/exports")


def decide(ident: int) -> Any:
    """Approve or refuse."""
    yes = request.form.get("decision") == "approve"
    exports.decide(ident, yes, request.form.get("note"))
    say(gettext("Approved") if yes else gettext("Refused"), "done" if yes else "today")
    return done("/exports")


def download(ident: int) -> Any:
    """The file, once."""
    row = exports.approved(ident)
    kind = kind_of(row.record_key, "export")
    return export.answer(state_at(kind, row.address), registry().export_formats.get(row.format or ""), [], ident)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/exports", "exports", page)
    web.add_url_rule("/exports/new", "new_export", new)
    web.add_url_rule("/exports", "ask_export", ask, methods=["POST"])
    web.add_url_rule("/exports/<int:ident>/decide", "decide_export", decide, methods=["POST"])
    web.add_url_rule("/exports/<int:ident>/file", "approved_export", download, methods=["POST"])
