"""Rows of another record type inside a form: read from what was posted, stored with their record, drawn as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core.db import db
from core.errors import FieldError, Forbidden, Invalid, NotFound
from core.permissions.principal import current_principal
from core.permissions.rules import access
from core.records import service
from core.records.dump import labels
from core.records.fields import Field
from core.registry import RecordType
from core.views import FormView, Lines
from core.web.shell import registry
from core.web.widgets import field_of

PLACE = "__n__"
"""Stands for the number of a row in the blank row that the browser copies."""
MOST = 200
Errors = dict[str, str]


@dataclass
class Row:
    """One posted row: the id of a stored one, what was typed, whether it is to go."""

    number: str
    ident: int | None
    values: dict[str, Any] = field(default_factory=dict)
    gone: bool = False


def specs(kind: RecordType, subject: Any) -> list[tuple[int, Lines]]:
    """The tables of the form that apply and that the person may write, with their numbers.

    `subject` is the record, or what is known of one that is still to be made.
    """
    view: FormView | None = registry().view("form", kind.key)
    found = enumerate(view.lines if view is not None else ())
    able = current_principal().can
    return [
        (n, spec)
        for n, spec in found
        if spec.record in registry().types and able(spec.record, "create") and (spec.when is None or spec.when(subject))
    ]


def posted(number: int, spec: Lines, form: MultiDict[str, str]) -> list[Row]:
    """The rows of one table as they came in; blank new ones are left out."""
    kind, begin = registry().types[spec.record], f"lines-{number}-"
    numbers = dict.fromkeys(n.removeprefix(begin).partition("-")[0] for n in form if n.startswith(begin))
    rows = []
    for at in [n for n in numbers if n != PLACE][:MOST]:
        told = {name: form.get(f"{begin}{at}-{name}") for name in spec.fields}
        values = {name: value.strip() or None for name, value in told.items() if value is not None}
        ident = form.get(f"{begin}{at}-id", type=int)
        row = Row(at, ident, values, gone=form.get(f"{begin}{at}-gone") == "1")
        if ident or (not row.gone and any(_typed(kind.fields[name], value) for name, value in values.items())):
            rows.append(row)
    return rows


def _typed(spec: Field, value: Any) -> bool:
    """Whether somebody has written more than what a blank row shows."""
    default = "" if spec.default is None or callable(spec.default) else str(spec.default)
    return value is not None and value != default and (_number(value) is None or _number(value) != _number(default))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def store(kind: RecordType, record: Any, form: MultiDict[str, str]) -> None:
    """Create, change and remove rows as posted; raises `Invalid` with names such as `lines-0-2-quantity`."""
    errors: list[FieldError] = []
    for number, spec in specs(kind, record):
        kept = 0
        for row in posted(number, spec, form):
            try:
                kept += _store(spec, record, row, kept + 1)
            except Invalid as error:
                begin = f"lines-{number}-{row.number}-"
                errors += [FieldError(f"{begin}{e.field}", e.code, e.message) for e in error.errors]
    if errors:
        raise Invalid(errors)


def _store(spec: Lines, record: Any, row: Row, place: int) -> int:
    """One row; 1 when it stays."""
    model = registry().types[spec.record].model
    values = row.values | ({spec.order: place} if spec.order else {})
    if row.ident is None:
        service.create(model, values | {spec.via: record.id})
        return 1
    found = service.get(model, row.ident)
    if getattr(found, f"{spec.via}_id") != record.id:
        raise NotFound()
    if row.gone:
        service.delete(found)
        return 0
    if not service.may(found, "update"):
        raise Forbidden(detail={"record": spec.record, "action": "update"})
    service.update(found, values)
    return 1


def tables(
    kind: RecordType, record: Any, subject: Any, form: MultiDict[str, str] | None, errors: Errors
) -> list[dict[str, Any]]:
    """The tables as the template draws them: stored rows, or those that were posted; and a blank one."""
    made = []
    for number, spec in specs(kind, subject):
        target = registry().types[spec.record]
        names = _shown(target, spec)
        rows = posted(number, spec, form) if form is not None else _stored(target, spec, record)
        told = (target, names, number, errors)
        made.append(
            {
                "label": str(spec.label or target.plural),
                "add": str(target.label),
                "heads": [str(target.fields[name].label) for name in names],
                "rows": [_drawn(*told, row) for row in rows if not row.gone],
                "gone": [(f"lines-{number}-{row.number}", row.ident) for row in rows if row.gone],
                "blank": _drawn(*told, Row(PLACE, None, {n: _default(target.fields[n]) for n in names})),
                "begin": f"lines-{number}-",
            }
        )
    return made


def _shown(target: RecordType, spec: Lines) -> list[str]:
    treated = access().treatments(target.model, db.session().principal)
    return [n for n in spec.fields if n in target.fields and target.fields[n].writable and n not in treated]


def _default(spec: Field) -> Any:
    return None if callable(spec.default) else spec.default


def _stored(target: RecordType, spec: Lines, record: Any) -> list[Row]:
    if record is None:
        return []
    model = target.model
    order = getattr(model, spec.order) if spec.order else model.id
    chosen = select(model).where(getattr(model, f"{spec.via}_id") == record.id).order_by(order, model.id)
    found = db.session.scalars(chosen.limit(MOST))
    return [Row(str(r.id), r.id, {n: getattr(r, target.fields[n].attr) for n in spec.fields}) for r in found]


def _drawn(target: RecordType, names: list[str], number: int, errors: Errors, row: Row) -> dict[str, Any]:
    begin = f"lines-{number}-{row.number}-"
    fields = []
    for name in names:
        spec, value = target.fields[name], row.values.get(name)
        if spec.target and value:
            value = {"id": int(value), "label": labels(spec.target, [int(value)]).get(int(value), "")}
        fields.append(field_of(spec, value, errors.get(begin + name)) | {"name": begin + name, "required": True})
    own = [text for at, text in errors.items() if at == begin]
    return {"begin": begin, "id": row.ident, "fields": fields, "errors": own}
