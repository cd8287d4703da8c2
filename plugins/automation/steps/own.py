"""Steps that write records: fields of this one, or a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core import _, create, gettext, record_class, registry, update
from plugins.automation import choices, words
from plugins.automation.steps.base import Input, Occasion, StepKind


def settable(record_key: str | None) -> list[tuple[str, Any]]:
    """Fields that a rule may fill in."""
    kind = registry().types.get(record_key or "")
    fields = kind.fields.items() if kind else ()
    return [(n, s.label) for n, s in fields if s.writable and not s.hidden and s.kind not in ("secret", "json", "file")]


def value_for(spec: Any, given: Any, occasion: Occasion) -> Any:
    """A value of the rule as one of the field: text is filled in, days are reckoned, `{field}` copies a field."""
    text = str(given if given is not None else "").strip()
    if not text:
        return None
    if spec.kind == "date":
        day = words.day_of(text, occasion.record)
        return day.isoformat() if day else None
    whole = words.PLACE.fullmatch(text)
    if whole and spec.kind not in ("text", "long_text") and occasion.record is not None:
        told = words.value_at(occasion.record, whole[1])
        return told.get("id") if isinstance(told, dict) else told
    if spec.kind in ("tags", "multi_choice"):
        return [part.strip() for part in occasion.fill(text).split(";") if part.strip()]
    if spec.kind == "boolean":
        return text in ("1", "true", "yes")
    if spec.kind == "link":
        return occasion.runs_as if text == "me" else int(text)
    return occasion.fill(text)


def _values(record_key: str, given: Any, occasion: Occasion) -> dict[str, Any]:
    fields = registry().types[record_key].fields
    return {row["field"]: value_for(fields[row["field"]], row.get("value"), occasion) for row in given or ()}


def check_values(record_key: str | None, given: Any, places_of: str | None) -> Iterator[tuple[str, Any]]:
    """Names of fields that can be filled in, values that fit, places that lead somewhere."""
    known = dict(settable(record_key))
    if not isinstance(given, list) or not given:
        yield "values", _("Choose at least one field.")
        return
    for row in given:
        name = row.get("field") if isinstance(row, dict) else None
        if name not in known:
            yield "values", _("The field “%(name)s” cannot be filled in.", name=name or "")
            continue
        lost = words.unknown_places(str(row.get("value") or ""), places_of)
        if lost:
            yield "values", _("There is no field “%(name)s” here.", name=lost[0])
        elif not _fits(registry().types[record_key or ""].fields[name], str(row.get("value") or "").strip()):
            yield "values", _("“%(value)s” does not fit “%(name)s”.", value=row.get("value"), name=known[name])


def _fits(spec: Any, text: str) -> bool:
    if not text or words.PLACE.search(text):
        return not (spec.required and not text)
    if spec.kind == "choice":
        return spec.choice(text) is not None
    if spec.kind == "link":
        return text.isdigit() or (text == "me" and spec.target == "core.user")
    if spec.kind == "date":
        try:
            return words.day_of(text, None) is not None
        except ValueError:
            return False
    return True


def set_fields(occasion: Occasion, step: dict[str, Any]) -> str:
    """Fill in fields of the record."""
    values = _values(occasion.record_key or "", step.get("values"), occasion)
    before = {name: words.words_of(occasion.record, name) for name in values}
    update(occasion.record, values)
    told = []
    for name, old in before.items():
        label, new = (
            registry().types[occasion.record_key or ""].fields[name].label,
            words.words_of(occasion.record, name),
        )
        told.append(f"{label}: {old or '–'} → {new or '–'}")
    return gettext(", ").join(told)


def create_record(occasion: Occasion, step: dict[str, Any]) -> str:
    """Make a record of another type, or of the same."""
    key = step["record"]
    made = create(record_class(key), _values(key, step.get("values"), occasion))
    return f"{registry().types[key].label}: {made.called}"


def _check_set(record_key: str | None, step: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return check_values(record_key, step.get("values"), record_key)


def _check_create(record_key: str | None, step: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return check_values(step.get("record"), step.get("values"), record_key)


def _types(_record_key: str | None) -> list[tuple[str, Any]]:
    return [(c.code, c.label) for c in choices.record_types()]


HINT = _("A day: today+3 or {field}-7. A field of this record: {field}. Empty: nothing stands there.")
KINDS = [
    StepKind(
        "set_fields",
        _("Fill in fields"),
        lambda _key: (Input("values", _("Fields"), "values", required=True, choices=settable, help=HINT),),
        set_fields,
        icon="edit",
        check=_check_set,
    ),
    StepKind(
        "create_record",
        _("Make a record"),
        lambda _key: (
            Input("record", _("Of type"), "choice", required=True, choices=_types),
            Input("values", _("Fields"), "values", required=True, choices=settable, help=HINT),
        ),
        create_record,
        icon="file-plus",
        needs_record=False,
        check=_check_create,
    ),
]
