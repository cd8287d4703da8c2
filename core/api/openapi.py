"""OpenAPI 3.1 of exactly the record types and actions that are enabled, written from the registry once per language."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from core.api import openapi_values as values
from core.api import plugins, search, shares
from core.api.openapi_parts import COMPONENTS, PARAMETERS, answers, body, described, operators, reference, schema_of
from core.hooks.manifest import CORE_VERSION
from core.i18n import current_locale, gettext
from core.permissions.rules import STANDARD_ACTIONS
from core.records.conditions import treatment
from core.records.custom.known import edition
from core.records.fields import Field
from core.records.query import SYSTEM_FIELDS, UNSORTABLE
from core.registry import Action, RecordType, registry

IDS = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 500}
_written: dict[tuple[Any, ...], bytes] = {}


def openapi() -> Response:
    """GET of the document."""
    key = (id(registry()), current_locale(), edition().number, _closed())
    if key not in _written:
        _written[key] = orjson.dumps(document(), default=str)
    return Response(_written[key], 200, {"Cache-Control": "private, max-age=60"}, mimetype="application/json")


def _closed() -> frozenset[tuple[str, str]]:
    """The fields of administrators that this person does not read: the document does not tell of them."""
    types = registry().types
    return frozenset((key, n) for key, specs in edition().live.items() for n in specs if _hidden(types[key], n))


def _hidden(kind: RecordType, name: str) -> bool:
    rule = treatment(kind, name)
    return rule is not None and rule.treatment == "hidden"


def document() -> dict[str, Any]:
    """The whole document in the current language."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = dict(COMPONENTS["schemas"])
    kinds = [kind for kind in registry().types.values() if kind.public]
    for kind in kinds:
        schemas |= _schemas(kind)
        paths |= _paths(kind)
    paths |= plugins.paths(registry())
    paths |= search.paths()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zhian",
            "version": CORE_VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "tags": [{"name": kind.key, "description": str(kind.plural)} for kind in kinds],
        "paths": paths,
        "components": {**COMPONENTS, "schemas": schemas},
    }


def component(kind: RecordType) -> str:
    """The name of a record's schema: `cases.case` stays as it is, which OpenAPI allows."""
    return kind.key


def public_fields(kind: RecordType) -> list[Field]:
    """Fields that the API shows."""
    shown = (f for f in kind.fields.values() if not f.hidden and f.kind != "secret")
    return [f for f in shown if not (f.custom and _hidden(kind, f.name))]


def _schemas(kind: RecordType) -> dict[str, Any]:
    fields = public_fields(kind)
    system = {n: schema_of(SYSTEM_FIELDS[n]) for n in ("id", "version")}
    read = {f.name: described(f, schema_of(f)) for f in fields if f.kind != "secret"}
    write = {f.name: described(f, schema_of(f, write=True)) for f in fields if f.writable}
    needed = [f.name for f in fields if f.writable and f.required and f.default is None]
    name = component(kind)
    row = {"type": "object", "title": str(kind.label), "properties": {**system, **read}, "required": ["id", "version"]}
    change = {"type": "object", "properties": write, "additionalProperties": False}
    return {
        name: row,
        f"{name}.create": change | ({"required": needed} if needed else {}),
        f"{name}.update": change,
        f"{name}.list": {
            "type": "object",
            "required": ["data", "next"],
            "properties": {
                "data": {"type": "array", "items": reference(name)},
                "next": {"type": ["string", "null"]},
                "total": {"type": "integer"},
            },
        },
    }


def _paths(kind: RecordType) -> dict[str, Any]:
    name, base = component(kind), f"/api/v1/{kind.key}"
    one = [reference("id", "parameters")]
    if_match = reference("ifMatch", "parameters")
    once = reference("idempotencyKey", "parameters")
    record = reference(name)
    paths = {
        base: {
            "get": _operation(kind, "list", answers({200: reference(f"{name}.list")}), _list_parameters(kind)),
            "post": _operation(
                kind, "create", answers({201: record}, 409, 413, 415, 422), [once], body(reference(f"{name}.create"))
            ),
        },
        f"{base}/{{id}}": {
            "parameters": one,
            "get": _operation(
                kind,
                "get",
                answers({200: record}),
                _naming(kind),
            ),
            "patch": _operation(
                kind,
                "update",
                answers({200: record}, 409, 412, 413, 415, 422, 428),
                [{**PARAMETERS["ifMatch"], "required": True}, once],
                body(reference(f"{name}.update")),
            ),
            "delete": _operation(kind, "delete", answers({204: None}, 409, 412, 422), [if_match, once]),
        },
        f"{base}/{{id}}/files": {
            "parameters": one,
            "get": _operation(kind, "files", answers({200: reference("files")})),
            "post": _operation(kind, "upload", answers({201: reference("file")}, 413, 422), [once], _upload()),
        },
        f"{base}/{{id}}/files/{{file}}": {
            "parameters": [*one, reference("file", "parameters")],
            "get": _operation(kind, "download", _download()),
        },
    }
    paths |= shares.paths(kind, one, once, _operation)
    for action in registry().actions.get(kind.key, {}).values():
        paths |= _action_paths(kind, action, one, [if_match, once])
    return paths


def _action_paths(kind: RecordType, action: Action, one: list[Any], headers: list[Any]) -> dict[str, Any]:
    sends = body(_params_schema(action), required=False)
    result = {
        "type": "object",
        "properties": {"result": {}, "record": {"anyOf": [reference(component(kind)), {"type": "null"}]}},
    }
    replies = answers({200: result}, 409, 412, 415, 422)
    paths = {}
    if not action.on_type:
        operation = _operation(kind, f"action_{action.code}", replies, headers, sends, str(action.label))
        paths[f"/api/v1/{kind.key}/{{id}}/actions/{action.code}"] = {"parameters": one, "post": operation}
    if action.on_type or action.bulk:
        sends = sends if action.on_type else body(_params_schema(action, many=True))
        operation = _operation(kind, f"type_action_{action.code}", replies, headers[1:], sends, str(action.label))
        paths[f"/api/v1/{kind.key}/actions/{action.code}"] = {"post": operation}
    return paths


def _params_schema(action: Action, many: bool = False) -> dict[str, Any]:
    """The parameters, where they do not depend on the record; `many` names the records too."""
    if callable(action.params):
        return {"type": "object"} | ({"properties": {"ids": IDS}, "required": ["ids"]} if many else {})
    properties = {}
    for p in action.params:
        choices = p.choices if not callable(p.choices) else None
        spec = Field(
            p.kind, p.label, help=p.help, choices_source=choices, target=p.target, name=p.name, required=p.required
        )
        properties[p.name] = described(spec, schema_of(spec, write=True))
    ids = {"ids": IDS} if many else {}
    needed = [p.name for p in action.params if p.required and p.when is None]
    needed += ["ids"] if many else []
    return {"type": "object", "properties": {**ids, **properties}} | ({"required": needed} if needed else {})


def _operation(
    kind: RecordType,
    verb: str,
    responses: dict[str, Any],
    parameters: list[Any] | None = None,
    request_body: Any = None,
    summary: str | None = None,
) -> dict[str, Any]:
    made = {
        "operationId": f"{kind.key.replace('.', '_')}_{verb}",
        "tags": [kind.key],
        "summary": summary or f"{gettext(verb) if verb in STANDARD_ACTIONS else verb}: {kind.label}",
        "parameters": parameters or [],
        "responses": responses,
    }
    return made if request_body is None else {**made, "requestBody": request_body}


def _list_parameters(kind: RecordType) -> list[dict[str, Any]]:
    """The common ones, and a filter for each field and operator that it takes."""
    made = [reference(n, "parameters") for n in ("q", "where", "cursor", "limit", "count", "archived")]
    shown = [*public_fields(kind), *SYSTEM_FIELDS.values()]
    sortable = [f.name for f in shown if f.kind not in UNSORTABLE]
    made += [*_naming(kind), _in_query("sort", "- before a name: descending", values.names(sortable, signed=True))]
    for spec in shown:
        for op in operators(spec):
            name = spec.name if op == "eq" else f"{spec.name}__{op}"
            made.append(_in_query(name, str(spec.label), values.asked(spec, op)))
    return made


def _naming(kind: RecordType) -> list[dict[str, Any]]:
    """Which fields to read, and which links to show whole."""
    shown = [*public_fields(kind), *(SYSTEM_FIELDS[n] for n in ("id", "version"))]
    links = [f.name for f in public_fields(kind) if f.target]
    return [
        PARAMETERS["fields"] | {"schema": values.names([f.name for f in shown])},
        PARAMETERS["expand"] | {"schema": values.names(links)},
    ]


def _in_query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _upload() -> dict[str, Any]:
    part = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}, "kind": {}},
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": part}}}


def _download() -> dict[str, Any]:
    made = answers({200: {}})
    made["200"]["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    return made
