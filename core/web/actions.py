"""Named actions from pages: their small dialogs, running them on one record, and on many after a preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import select

from core.db import db
from core.errors import BadRequest, Forbidden, Invalid, NotFound, Refused
from core.i18n import _, gettext, ngettext
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.fields import Field
from core.records.query import list_records
from core.registry import Action, Param, RecordType
from core.web.facts import caption_of
from core.web.files import keep_upload
from core.web.lifecycle import commit, done, wants_fragment
from core.web.listing import kind_of
from core.web.liststate import state_at
from core.web.security import safe_next
from core.web.shell import forget_counts
from core.web.toasts import say
from core.web.widgets import field_of

MOST_AT_ONCE = 1000
ARCHIVE = "-archive"


def ask(key: str, code: str, record_id: int | None = None) -> Any:
    """The dialog (or page) of an action."""
    kind, action, record = _target(key, code, record_id)
    return _dialog(kind, action, record, {}, {})


def do(key: str, code: str, record_id: int | None = None) -> Any:
    """Run an action; errors come back in the dialog."""
    kind, action, record = _target(key, code, record_id)
    given = _given(action, record)
    try:
        result = service.run_action(record, key, code, given | _kept_files(action, record))
        commit()
    except (Invalid, Refused) as error:
        db.session.rollback()
        errors = (
            {e.field: str(e.message) for e in error.errors}
            if isinstance(error, Invalid)
            else {getattr(error, "field", None) or "": str(error)}
        )
        kind, action, record = _target(key, code, record_id)
        return _dialog(kind, action, record, given, errors), 422
    forget_counts()
    told = result.get("message") if isinstance(result, dict) else None
    say(str(told) if told else gettext("Done: %(action)s", action=str(action.label)))
    target = result.get("url") if isinstance(result, dict) else None
    return done(target or (f"/r/{key}/{record_id}" if record_id else f"/r/{key}"))


def _target(key: str, code: str, record_id: int | None) -> tuple[RecordType, Action, Any]:
    kind = kind_of(key)
    action = service.find_action(key, code)
    if not current_principal().can(key, code):
        raise Forbidden(detail={"record": key, "action": code})
    record = service.get(kind.model, record_id) if record_id else None
    if record is None and not action.on_type:
        raise NotFound()
    return kind, action, record


def _params(action: Action, record: Any) -> list[Param]:
    declared = action.params_for(record) if record is not None or not callable(action.params) else ()
    return [p for p in declared if p.when is None or record is None or p.when(record)]


def _given(action: Action, record: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for param in _params(action, record):
        values = [v for v in request.form.getlist(param.name) if v.strip()]
        given[param.name] = values if param.kind == "multi_choice" else (values[0].strip() if values else None)
    return given


def _kept_files(action: Action, record: Any) -> dict[str, int]:
    """Files that were chosen in the dialog, kept with the record; their ids by parameter."""
    names = [p.name for p in _params(action, record) if p.kind == "file"] if record is not None else []
    chosen = {name: request.files.get(name) for name in names}
    return {name: keep_upload(record, name, part) for name, part in chosen.items() if part and part.filename}


def param_field(param: Param, record: Any, value: Any, error: str | None) -> dict[str, Any]:
    """A parameter as macro z_field wants it."""
    choices = param.choices
    if callable(choices) and record is not None:
        choices = _choices_for(choices, record)
    spec = Field(
        param.kind,
        param.label,
        required=param.required,
        choices_source=choices,
        target=param.target,
        help=param.help,
        name=param.name,
        attr=param.name,
    )
    default = param.default(record) if callable(param.default) else param.default
    shown = {"wide": True} | ({"widget": "file", "value": None} if param.kind == "file" else {})
    return field_of(spec, value if value is not None else default, error) | shown


def _choices_for(choices: Any, record: Any) -> Any:
    try:
        return choices(record)
    except TypeError:
        return choices()


def _dialog(kind: RecordType, action: Action, record: Any, given: dict[str, Any], errors: dict[str, str]) -> str:
    params = _params(action, record)
    fields = [param_field(p, record, given.get(p.name), errors.get(p.name)) for p in params]
    names = {p.name for p in params}
    base = f"/r/{kind.key}/{record.id}" if record is not None else f"/r/{kind.key}"
    context = {
        "title": str(action.label),
        "with_files": any(p.kind == "file" for p in params),
        "kind": kind,
        "record": record,
        "caption": caption_of(kind, record.id) if record is not None else str(kind.label),
        "action": action,
        "fields": fields,
        "message": action.confirm,
        "other_errors": [m for n, m in errors.items() if n not in names],
        "target": f"{base}/-/do/{action.code}",
        "back": base,
        "crumbs": [
            (str(kind.plural), f"/r/{kind.key}"),
            *([(caption_of(kind, record.id), base)] if record is not None else []),
            (str(action.label), None),
        ],
    }
    template = action.template or "web/_ask.html"
    if wants_fragment():
        return render_template(template, **context)
    return render_template("web/ask.html", ask_template=template, **context)


def preview(key: str) -> Any:
    """Before a bulk change: how many can change, how many may not."""
    kind = kind_of(key)
    code = request.form.get("action", "")
    ids = _chosen(kind)
    if not ids:
        raise BadRequest(_("Select at least one row."))
    able = _able(kind, ids, "delete" if code == ARCHIVE else code)
    action = None if code == ARCHIVE else service.find_action(key, code)
    fields = [param_field(p, None, None, None) for p in _params(action, None)] if action else []
    label = str(action.label) if action else gettext("Archive")
    return _preview_page(kind, code, label, able, len(ids) - len(able), fields)


def _preview_page(
    kind: RecordType,
    code: str,
    label: str,
    able: list[int],
    unable: int,
    fields: list[dict[str, Any]],
    errors: list[str] | None = None,
) -> str:
    return render_template(
        "web/bulk.html",
        title=label,
        crumbs=[(str(kind.plural), f"/r/{kind.key}"), (label, None)],
        kind=kind,
        code=code,
        label=label,
        able=able,
        unable=unable,
        fields=fields,
        errors=errors or [],
        here=safe_next(request.form.get("here"), f"/r/{kind.key}"),
    )


def _chosen(kind: RecordType) -> list[int]:
    """Ids of the ticked rows, or of all rows of the list that the bar stands under."""
    if request.form.get("all") == "1":
        here = safe_next(request.form.get("here"), f"/r/{kind.key}")
        with_state = state_at(kind, here)
        found = list_records(kind.model, with_state.query(fields=(), page=1, limit=MOST_AT_ONCE))
        return [row["id"] for row in found.rows]
    return [int(i) for i in request.form.getlist("id") if i.isdigit()][:MOST_AT_ONCE]


def _able(kind: RecordType, ids: list[int], code: str) -> list[int]:
    table = kind.model.__table__
    where = access().where(kind.model, db.session().principal, code)
    return list(db.session().connection().execute(select(table.c.id).where(table.c.id.in_(ids), where)).scalars())


def bulk(key: str) -> Any:
    """After the preview: one transaction for all."""
    kind = kind_of(key)
    code = request.form.get("action", "")
    ids = [int(i) for i in request.form.getlist("id") if i.isdigit()][:MOST_AT_ONCE]
    here = safe_next(request.form.get("here"), f"/r/{key}")
    records = list(db.session.scalars(select(kind.model).where(kind.model.id.in_(ids))))
    if code == ARCHIVE:
        for record in records:
            service.archive(record)
        label, result = gettext("Archive"), None
    else:
        action = service.find_action(key, code)
        label = str(action.label)
        try:
            result = service.run_action(records, key, code, _given(action, None))
        except (Invalid, Refused) as error:
            db.session.rollback()
            fields = [param_field(p, None, request.form.get(p.name), None) for p in _params(action, None)]
            return _preview_page(kind, code, label, ids, 0, fields, [str(error)]), 422
    commit()
    forget_counts()
    say(ngettext("%(action)s: %(n)s record", "%(action)s: %(n)s records", len(records), action=label))
    return done(result.get("url") or here if isinstance(result, dict) else here)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/-/do/<code>", "ask_type", ask)
    web.add_url_rule("/r/<key>/-/do/<code>", "do_type", do, methods=["POST"])
    web.add_url_rule("/r/<key>/<int:record_id>/-/do/<code>", "ask", ask)
    web.add_url_rule("/r/<key>/<int:record_id>/-/do/<code>", "do", do, methods=["POST"])
    web.add_url_rule("/r/<key>/-/bulk", "preview", preview, methods=["POST"])
    web.add_url_rule("/r/<key>/-/bulk/run", "bulk", bulk, methods=["POST"])
