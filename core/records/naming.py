"""What a record may be called in texts that others read too: titles, subjects, captions that are kept elsewhere."""

from __future__ import annotations

from sqlalchemy import or_, select

from core.db import db
from core.permissions.rules import access, on_table
from core.records.base import Record
from core.registry import registry


def title_is_open(record: Record) -> bool:
    """Whether no field rule closes the title of this very record for anybody, as titles of unpublished inventions are.

    A copy of a title is read by whoever reads the copy; where this is false, use the record's number.
    """
    model, session = type(record), db.session()
    kind = registry().of(model)
    rules = (rule for rule in access().field_rules.get(kind.key, ()) if rule.field == kind.title)
    found = {rule.when for rule in rules if rule.when is not None and rule.treatment != "readonly"}
    if not found:
        return True
    closed = or_(*(on_table(when(model, session.principal)) for when in found))
    table = model.__table__
    return session.connection().execute(select(table.c.id).where(table.c.id == record.id, closed)).first() is None


def open_name(record: Record) -> str:
    """Its title where that is open to everybody who may see the record, else its number."""
    if title_is_open(record):
        return record.called
    kind = registry().of(type(record))
    number = getattr(record, kind.fields[kind.number].attr, None) if kind.number else None
    return str(number or f"{kind.label} {record.id}")
