"""What the API takes, as JSON Schema: values of bodies with all forms that are understood, and filters of addresses."""

from __future__ import annotations

import re
from typing import Any

from core.records.fields import Field

Schema = dict[str, Any]
TEXTS = ("text", "long_text", "secret")
FIGURES = ("integer", "decimal", "money")
LINKS = ("link", "file")
LARGEST = 2**31 - 1
LONGEST = 2000
"""Signs of one value in an address (`core.api.params` refuses more)."""
LARGEST_ID = 2**53 - 1
WHOLE = r"^[+-]?[0-9]{1,9}$"
PERIODS = "(this|last|next)_(week|month|quarter|year)"
RELATIVE = rf"^(today([+-][0-9]{{1,5}})?|yesterday|tomorrow|{PERIODS}|(next|last)_[0-9]{{1,5}}_days)$"
WORDS = ("true", "false", "1", "0", "on", "off", "yes", "no", "是", "否")
"""Yes and no as forms and sheets write them."""
WITHOUT_NUL = r"^[^\x00]*$"
"""No database holds the sign with the number 0 in a text."""
ORDERED = ("lt", "lte", "gt", "gte")
FLAGS = ("1", "0", "true", "false", "yes", "no", "")


def sent(spec: Field) -> Schema:
    """A value in a body. Amounts are texts, so that none is rounded; figures, days and links are also read as texts.

    Null or an empty text leaves a field empty, or as it is by default.
    """
    made = _sent(spec)
    return made if spec.required and spec.default is None else {"anyOf": [made, {"type": "null"}, {"const": ""}]}


def _sent(spec: Field) -> Schema:
    if spec.kind in TEXTS:
        return {"type": ["string", "number"], **({"maxLength": spec.max_length} if spec.max_length else {})}
    if spec.kind == "integer":
        return {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": WHOLE}]}
    if spec.kind in FIGURES:
        return {"type": ["string", "number"]}
    if spec.kind in ("date", "datetime"):
        return {"type": "string", "format": "date" if spec.kind == "date" else "date-time"}
    if spec.kind == "boolean":
        return {"enum": [True, False, 1, 0, *WORDS]}
    if spec.kind in ("choice", "multi_choice"):
        one = {"enum": _codes(spec)} if _codes(spec) else {"type": ["string", "integer"]}
        return one if spec.kind == "choice" else {"anyOf": [{"type": "array", "items": one}, one]}
    if spec.kind == "tags":
        return {"anyOf": [{"type": "array", "items": {"type": ["string", "number", "boolean"]}}, {"type": "string"}]}
    return _link() if spec.kind in LINKS else {"type": ["object", "array"]}


def _link() -> Schema:
    """An id, also as text, or an object that holds it, as it was read."""
    ident: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[1-9][0-9]{0,14}$"}]}
    whole = {"type": "object", "required": ["id"], "properties": {"id": ident}}
    return {"anyOf": [*ident["anyOf"], whole]}


def _codes(spec: Field) -> list[Any]:
    """The codes of a closed list, figures also as figures; nothing where the list may change."""
    if spec.choices_source is None or callable(spec.choices_source):
        return []
    codes = [choice.code for choice in spec.choices]
    return [*codes, *(int(code) for code in codes if code.isdigit() and str(int(code)) == code)]


def asked(spec: Field, op: str) -> Schema:
    """The value of a filter in an address; empty asks for empty fields where equality is asked for."""
    if op == "isnull":
        return {"enum": list(FLAGS)}
    if op in ("contains", "ncontains", "starts") or spec.kind in ("choice", "tags", "multi_choice", *TEXTS):
        text = {"type": "string", "pattern": WITHOUT_NUL, "maxLength": LONGEST}
        return text | ({"minLength": 1} if op in ORDERED else {})
    one = _asked(spec)
    if op in ("in", "nin"):
        return _several(spec)
    return {"anyOf": [one, {"const": ""}]} if op in ("eq", "ne") else one


def _asked(spec: Field) -> Schema:
    if spec.kind == "integer":
        return {"type": "integer", "minimum": -LARGEST - 1, "maximum": LARGEST}
    if spec.kind in FIGURES:
        return {"type": "string", "pattern": f"^{_figure(spec)}$"}
    if spec.kind in ("date", "datetime"):
        shape = {"type": "string", "format": "date" if spec.kind == "date" else "date-time"}
        return {"anyOf": [shape, {"type": "string", "pattern": RELATIVE}]}
    if spec.kind in LINKS:
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LARGEST_ID}, {"const": "me"}]}
    return {"enum": list(WORDS)} if spec.kind == "boolean" else {"type": "string"}


def _several(spec: Field) -> Schema:
    """Values with commas between them."""
    if spec.kind in ("date", "datetime"):
        return {"type": "string", "format": "dates" if spec.kind == "date" else "date-times"}
    shapes = {"integer": "[+-]?[0-9]{1,9}", "boolean": f"({'|'.join(WORDS)})"}
    one = shapes.get(spec.kind, "[1-9][0-9]{0,14}" if spec.kind in LINKS else _figure(spec))
    return {"type": "string", "pattern": f"^({one}(,{one}){{0,49}})?$"}


def _figure(spec: Field) -> str:
    return "[+-]?[0-9]{1,12}" + (f"(\\.[0-9]{{1,{spec.scale}}})?" if spec.scale else "")


def names(known: list[str], *, signed: bool = False) -> Schema:
    """Names with commas between them, for `fields`, `expand` and `sort`."""
    if not known:
        return {"const": ""}
    one = ("-?" if signed else "") + f"({'|'.join(map(re.escape, sorted(known)))})"
    return {"type": "string", "pattern": f"^({one}(,{one}){{0,19}})?$"}
