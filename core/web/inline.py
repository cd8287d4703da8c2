"""One field at a time: a fact of a record's page becomes an input, is saved by itself, or is left as it was."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from core.db import db
from core.errors import Forbidden, Invalid, NotFound, Refused, Stale
from core.i18n import gettext
from core.records import service
from core.records.fields import Field
from core.registry import RecordType
from core.views import Section
from core.web import cells
from core.web.facts import editable, shown_values
from core.web.forms import read_form
from core.web.lifecycle import commit, go
from core.web.listing import kind_of
from core.web.shell import forget_counts
from core.web.widgets import field_of


def ask(key: str, record_id: int, name: str) -> Any:
    """The input of one field."""
    kind, record, spec = _target(key, record_id, name)
    return _form(kind, record, spec, shown_values(kind, record_id)[name], None)


def save(key: str, record_id: int, name: str) -> Any:
    """Save one field; the page is shown anew, so that head and timeline agree with it."""
    kind, record, spec = _target(key, record_id, name)
    given = read_form(kind, [Section("one", "", (name,))], request.form)
    try:
        service.update(record, given, request.form.get("version", type=int))
        commit()
    except (Invalid, Refused, Stale) as error:
        db.session.rollback()
        kind, record, spec = _target(key, record_id, name)
        return _form(kind, record, spec, given.get(name), _words(error, kind, spec, record_id)), 422
    forget_counts()
    if request.headers.get("HX-Request"):
        return Response("", 200, {"HX-Refresh": "true"})
    return go(f"/r/{key}/{record_id}")


def _target(key: str, record_id: int, name: str) -> tuple[RecordType, Any, Field]:
    kind = kind_of(key, "update")
    record = service.get(kind.model, record_id)
    spec = kind.fields.get(name)
    if spec is None or not editable(kind, spec):
        raise NotFound()
    if not service.may(record, "update"):
        raise Forbidden(detail={"record": key, "action": "update"})
    return kind, record, spec


def _words(error: Exception, kind: RecordType, spec: Field, record_id: int) -> str:
    if isinstance(error, Invalid) and error.errors:
        return str(error.errors[0].message)
    if isinstance(error, Stale):
        theirs = cells.show(spec, shown_values(kind, record_id)[spec.name]) or gettext("empty")
        return gettext("Changed meanwhile to “%(value)s”. Save again to replace it.", value=str(theirs.striptags()))
    return str(error)


def _form(kind: RecordType, record: Any, spec: Field, value: Any, error: str | None) -> str:
    target = f"/r/{kind.key}/{record.id}/-/field/{spec.name}"
    field = field_of(spec, value, error) | {"wide": True, "help": None}
    return render_template(
        "web/_inline.html", target=target, field=field, version=record.version, back=f"/r/{kind.key}/{record.id}"
    )


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/<int:record_id>/-/field/<name>", "field", ask)
    web.add_url_rule("/r/<key>/<int:record_id>/-/field/<name>", "save_field", save, methods=["POST"])
