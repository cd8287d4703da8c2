"""The form that builds a tree of conditions, nested up to three levels: its rows, and the tree that it says.

Each row knows its number and the group that it lies in, so that rows are added, changed and taken away one by one.
Lists and the conditions of rights use it; with whose sight fields are offered says `judging`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from core.errors import BadRequest
from core.i18n import gettext
from core.records import spans
from core.records.conditions import OF_PERSON, SYSTEM_FIELDS, find_field, judging
from core.records.fields import Field
from core.records.query import Filter, parse_filters
from core.records.trees import MOST_GROUPS, Tree, items, parts_of
from core.registry import RecordType, registry
from core.web import treewords as words
from core.web.liststate import RESERVED, readable
from core.web.widgets import field_of

NOT_ASKED = ("json", "secret")
OFFERED_SYSTEM = ("created_at", "created_by", "updated_at")
COUNTED = {"next": "next_%s_days", "last": "last_%s_days", "ago": "today-%s", "ahead": "today+%s"}
"""Words with a number of days in them, by their code in the form."""
ROOT = "root"
LONG = 10
"""More choices than these stand in a box that scrolls."""


def askable(kind: RecordType) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields in groups for a select: the record's own, then those of what it links to."""
    own = [(s.name, str(s.label)) for s in _readable(kind)]
    system = [(n, str(SYSTEM_FIELDS[n].label)) for n in OFFERED_SYSTEM]
    groups = [(str(kind.label), [*own, *system])]
    for spec in _readable(kind):
        target = registry().types.get(spec.target or "")
        if target is not None and target is not kind and spec.kind == "link":
            inner = [(f"{spec.name}.{s.name}", f"{spec.label} / {s.label}") for s in _readable(target)]
            groups.append((str(spec.label), inner))
    return groups


def _readable(kind: RecordType) -> Iterator[Field]:
    return (s for n, s in kind.fields.items() if not s.hidden and s.kind not in NOT_ASKED and readable(kind, n))


def group(
    kind: RecordType, tree: Tree, ident: str = ROOT, level: int = 1, *, people: dict[str, Any] = words.MINE
) -> dict[str, Any]:
    """A tree as the template draws it: groups with their parts, rows with their inputs; `people` words who asks."""
    joined, parts = parts_of(tree)
    made = [
        row(kind, number(), part, ident, people=people)
        if "field" in part or not part
        else group(kind, part, number(), level + 1, people=people) | {"within": ident}
        for part in parts
    ]
    deeper = level < MOST_GROUPS
    return {"n": ident, "joined": joined, "parts": made, "level": level, "deeper": deeper, "within": ""}


def number() -> str:
    """A new number for a row."""
    return secrets.token_hex(3)


def row(
    kind: RecordType,
    ident: str,
    item: dict[str, Any],
    within: str = ROOT,
    *,
    people: dict[str, Any] = words.MINE,
) -> dict[str, Any]:
    """One condition as the template draws it."""
    offered = askable(kind)
    name = item.get("field") or offered[0][1][0][0]
    spec = _spec(kind, name)
    if spec is None:
        name = offered[0][1][0][0]
        spec = find_field(kind, name)
    codes = words.OPERATORS.get(spec.kind, ("empty", "filled"))
    op = words.op_code(item["op"], item.get("value")) if item.get("op") else codes[0]
    codes = codes if op in codes else (*codes, op)
    return {
        "n": ident,
        "within": within,
        "field": name,
        "fields": offered,
        "ops": [(code, words.op_words(spec, code)) for code in codes],
        "op": op,
        "bare": op in ("empty", "filled"),
        "kind": spec.kind,
    } | _value(spec, op, item.get("value"), ident, people)


def _spec(kind: RecordType, name: str) -> Field | None:
    try:
        return find_field(kind, name)
    except BadRequest:
        return None


def _value(spec: Field, op: str, value: Any, ident: str, people: dict[str, Any]) -> dict[str, Any]:
    """The inputs for a value, filled in."""
    if spec.kind in words.DATES:
        return _days(value)
    several = op in ("in", "nin", "contains", "ncontains") and spec.kind in ("choice", "multi_choice")
    chosen = value if isinstance(value, list) else str(value).split(",") if value not in (None, "") else []
    made: dict[str, Any] = {
        "value": "" if value is None or isinstance(value, list) else value,
        "chosen": [str(v) for v in chosen],
        "options": _options(spec),
        "several": several,
        "type": "number" if spec.kind in words.NUMBERS else "text",
    }
    if spec.target:
        special = next((str(v) for v in chosen if v in OF_PERSON), "")
        known = next((str(v) for v in chosen if str(v).isdigit()), None)
        offered = [(code, str(text)) for code, text in people.items() if OF_PERSON[code] == spec.target]
        picker = field_of(spec, known) | {"name": f"ref-{ident}"}
        made |= {"special": special, "specials": offered, "picker": picker}
    return made


def _days(value: Any) -> dict[str, Any]:
    """Inputs of a day or a span: a word, a day in digits, or a number of days."""
    text = "this_month" if value is None else str(value)
    code, days = (text, "") if text in words.SPANS else ("", "")
    if found := spans.COUNTED.match(text):
        code, days = found[1], found[2]
    elif (found := spans.DAY.match(text)) and found[2]:
        code, days = ("ahead" if found[1] == "+" else "ago"), found[2]
    counted = [
        ("next", gettext("in the next … days")),
        ("last", gettext("in the last … days")),
        ("ago", gettext("… days ago")),
        ("ahead", gettext("… days from today")),
    ]
    offered = [*((code, str(text)) for code, text in words.SPANS.items()), *counted]
    day = text if spans.ISO_DAY.match(text) else ""
    return {"special": code, "specials": offered, "days": days, "counted": code in COUNTED, "value": day, "dated": True}


def _options(spec: Field) -> list[tuple[str, str]]:
    if spec.kind == "boolean":
        return [("1", gettext("yes")), ("0", gettext("no"))]
    return [(c.code, str(c.label)) for c in spec.choices] if spec.kind in ("choice", "multi_choice") else []


def read(form: MultiDict[str, str]) -> Tree | None:
    """The tree that a form says; None for no condition. Empty rows and empty groups fall away."""
    groups: dict[str, list[Any]] = {ROOT: []}
    joined = {n: "any" if form.get(f"join-{n}") == "any" else "all" for n in (ROOT, *form.getlist("g"))}
    for n in form.getlist("node"):
        within = groups.get(form.get(f"in-{n}", ROOT), groups[ROOT])
        if n in joined:
            groups[n] = []
            within.append((joined[n], groups[n]))
        elif (item := read_item(form, n)) is not None:
            within.append(item)
    return _pruned(joined[ROOT], groups[ROOT])


def _pruned(joined: str, parts: list[Any]) -> Tree | None:
    whole = [_pruned(*part) if isinstance(part, tuple) else part for part in parts]
    kept = [part for part in whole if part is not None]
    return {joined: kept} if kept else None


def read_item(form: MultiDict[str, str], n: str) -> dict[str, Any] | None:
    """One condition; None while its value is missing."""
    name, op = form.get(f"field-{n}", ""), form.get(f"op-{n}", "")
    if not name or not op:
        return None
    if op in ("empty", "filled"):
        return {"field": name, "op": "isnull", "value": "1" if op == "empty" else "0"}
    special, days = form.get(f"special-{n}", ""), form.get(f"days-{n}", "").strip()
    given = [v.strip() for v in form.getlist(f"value-{n}") if v.strip()]
    value: Any = special or form.get(f"ref-{n}", "") or (given[0] if given else "")
    if special in COUNTED:
        value = COUNTED[special] % days if days.isdigit() and len(days) < 6 else ""
    elif op in ("in", "nin"):
        value = given
    return {"field": name, "op": op, "value": value} if value not in ("", []) else None


def of_state(pairs: tuple[Filter, ...], where: Tree | None) -> Tree:
    """Filters and tree of an address as one tree, for the form."""
    parts = [_of_filter(f) for f in pairs]
    if where is None:
        return {"all": parts}
    joined, inner = parts_of(where)
    return {"all": [*parts, *inner]} if joined == "all" else where if not parts else {"all": [*parts, where]}


def _of_filter(item: Filter) -> dict[str, Any]:
    value = str(item.value).split(",") if item.op in ("in", "nin") else item.value
    return {"field": item.name, "op": item.op, "value": value}


def to_state(kind: RecordType, tree: Tree | None) -> tuple[tuple[tuple[str, str], ...], Tree | None]:
    """A tree as the address says it shortest: `field__op=value` pairs where they can, else the tree itself."""
    if tree is None:
        return (), None
    joined, parts = parts_of(tree)
    pairs = [_pair(part) for part in parts]
    plain = (joined == "all" or len(parts) == 1) and all(p is not None for p in pairs)
    if not plain:
        return (), tree
    found = tuple(p for p in pairs if p is not None)
    parse_filters(found, kind)
    return found, None


def _pair(part: dict[str, Any]) -> tuple[str, str] | None:
    if "field" not in part:
        return None
    value = part.get("value")
    values = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    if any(v in OF_PERSON for v in values) and isinstance(value, list):
        return None
    if (isinstance(value, list) and any("," in v for v in values)) or values in ([], [""]):
        return None
    name, op = part["field"], part["op"]
    return (name if op == "eq" and name not in RESERVED else f"{name}__{op}", ",".join(values))


def fragment(kind: RecordType, source: str, people: dict[str, Any] = words.MINE) -> Any:
    """One row or group of the form: for another field or comparison, or as a new one. `source` leads here again."""
    within, level = request.args.get("within", ROOT)[:12], request.args.get("level", 1, type=int)
    if request.args.get("what") == "group":
        made = group(kind, {"any" if level % 2 else "all": [{}]}, number(), level + 1, people=people)
        made["within"] = within
        return render_template("web/_tree_part.html", part=made, source=source)
    n = request.args.get("n", "")[:12] or number()
    asked: dict[str, Any] = {"field": request.args.get(f"field-{n}", "")}
    if request.args.get(f"was-{n}") == asked["field"]:
        asked = _as_it_stands(n) or asked
    return render_template("web/_tree_part.html", part=row(kind, n, asked, within, people=people), source=source)


def _as_it_stands(n: str) -> dict[str, Any] | None:
    """What a row says now, also while its value is still missing."""
    whole = read_item(request.args, n)
    if whole is not None:
        return whole
    op, special = request.args.get(f"op-{n}", ""), request.args.get(f"special-{n}", "")
    value = COUNTED[special] % "7" if special in COUNTED else "" if f"special-{n}" in request.args else None
    return {"field": request.args.get(f"field-{n}", ""), "op": op, "value": value} if op else None


def count(tree: Tree | None) -> int:
    """How many conditions a tree has."""
    return sum(1 for _item in items(tree)) if tree else 0


def filter_part(key: str) -> Any:
    """One row or group of the form over a list."""
    from core.web.listing import kind_of

    return fragment(kind_of(key), f"/r/{key}/-/filter/part")


def tree_form(kind: RecordType, tree: Tree | None, person: Any) -> dict[str, Any]:
    """A tree as `web/_tree.html` draws it, with the fields that `person` may ask for; for forms of plugins."""
    with judging(person):
        return group(kind, tree or {"all": [{}]}, people=words.MINE)


def tree_fragment(kind: RecordType, source: str, person: Any) -> Any:
    """What such a form asks from `source`: one more row or group, or a row for another field."""
    with judging(person):
        return fragment(kind, source)


def read_tree(form: MultiDict[str, str]) -> Tree | None:
    """The tree that such a form says; None for no condition."""
    return read(form)


def tree_sentence(kind: RecordType, tree: Tree, person: Any) -> str:
    """A tree in words."""
    with judging(person):
        return words.sentence(kind, tree, people=words.MINE)


def register(web: Blueprint) -> None:
    """The routes of this file."""
    web.add_url_rule("/r/<key>/-/filter/part", "filter_part", filter_part)
