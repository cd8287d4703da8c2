"""What a definition must be: names that cannot clash, choices that are whole, and nothing that would lose values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from core.errors import FieldError, Invalid
from core.i18n import _
from core.permissions.rules import access
from core.records.conditions import column_of
from core.records.custom.known import CODE, field_of_row
from core.records.custom.model import CustomField
from core.records.custom.values import PREFIX
from core.records.fields import Field
from core.records.reading import run
from core.records.schema import CodedError, schema_field
from core.registry import RecordType, registry

CHOICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.IGNORECASE)
LONGEST = 34
MOST_FIELDS, MOST_CHOICES = 100, 300
OWN_PLACES = frozenset({"core.branch", "core.department", "core.team", "core.user"})
"""Record types of the core that may have custom fields; the others are its own bookkeeping."""
PERMANENT = {"record_key": _("Record type"), "code": _("Code"), "kind": _("Kind"), "target": _("Links to")}
TONES = ("", "plain", "accent", "done", "warn", "today", "danger")
"""The colours that a badge may have."""


def takes_custom(kind: RecordType) -> bool:
    """Whether administrators may add fields to this record type."""
    return kind.public and (kind.plugin != "core" or kind.key in OWN_PLACES)


def check(records: list[Any]) -> None:
    """Raises `Invalid` that names what to mend in these definitions."""
    for record in records:
        errors = list(_errors(record))
        if errors:
            raise Invalid(errors)
    _check_numbers(records)


def _errors(record: Any) -> Iterator[FieldError]:
    kind = registry().types.get(record.record_key or "")
    if kind is None or not takes_custom(kind):
        yield FieldError("record_key", "choice", _("Fields cannot be added to this record type."))
    if not CODE.fullmatch(record.code or "") or len(record.code) > LONGEST:
        text = _("Small letters, digits and single underscores behind %(begin)s, for example x_budget.", begin=PREFIX)
        yield FieldError("code", "code", text)
    if (record.kind == "link") != bool(record.target) or (
        record.target and not takes_custom_link(registry().types.get(record.target))
    ):
        yield FieldError("target", "choice", _("Choose the record type that a link leads to, and only for links."))
    if not 0 <= (record.decimals if record.decimals is not None else 2) <= 4:
        yield FieldError("decimals", "range", _("From 0 to 4 decimal places."))
    yield from _choice_errors(record)
    for name in ("readers", "writers"):
        if unknown := sorted(set(getattr(record, name) or ()) - known_roles()):
            text = _("There is no role %(names)s.", names=", ".join(unknown))
            yield FieldError(name, "choice", text)
    yield from _default_errors(record)


def takes_custom_link(kind: RecordType | None) -> bool:
    """Whether a custom link may lead to this record type."""
    return kind is not None and takes_custom(kind)


def known_roles() -> set[str]:
    """Codes of the roles of this deployment."""
    return set(access().all_roles())


def _choice_errors(record: Any) -> Iterator[FieldError]:
    given = record.choices or []
    if record.kind not in ("choice", "multi_choice"):
        if given:
            yield FieldError("choices", "choice", _("Only fields that are chosen from a list have choices."))
        return
    shaped = isinstance(given, list) and all(isinstance(c, dict) and isinstance(c.get("code"), str) for c in given)
    if not shaped or not 0 < len(given) <= MOST_CHOICES:
        yield FieldError("choices", "required", _("Give from 1 to %(n)s choices.", n=MOST_CHOICES))
        return
    codes = [c["code"] for c in given]
    if len(set(codes)) != len(codes):
        yield FieldError("choices", "unique", _("Each choice needs a code of its own."))
    for choice in given:
        words = [choice.get("zh"), choice.get("en") or "", choice.get("tone") or ""]
        if not CHOICE.fullmatch(choice["code"]):
            yield FieldError("choices", "code", _("A code is made of letters, digits and underscores."))
        elif not all(isinstance(w, str) and len(w) <= 120 for w in words) or not words[0] or words[2] not in TONES:
            yield FieldError("choices", "label", _("Each choice needs a name in Chinese."))


def _default_errors(record: Any) -> Iterator[FieldError]:
    text = record.begins_with
    if text in (None, "") or (record.kind == "date" and text == "today"):
        return
    if record.kind in ("file", "link"):
        yield FieldError("begins_with", "kind", _("Fields of this kind begin empty."))
        return
    spec = described(record)
    if spec is None:
        return  # the choices themselves are wrong, which is said at them
    given: Any = [part.strip() for part in text.split(",")] if record.kind == "multi_choice" else text
    try:
        schema_field(spec)._deserialize(given, spec.name, None)
    except CodedError as error:
        yield FieldError("begins_with", error.code, error.text)


def described(record: Any) -> Field | None:
    """The field that a definition would make, stored or not yet; None while its choices are misshapen."""
    row = {column.key: getattr(record, column.key) for column in CustomField.__table__.columns} | {"begins_with": None}
    try:
        return field_of_row(row)
    except (KeyError, TypeError, AttributeError):
        return None


def check_changes(changes: list[Any]) -> None:
    """Raises `Invalid` where a change would leave stored values without meaning."""
    for change in changes:
        errors = [
            FieldError(name, "permanent", _("“%(name)s” stays as it was made: values hang on it.", name=label))
            for name, label in PERMANENT.items()
            if change.changed(name)
        ]
        if change.changed("choices"):
            errors += _lost_choices(change)
        if errors:
            raise Invalid(errors)


def _lost_choices(change: Any) -> Iterator[FieldError]:
    lost = {c["code"] for c in change.old["choices"] or ()} - {
        c.get("code") for c in change.new["choices"] or () if isinstance(c, dict)
    }
    for code in sorted(lost):
        if number := uses(change.record, code):
            text = _("%(n)s records hold “%(code)s”. Retire the choice instead of removing it.", n=number, code=code)
            yield FieldError("choices", "in_use", text)


def uses(record: Any, code: str | None = None) -> int:
    """How many records hold a value of this field, or this choice of it; asked past the rules, the number is all."""
    kind = registry().types.get(record.record_key)
    spec = described(record)
    if kind is None or spec is None:
        return 0
    table = kind.model.__table__
    column = column_of(kind, spec)
    held = column.is_not(None)
    if code is not None:
        from core.records.conditions import _contains

        held = _contains(spec, column, code) if spec.kind == "multi_choice" else column == code
    return run(select(func.count()).select_from(table).where(held)).scalar_one()


def _check_numbers(records: list[Any]) -> None:
    table = CustomField.__table__
    for key in {record.record_key for record in records}:
        held = run(select(func.count()).where(table.c.record_key == key, table.c.archived_at.is_(None))).scalar_one()
        if held >= MOST_FIELDS + len(records):
            text = _("A record type takes %(n)s custom fields at most.", n=MOST_FIELDS)
            raise Invalid([FieldError("record_key", "too_many", text)])


def next_place(key: str) -> int:
    """The number behind the last field of a record type."""
    table = CustomField.__table__
    return (run(select(func.max(table.c.place)).where(table.c.record_key == key)).scalar() or 0) + 10


def draft(**values: Any) -> Any:
    """A definition that is not stored, for previews and checks."""
    blank = {column.key: None for column in CustomField.__table__.columns} | {"needed": False, "closed": "hidden"}
    return SimpleNamespace(**blank | values)
