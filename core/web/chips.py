"""Filter conditions in words: chips over a list, and the form that adds one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.errors import BadRequest
from core.i18n import _, gettext
from core.records.dump import labels
from core.records.fields import Field
from core.records.query import RELATIVE, Filter, find_field, value_of
from core.registry import RecordType
from core.web import format as fmt
from core.web.liststate import ListState, readable

WORDS = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is any of"),
    "contains": _("contains"),
    "lt": _("before"),
    "lte": _("up to"),
    "gt": _("after"),
    "gte": _("from"),
}
NUMBER_WORDS = {"lt": _("less than"), "lte": _("at most"), "gt": _("more than"), "gte": _("at least")}
ICONS = {"link": "user", "choice": "approval", "date": "calendar", "datetime": "calendar", "money": "coin"}
_TEXT_OPS = ("contains", "eq", "ne", "isnull")
_ORDER_OPS = ("gte", "lte", "eq", "isnull")
OPERATORS = {
    "text": _TEXT_OPS,
    "long_text": ("contains", "isnull"),
    "choice": ("in", "ne", "isnull"),
    "multi_choice": ("contains", "isnull"),
    "tags": ("contains", "isnull"),
    "boolean": ("eq",),
    "link": ("eq", "ne", "isnull"),
    "date": _ORDER_OPS,
    "datetime": _ORDER_OPS,
    "integer": _ORDER_OPS,
    "decimal": _ORDER_OPS,
    "money": _ORDER_OPS,
    "file": ("isnull",),
}


def chips(state: ListState) -> list[dict[str, Any]]:
    """One chip per filter: field, operator, value, the address without it."""
    made = []
    for pair, item in zip(state.pairs, state.filters, strict=True):
        spec = find_field(state.kind, item.name)
        op, value = _words(spec, item)
        made.append(
            {
                "field": field_label(state.kind, item.name),
                "op": op,
                "value": value,
                "remove": state.without(pair),
                "icon": ICONS.get(spec.kind),
            }
        )
    return made


def field_label(kind: RecordType, name: str) -> str:
    """The label of a field; over links the labels of the way."""
    head, _sep, rest = name.partition(".")
    label = str(find_field(kind, head).label)
    return f"{label} / {find_field(kind, name).label}" if rest else label


def _words(spec: Field, item: Filter) -> tuple[str, str]:
    if item.op == "isnull":
        return (
            gettext("is empty") if str(item.value).lower() in ("1", "true", "yes", "on") else gettext("is filled in")
        ), ""
    words = NUMBER_WORDS if spec.kind in ("integer", "decimal", "money") and item.op in NUMBER_WORDS else WORDS
    values = str(item.value).split(",") if item.op == "in" else [item.value]
    return str(words[item.op]), gettext(", ").join(value_words(spec, v) for v in values)


def value_words(spec: Field, raw: Any) -> str:
    """A filter's value as people say it: choice labels, names behind ids, 今天, 我."""
    if raw == "":
        return gettext("empty")
    if spec.kind in ("choice", "multi_choice"):
        found = spec.choice(str(raw))
        return str(found.label) if found else str(raw)
    if spec.kind == "boolean":
        return gettext("yes") if value_of(spec, raw) else gettext("no")
    if spec.kind in ("link", "file") and spec.target:
        if raw == "me":
            return gettext("me")
        ident = value_of(spec, raw)
        return labels(spec.target, [ident]).get(ident, str(raw))
    if spec.kind in ("date", "datetime") and (found := RELATIVE.match(str(raw))):
        return _relative(found[1], found[2])
    return fmt.money(value_of(spec, raw)) if spec.kind == "money" else str(raw)


def _relative(sign: str | None, days: str | None) -> str:
    if not sign:
        return gettext("today")
    return gettext("%(n)s days from today", n=days) if sign == "+" else gettext("%(n)s days ago", n=days)


def filterable(state: ListState) -> list[dict[str, Any]]:
    """Fields that the form offers, with operators and values; the view's own filters first."""
    kind = state.kind
    names = [n for n in state.view.filters if readable(kind, n)]
    names += [
        f.name for f in kind.fields.values() if f.name not in names and f.kind in OPERATORS and readable(kind, f.name)
    ]
    return [_offer(kind, n) for n in names]


def _offer(kind: RecordType, name: str) -> dict[str, Any]:
    spec = find_field(kind, name)
    numeric = spec.kind in ("integer", "decimal", "money")
    ops = [
        (op, str((NUMBER_WORDS if numeric and op in NUMBER_WORDS else WORDS).get(op, _("is empty"))))
        for op in OPERATORS.get(spec.kind, ("isnull",))
    ]
    options = [(c.code, str(c.label)) for c in spec.choices] if spec.kind in ("choice", "multi_choice") else []
    if spec.kind == "boolean":
        options = [("1", gettext("yes")), ("0", gettext("no"))]
    return {
        "name": name,
        "label": field_label(kind, name),
        "kind": spec.kind,
        "ops": ops,
        "options": options,
        "target": spec.target,
        "date": spec.kind in ("date", "datetime"),
        "numeric": numeric,
    }


def with_filter(state: ListState, name: str, op: str, values: list[str]) -> str:
    """The address of the list with one more condition; raises `BadRequest` for an unknown field or operator."""
    spec = find_field(state.kind, name)
    if op not in OPERATORS.get(spec.kind, ("isnull",)):
        raise BadRequest(_("Choose how to compare."))
    value = "1" if op == "isnull" else ",".join(v for v in values if v != "")
    if not value:
        raise BadRequest(_("Give a value for the condition."))
    pair = (name if op == "eq" else f"{name}__{op}", value)
    kept = tuple(p for p in state.pairs if p[0] != pair[0])
    return replace(state, pairs=(*kept, pair), preset="-" if state.preset == "-" else "").url()
