"""Pieces of the OpenAPI document that no deployment changes: field schemas, common parameters, problem answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from core.api.model import MAX_KEY
from core.api.openapi_values import FLAGS, sent
from core.records.conditions import OPERATORS
from core.records.fields import Field

LINK = {
    "type": ["object", "null"],
    "properties": {"id": {"type": "integer"}, "label": {"type": "string"}, "hidden": {"const": True}},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "long_text": {"type": "string"},
    "secret": {"type": "string", "writeOnly": True},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "format": "decimal"},
    "money": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "choice": {"type": "string"},
    "multi_choice": {"type": "array", "items": {"type": "string"}},
    "tags": {"type": "array", "items": {"type": "string"}},
    "json": {"type": ["object", "array"]},
}
COMPARED = ("integer", "decimal", "money", "date", "datetime")
TEXTS = ("text", "long_text")


def schema_of(spec: Field, *, write: bool = False) -> dict[str, Any]:
    """JSON Schema of a field's value, as it is read or as it is sent."""
    if write:
        return sent(spec)
    if spec.kind in ("link", "file"):
        return dict(LINK)
    made = dict(SCHEMAS.get(spec.kind, {}))
    if spec.max_length and spec.kind in TEXTS:
        made["maxLength"] = spec.max_length
    codes = (
        [c.code for c in spec.choices] if spec.choices_source is not None and not callable(spec.choices_source) else []
    )
    if codes and spec.kind == "choice":
        made["enum"] = codes
    elif codes:
        made["items"] = {"type": "string", "enum": codes}
    return made if spec.required else nullable(made)


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, or null."""
    kinds = schema.get("type", [])
    made = {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]} if kinds else schema
    return {**made, "enum": [*schema["enum"], None]} if "enum" in schema else made


def described(spec: Field, schema: dict[str, Any]) -> dict[str, Any]:
    """With title, help and the record that a link points to."""
    made = {**schema, "title": str(spec.label)}
    if spec.help:
        made["description"] = str(spec.help)
    if not spec.writable:
        made["readOnly"] = True
    return {**made, "x-record": spec.target} if spec.target else made


def operators(spec: Field) -> tuple[str, ...]:
    """The filter operators that a field takes."""
    if spec.kind in COMPARED:
        return ("eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "isnull")
    if spec.kind in TEXTS:
        return ("eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "contains", "ncontains", "starts", "isnull")
    if spec.kind in ("tags", "multi_choice"):
        return ("eq", "ne", "in", "nin", "contains", "ncontains", "isnull")
    return ("isnull",) if spec.kind == "json" else ("eq", "ne", "in", "nin", "isnull")


def reference(name: str, section: str = "schemas") -> dict[str, str]:
    """A pointer to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def body(schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """A JSON request body."""
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def answers(good: dict[int, Any], *refusals: int) -> dict[str, Any]:
    """Responses by status: the good ones with their schema, the refusals as problem+json."""
    made: dict[str, Any] = {}
    for status, schema in good.items():
        made[str(status)] = {"description": HTTPStatus(status).phrase}
        if schema is not None:
            made[str(status)]["content"] = {"application/json": {"schema": schema}}
    for status in sorted({400, 401, 403, 404, *refusals, 500, 503}):
        made[str(status)] = reference("problem", "responses")
    return made


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


PARAMETERS: dict[str, Any] = {
    "id": _path("id"),
    "file": _path("file"),
    "q": _query("q", "Words that must all be somewhere in the searchable fields"),
    "where": _query(
        "where",
        "A tree of conditions, up to three levels. Values may be `me`, `my_department`, `today-30`, `this_week`, "
        "`next_month`, `next_30_days`",
        type="string",
        format="where",
        contentMediaType="application/json",
        contentSchema={"$ref": "#/components/schemas/where"},
    ),
    "cursor": _query("cursor", "The `next` of the page before", type="string", format="cursor"),
    "limit": _query(
        "limit",
        "Rows of a page, at most 200; 0 with count=1 for the total alone",
        type="integer",
        minimum=0,
        maximum=999_999_999,
        default=50,
    ),
    "fields": _query("fields", "Names of the fields to read, with commas; id and version always come"),
    "expand": _query("expand", "Links to show whole, with commas"),
    "count": _query("count", "1: add the total", enum=list(FLAGS)),
    "archived": _query("archived", "1: also archived records", enum=list(FLAGS)),
    "ifMatch": _header("If-Match", "ETag of the version that was edited"),
    "idempotencyKey": _header(
        "Idempotency-Key",
        "The same key with the same request has one effect and one answer",
        pattern=f"^[!-~]([ -~]{{0,{MAX_KEY - 2}}}[!-~])?$",
    ),
}
_FILE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "filename": {"type": "string"},
        "kind": {"type": ["string", "null"]},
        "mime": {"type": "string"},
        "size": {"type": "integer"},
        "sha256": {"type": "string"},
        "revision": {"type": "integer"},
        "client_visible": {"type": "boolean"},
        "created_at": {"type": "string", "format": "date-time"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {n: {"type": "string"} for n in ("field", "code", "message")},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _ERROR},
        "incident": {"type": "string"},
        "version": {"type": "integer"},
    },
}
_ITEM = {
    "type": "object",
    "required": ["field", "op"],
    "additionalProperties": False,
    "properties": {"field": {"type": "string"}, "op": {"enum": list(OPERATORS)}, "value": {}},
}
_GROUP = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        joined: {"type": "array", "minItems": 1, "items": {"anyOf": [_ITEM, reference("where")]}}
        for joined in ("all", "any")
    },
}
COMPONENTS: dict[str, Any] = {
    "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    "parameters": PARAMETERS,
    "responses": {
        "problem": {
            "description": "Refused, with the reason",
            "content": {"application/problem+json": {"schema": reference("problem")}},
        }
    },
    "schemas": {
        "problem": _PROBLEM,
        "where": _GROUP,
        "file": _FILE,
        "files": {"type": "object", "properties": {"data": {"type": "array", "items": reference("file")}}},
    },
}
