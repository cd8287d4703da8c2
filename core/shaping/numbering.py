"""Numbering rules as an administrator shaped them: parts out of data, checks, and what the next numbers would be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from core.db import db, reading
from core.errors import FieldError, Invalid
from core.i18n import _
from core.records import numbering as declared
from core.records.base import MODELS
from core.records.numbering import RESETS, DatePart, FieldPart, NumberRule, Part, PluginPart, Seq, Text
from core.records.numbering import Sequence as Counter
from core.registry import RecordType, registry
from core.shaping.store import shapes

KIND = "numbering"
PATTERN = re.compile(r"(%[Yymd]|[-./])+")
PATTERNS = ("%Y", "%y", "%Y%m", "%y%m", "%Y%m%d", "%y%m%d", "%Y-%m", "%m", "%m%d")
WITHIN = {"day": (("Y", "y"), ("m",), ("d",)), "month": (("Y", "y"), ("m",)), "year": (("Y", "y"),)}
"""Which parts of a date must be printed, so that a counter that begins anew gives no number twice."""
PLAIN_KINDS = ("text", "integer", "choice")
SAMPLES = 4


def name_of(rule: NumberRule) -> str:
    """The name under which a rule's shape is kept; a second rule on the same field is told by its place."""
    same = [r for r in registry().numbering.get(rule.key, ()) if r.field == rule.field]
    place = same.index(rule) if rule in same else 0
    return f"{rule.key}.{rule.field}" + (f"#{place + 1}" if place else "")


def in_force(rule: NumberRule) -> tuple[Part, ...]:
    """The parts of a rule as shaped; its own where nothing was."""
    data = shapes(KIND).get(name_of(rule)) if shapes(KIND) else None
    return parts_of(rule, data) if data else rule.parts


def ever_shaped(rule: NumberRule) -> bool:
    """Whether numbers of another rule may have been given, so that a number is looked for before it is given."""
    return bool(shapes(KIND)) and name_of(rule) in shapes(KIND)


def parts_of(rule: NumberRule, data: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts out of their data; those that this deployment does not know are left out."""
    made = (_part(rule, row) for row in data.get("parts", ()))
    return tuple(part for part in made if part is not None)


def _part(rule: NumberRule, row: Mapping[str, Any]) -> Part | None:
    kind, fields = row.get("kind"), registry().types[rule.key].fields
    if kind == "text":
        return Text(str(row.get("text") or ""))
    if kind == "date":
        spec = fields.get(row.get("field") or "")
        return DatePart(row.get("pattern") or "%Y", field=spec.attr if spec else None)
    if kind == "field" and row.get("field") in fields:
        return FieldPart(_mapped(fields[row["field"]].attr, row.get("map") or {}), int(row.get("width") or 0), "X")
    if kind == "plugin":
        return PluginPart(row["code"]) if row.get("code") in registry().number_parts else None
    if kind == "shipped" and 0 <= int(row.get("index", -1)) < len(rule.parts):
        return rule.parts[int(row["index"])]
    if kind == "sequence":
        one = (lambda record: "") if row.get("scope") == "all" else None
        return Seq(int(row.get("width") or 3), row.get("reset") or None, one)
    return None


def _mapped(attr: str, words: Mapping[str, str]) -> Any:
    """The value of a field, or what the rule prints for it, in capitals."""

    def value(record: Any) -> Any:
        found = getattr(record, attr, None)
        return None if found in (None, "") else words.get(str(found)) or str(found).upper()

    return value


def data_of(rule: NumberRule) -> dict[str, Any]:
    """The shipped rule in the shape of the data, where its computed parts are named by their place."""
    return {"parts": [_row(rule, index, part) for index, part in enumerate(rule.parts)]}


def _row(rule: NumberRule, index: int, part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"kind": "text", "text": part.text}
    if isinstance(part, DatePart):
        names = {f.attr: n for n, f in registry().types[rule.key].fields.items()}
        return {"kind": "date", "pattern": part.pattern, "field": names.get(part.field or "")}
    if isinstance(part, PluginPart):
        return {"kind": "plugin", "code": part.code}
    if isinstance(part, Seq) and part.scope is None:
        return {"kind": "sequence", "width": part.width, "reset": part.reset, "scope": "before"}
    return {"kind": "shipped", "index": index}


def check(rule: NumberRule, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` for a rule that could not number or would give a number twice."""
    rows, errors = list(data.get("parts", ())), []
    kind = registry().types[rule.key]
    counters = [row for row in rows if _is_counter(rule, row)]
    if len(counters) != 1:
        errors.append(FieldError("parts", "sequence", _("A number has exactly one running part.")))
    for row in rows:
        errors += _wrong(kind, rule, row)
    if not errors:
        errors += _twice(rows, counters[0])
    if errors:
        raise Invalid(errors)


def _is_counter(rule: NumberRule, row: Mapping[str, Any]) -> bool:
    return isinstance(_part(rule, row), Seq)


def _wrong(kind: RecordType, rule: NumberRule, row: Mapping[str, Any]) -> Iterable[FieldError]:
    what = row.get("kind")
    if what == "text" and not re.fullmatch(r"[\w\-./ ]{1,20}", str(row.get("text") or "")):
        yield FieldError("text", "invalid", _("A fixed part has 1 to 20 letters, digits, dashes, dots or slashes."))
    if what == "date" and not PATTERN.fullmatch(str(row.get("pattern") or "")):
        yield FieldError("pattern", "invalid", _("A date is printed by %Y, %y, %m and %d, with dashes if wanted."))
    if what == "date" and row.get("field") and getattr(kind.fields.get(row["field"]), "kind", "") != "date":
        yield FieldError("field", "invalid", _("Choose a date of the record, or today."))
    if what == "field" and getattr(kind.fields.get(row.get("field") or ""), "kind", "") not in PLAIN_KINDS:
        yield FieldError("field", "invalid", _("Choose a text, a whole number or a choice of the record."))
    if what == "sequence" and not 1 <= int(row.get("width") or 0) <= 10:
        yield FieldError("width", "invalid", _("The running number has 1 to 10 digits."))
    if what == "sequence" and row.get("reset") not in RESETS:
        yield FieldError("reset", "invalid", _("It begins anew each day, month or year, or never."))
    if _part(rule, row) is None:
        yield FieldError("parts", "unknown", _("One part is not known here."))


def _twice(rows: Sequence[Mapping[str, Any]], counter: Mapping[str, Any]) -> Iterable[FieldError]:
    printed = "".join(str(row.get("pattern")) for row in rows if row.get("kind") == "date" and not row.get("field"))
    for letters in WITHIN.get(counter.get("reset") or "", ()):
        if not any(f"%{letter}" in printed for letter in letters):
            message = _("The running number begins anew, so the date of that day must be printed too.")
            yield FieldError("reset", "twice", message)
            return


def preview(rule: NumberRule, data: Mapping[str, Any], day: date) -> list[tuple[str, str]]:
    """(for what, the number it would get) for some imagined records; nothing is drawn from the counters."""
    given = registry().number_parts
    parts = (Text(given[p.code].sample) if isinstance(p, PluginPart) else p for p in parts_of(rule, data))
    trial = NumberRule(rule.key, rule.field, tuple(parts), rule.when)
    return [(words, _next(trial, record, day)) for words, record in _samples(registry().types[rule.key], data, day)]


def sample_of(rule: NumberRule, part: Part, day: date) -> str:
    """What one part of a rule prints for an imagined record."""
    found = next(iter(_samples(registry().types[rule.key], {}, day)))
    return "" if isinstance(part, Seq) else part.render(found[1], day)


def _samples(kind: RecordType, data: Mapping[str, Any], day: date) -> Iterable[tuple[str, Any]]:
    dates = {f.attr: day for f in kind.fields.values() if f.kind == "date"}
    plain = {f.attr: None if callable(f.default) else f.default for f in kind.fields.values()} | dates
    named = [row["field"] for row in data.get("parts", ()) if row.get("kind") == "field"]
    choosing = [f for f in kind.fields.values() if f.kind == "choice" and f.writable]
    chosen = next((f for f in choosing if f.name in named), choosing[0] if choosing else None)
    if chosen is None:
        yield "", SimpleNamespace(**plain)
        return
    for choice in [c for c in chosen.choices if not c.retired][:SAMPLES]:
        yield f"{chosen.label}: {choice.label}", SimpleNamespace(**plain | {chosen.attr: choice.code})


def _next(rule: NumberRule, record: Any, day: date) -> str:
    table, scope = Counter.__table__.c, rule.scope(record, day)
    held = select(table.value).where(table.key == f"{rule.key}.{rule.field}", table.scope == scope)
    with reading() as connection:
        last = connection.execute(held).scalar() or 0
        for number in range(last + 1, last + 1000):
            text = rule.render(record, day, number)
            if not taken(connection, rule, [text]):
                return text
    return rule.render(record, day, last + 1)


def taken(connection: Any, rule: NumberRule, numbers: list[str]) -> set[str]:
    """Those of the numbers that some record has already, whoever may see it."""
    model = MODELS[rule.key]
    column = model.__table__.c[rule.field]
    return set(connection.execute(select(column).where(column.in_(numbers))).scalars())


def install() -> None:
    """From now on each numbering rule asks here for its parts."""
    declared.shape_parts = in_force
    declared.ever_shaped = ever_shaped
    declared.taken = lambda rule, numbers: taken(db.session().connection(), rule, numbers)
