"""Showing one masked value to one person, who says why. A right of its own, and each look stands in the log."""

from __future__ import annotations

from sqlalchemy import select

from core.db import db
from core.errors import FieldError, Forbidden, Invalid, NotFound
from core.i18n import _
from core.permissions.rules import access
from core.records.audit import note_action
from core.records.base import Record
from core.records.changes import plain
from core.registry import registry

SHORTEST_REASON = 4


def may_unmask(record: Record) -> bool:
    """Whether the person's right to look behind masks reaches this record."""
    principal, model = db.session().principal, type(record)
    if not access().can(principal, model.__record__["key"], "unmask"):
        return False
    table, where = model.__table__, access().where(model, principal, "unmask")
    return (
        db.session().connection().execute(select(table.c.id).where(table.c.id == record.id, where)).first() is not None
    )


def unmask(record: Record, name: str, reason: str) -> str:
    """The whole value of a masked field. Raises `NotFound`, `Forbidden`, or `Invalid` without a reason."""
    model, principal = type(record), db.session().principal
    key = model.__record__["key"]
    spec, rule = registry().types[key].fields.get(name), access().treatments(model, principal).get(name)
    if spec is None or rule is None or rule.treatment != "masked":
        raise NotFound(_("This field is not masked for you."))
    if not may_unmask(record):
        raise Forbidden(detail={"record": key, "action": "unmask"})
    reason = " ".join(reason.split())[:300]
    if len(reason) < SHORTEST_REASON:
        raise Invalid([FieldError("reason", "required", _("Say what you need it for."))])
    note_action(db.session(), "unmask", record, reason=reason, changes={"field": name})
    return str(plain(getattr(record, spec.attr)) or "")
