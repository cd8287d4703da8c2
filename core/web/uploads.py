"""Files in custom fields of a form: what was chosen is kept with its record, and the field names it."""

from __future__ import annotations

from typing import Any

from flask import current_app, request

from core.db import db
from core.errors import FieldError, Invalid
from core.i18n import _
from core.permissions.rules import access
from core.records import service
from core.records.attachments import add_file, clean_name
from core.records.fields import Field
from core.records.schema import MESSAGES
from core.registry import RecordType


def store(kind: RecordType, record: Any) -> None:
    """Keep the files of this request's form, in the transaction that stores the record; raises `Invalid`."""
    closed = access().treatments(kind.model, db.session().principal)
    asked = [s for s in kind.fields.values() if s.custom and s.kind == "file" and s.name not in closed]
    given: dict[str, Any] = {}
    for spec in (s for s in asked if f"{s.name}:here" in request.form):
        part = request.files.get(spec.name)
        if part is not None and part.filename:
            given[spec.name] = _kept(record, spec, part)
        elif request.form.get(f"{spec.name}:gone"):
            given[spec.name] = None
        if spec.extra["needed"] and given.get(spec.name, getattr(record, spec.attr)) is None:
            raise Invalid([FieldError(spec.name, "required", MESSAGES["required"])])
    if given:
        service.update(record, given)


def _kept(record: Any, spec: Field, part: Any) -> int:
    name, limit = part.filename or "", current_app.config["ZHIAN"].max_upload_mb
    try:
        return add_file(record, name, part.stream, kind=spec.name).id
    except ValueError:
        message = _("%(name)s is larger than %(n)s MB.", name=clean_name(name), n=limit)
    except Invalid as error:
        message = error.errors[0].message
    raise Invalid([FieldError(spec.name, "file", message)])
