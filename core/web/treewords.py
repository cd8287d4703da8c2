"""Conditions in words: comparisons, values and whole trees as people say them, for chips, sentences and forms."""

from __future__ import annotations

from functools import reduce
from typing import Any

from core.errors import BadRequest
from core.i18n import _, gettext
from core.records import spans
from core.records.conditions import OF_PERSON, SYSTEM_FIELDS, find_field
from core.records.dump import labels
from core.records.fields import Field
from core.records.trees import Tree, parts_of
from core.registry import RecordType, registry
from core.web import format as fmt

WORDS = {
    "eq": _("is"),
    "ne": _("is not"),
    "in": _("is any of"),
    "nin": _("is none of"),
    "contains": _("contains"),
    "ncontains": _("does not contain"),
    "starts": _("begins with"),
    "lt": _("before"),
    "lte": _("up to"),
    "gt": _("after"),
    "gte": _("from"),
    "empty": _("is empty"),
    "filled": _("is filled in"),
}
NUMBER_WORDS = {"lt": _("less than"), "lte": _("at most"), "gt": _("more than"), "gte": _("at least")}
NUMBERS = ("integer", "decimal", "money")
DATES = ("date", "datetime")
_BARE = ("empty", "filled")
_ORDER = ("eq", "gte", "lte", "gt", "lt", "ne", *_BARE)
OPERATORS = {
    "text": ("contains", "ncontains", "eq", "ne", "starts", *_BARE),
    "long_text": ("contains", "ncontains", *_BARE),
    "choice": ("in", "nin", *_BARE),
    "multi_choice": ("in", "nin", *_BARE),
    "tags": ("contains", "ncontains", *_BARE),
    "boolean": ("eq",),
    "link": ("eq", "ne", *_BARE),
    **dict.fromkeys((*DATES, *NUMBERS), _ORDER),
    "file": _BARE,
}
"""What the form offers by kind of field; `empty` and `filled` are `isnull` with 1 and 0."""
PEOPLE = {
    "me": _("whoever asks"),
    "my_department": _("their department and below"),
    "my_branch": _("their branch"),
    "my_team": _("their team"),
}
"""How rights speak of who asks; lists say `me`."""
MINE = {
    "me": _("me"),
    "my_department": _("my department and below"),
    "my_branch": _("my branch"),
    "my_team": _("my team"),
}
SPANS = {
    "today": _("today"),
    "yesterday": _("yesterday"),
    "tomorrow": _("tomorrow"),
    "this_week": _("this week"),
    "last_week": _("last week"),
    "next_week": _("next week"),
    "this_month": _("this month"),
    "last_month": _("last month"),
    "next_month": _("next month"),
    "this_quarter": _("this quarter"),
    "last_quarter": _("last quarter"),
    "next_quarter": _("next quarter"),
    "this_year": _("this year"),
    "last_year": _("last year"),
    "next_year": _("next year"),
}
YES = ("1", "true", "yes", "on")


def op_code(op: str, value: Any) -> str:
    """The operator as the form names it."""
    return op if op != "isnull" else "empty" if str(value).lower() in YES else "filled"


def op_words(spec: Field, code: str) -> str:
    """`is any of`, `at least`, `before`."""
    return str((NUMBER_WORDS if spec.kind in NUMBERS and code in NUMBER_WORDS else WORDS)[code])


def field_label(kind: RecordType, name: str) -> str:
    """The label of a field; over links the labels of the way."""
    head, _sep, rest = name.partition(".")
    spec = kind.fields.get(head) or SYSTEM_FIELDS.get(head)
    label = str(spec.label) if spec is not None else head
    if not rest or spec is None or not spec.target:
        return label
    return f"{label} / {field_label(registry().types[spec.target], rest)}"


def values_words(spec: Field, op: str, value: Any, *, people: dict[str, Any] = MINE) -> str:
    """The value or values of a condition; empty where its operator takes none."""
    if op == "isnull":
        return ""
    several = value if isinstance(value, list) else str(value).split(",") if op in ("in", "nin") else [value]
    return gettext(", ").join(value_words(spec, v, people=people) for v in several)


def value_words(spec: Field, raw: Any, *, people: dict[str, Any] = MINE) -> str:
    """A value as people say it: choice labels, names behind ids, 今天, 我."""
    if raw in ("", None):
        return gettext("empty")
    if spec.kind in ("choice", "multi_choice"):
        found = spec.choice(str(raw))
        return str(found.label) if found else str(raw)
    if spec.kind == "boolean":
        return gettext("yes") if str(raw).lower() in YES else gettext("no")
    if spec.kind in ("link", "file") and spec.target:
        if raw in OF_PERSON:
            return str(people[raw])
        ident = int(raw) if str(raw).isdigit() and len(str(raw)) < 18 else 0
        return labels(spec.target, [ident]).get(ident, str(raw))
    if spec.kind in DATES and isinstance(raw, str):
        return span_words(raw)
    return fmt.money(raw) if spec.kind == "money" else str(raw)


def span_words(word: str) -> str:
    """`this_month` as 本月, `today-30` as 30 天前; what is no such word stays."""
    if word in SPANS:
        return str(SPANS[word])
    if found := spans.COUNTED.match(word):
        text = gettext("in the next %(n)s days", n=found[2])
        return text if found[1] == "next" else gettext("in the last %(n)s days", n=found[2])
    if found := spans.DAY.match(word):
        text = gettext("%(n)s days from today", n=found[2])
        return text if found[1] == "+" else gettext("%(n)s days ago", n=found[2])
    return word


def item_parts(kind: RecordType, item: dict[str, Any], *, people: dict[str, Any] = MINE) -> tuple[str, str, str]:
    """Field, comparison and value of one condition in words."""
    try:
        spec = find_field(kind, item["field"])
    except BadRequest:
        return gettext("a field that is gone"), "", ""
    op, value = item["op"], item.get("value")
    words = values_words(spec, op, value, people=people)
    return field_label(kind, item["field"]), op_words(spec, op_code(op, value)), words


def sentence(kind: RecordType, tree: Tree, *, people: dict[str, Any] = MINE) -> str:
    """A tree as a sentence."""
    joined, parts = parts_of(tree)
    told = [
        " ".join(w for w in item_parts(kind, part, people=people) if w)
        if "field" in part
        else f"({sentence(kind, part, people=people)})"
        for part in parts
    ]
    return reduce(_either if joined == "any" else _both, told) if told else ""


def _either(one: str, other: str) -> str:
    return gettext("%(one)s or %(other)s", one=one, other=other)


def _both(one: str, other: str) -> str:
    return gettext("%(one)s and %(other)s", one=one, other=other)
