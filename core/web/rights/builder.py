"""A built condition as rows of a form and as words: which fields can be asked, how, and what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

from werkzeug.datastructures import MultiDict

from core.errors import BadRequest
from core.i18n import _, gettext
from core.permissions.principal import SYSTEM
from core.records.conditions import OF_PERSON as TARGETS
from core.records.conditions import find_field, judging
from core.records.dump import labels
from core.records.fields import Field
from core.records.query import RELATIVE
from core.registry import RecordType, registry
from core.web.chips import NUMBER_WORDS, OPERATORS, WORDS
from core.web.widgets import field_of

NOT_ASKED = ("json", "secret", "file")
OF_PERSON = {
    "me": _("whoever asks"),
    "my_department": _("their department and below"),
    "my_branch": _("their branch"),
    "my_team": _("their team"),
}


def askable(kind: RecordType) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields in groups for a select: the record's own, then those of what it links to."""
    own = [(name, str(spec.label)) for name, spec in _readable(kind)]
    groups = [(str(kind.label), own)]
    for name, spec in _readable(kind):
        target = registry().types.get(spec.target or "")
        if target is not None and target is not kind:
            inner = [(f"{name}.{n}", f"{spec.label} / {s.label}") for n, s in _readable(target)]
            groups.append((str(spec.label), inner))
    return groups


def _readable(kind: RecordType) -> Iterator[tuple[str, Field]]:
    return ((n, s) for n, s in kind.fields.items() if not s.hidden and s.kind not in NOT_ASKED)


def spec_of(kind: RecordType, name: str) -> Field | None:
    """The field of a dotted name, or None."""
    try:
        with judging(SYSTEM):
            return find_field(kind, name)
    except BadRequest:
        return None


def row(kind: RecordType, number: str, item: dict[str, Any]) -> dict[str, Any]:
    """One condition as the template draws it."""
    first = askable(kind)[0][1][0][0]
    name = item.get("field") or first
    spec = spec_of(kind, name) or kind.fields[first]
    numeric = spec.kind in ("integer", "decimal", "money")
    ops = [(op, _op_word(op, numeric)) for op in OPERATORS.get(spec.kind, ("isnull",))]
    value = item.get("value")
    special = value if isinstance(value, str) and value in TARGETS else ""
    offered = [(c, str(w)) for c, w in OF_PERSON.items() if TARGETS[c] == spec.target]
    plain = "" if special else value
    if isinstance(plain, list) and spec.kind not in ("choice", "multi_choice"):
        plain = ",".join(map(str, plain))
    picker = None
    if spec.target:
        picker = field_of(spec, plain if str(plain or "").isdigit() else None) | {"name": f"ref-{number}"}
    chosen = plain if isinstance(plain, list) else str(plain).split(",") if plain not in (None, "") else []
    return {
        "n": number,
        "field": name,
        "fields": askable(kind),
        "ops": ops,
        "op": item.get("op") or ops[0][0],
        "kind": spec.kind,
        "options": _options(spec),
        "chosen": [str(v) for v in chosen],
        "value": plain,
        "special": special,
        "offered": offered,
        "picker": picker,
        "relative": spec.kind in ("date", "datetime"),
    }


def _op_word(op: str, numeric: bool) -> str:
    return str((NUMBER_WORDS if numeric and op in NUMBER_WORDS else WORDS).get(op, _("is empty")))


def _options(spec: Field) -> list[tuple[str, str]]:
    if spec.kind == "boolean":
        return [("1", gettext("yes")), ("0", gettext("no"))]
    return [(c.code, str(c.label)) for c in spec.choices] if spec.kind in ("choice", "multi_choice") else []


def read(form: MultiDict[str, str]) -> dict[str, Any]:
    """The tree that a form says."""
    items = []
    for number in form.getlist("n"):
        name, op = form.get(f"field-{number}", ""), form.get(f"op-{number}", "eq")
        values = [v for v in form.getlist(f"value-{number}") if v != ""]
        value: Any = form.get(f"special-{number}") or form.get(f"ref-{number}") or ",".join(values)
        if op == "in":
            value = values
        if op == "isnull":
            value = "1"
        if name:
            items.append({"field": name, "op": op, "value": value})
    return {"any" if form.get("joined") == "any" else "all": items}


def flat(tree: dict[str, Any]) -> bool:
    """Whether the form can show the tree: no groups within groups."""
    return not any({"all", "any"} & item.keys() for item in next(iter(tree.values())))


def words(record: str, tree: dict[str, Any]) -> str:
    """A tree as a sentence."""
    kind = registry().types.get(record)
    if kind is None or not tree:
        return ""
    parts = [
        _item_words(kind, item) if "field" in item else f"({words(record, item)})" for item in next(iter(tree.values()))
    ]
    return reduce(_either if "any" in tree else _both, parts)


def _either(one: str, other: str) -> str:
    return gettext("%(one)s or %(other)s", one=one, other=other)


def _both(one: str, other: str) -> str:
    return gettext("%(one)s and %(other)s", one=one, other=other)


def _item_words(kind: RecordType, item: dict[str, Any]) -> str:
    spec = spec_of(kind, item["field"])
    if spec is None:
        return gettext("a field that is gone")
    steps, inner = [], kind
    for name in item["field"].split("."):
        found = inner.fields.get(name)
        steps.append(str(found.label) if found is not None else name)
        if found is not None and found.target:
            inner = registry().types[found.target]
    op = _op_word(item["op"], spec.kind in ("integer", "decimal", "money"))
    value = "" if item["op"] == "isnull" else _value_words(spec, item.get("value"))
    return f"{' / '.join(steps)} {op} {value}".strip()


def _value_words(spec: Field, value: Any) -> str:
    if isinstance(value, list):
        return gettext(", ").join(_value_words(spec, v) for v in value)
    if isinstance(value, str) and value in OF_PERSON:
        return str(OF_PERSON[value])
    if spec.target and str(value).isdigit():
        return labels(spec.target, [int(value)]).get(int(value)) or f"#{value}"
    if spec.kind in ("choice", "multi_choice"):
        found = [spec.choice(v) for v in str(value).split(",")]
        return gettext(", ").join(str(c.label) for c in found if c) or str(value)
    if spec.kind == "boolean":
        return gettext("yes") if str(value) in ("1", "true", "True") else gettext("no")
    if spec.kind in ("date", "datetime") and isinstance(value, str) and (days := RELATIVE.match(value)):
        return _day_words(days[1], days[2])
    return f"“{value}”"


def _day_words(sign: str | None, days: str | None) -> str:
    if not days:
        return gettext("today")
    return gettext("%(n)s days ago", n=days) if sign == "-" else gettext("%(n)s days from today", n=days)
