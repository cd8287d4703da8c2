"""`GET /api/v1/search`: the records of all types that a text names, the best first, with the rights of who asks."""

from __future__ import annotations

from typing import Any

from flask import request

from core.api.answers import Answer
from core.api.openapi_parts import answers
from core.db import db
from core.errors import BadRequest, Forbidden
from core.i18n import _, gettext
from core.permissions.rules import access
from core.registry import RecordType, registry
from core.search import finding
from core.search.plan import plans

MOST = 50
LONGEST = 100
KNOWN = ("q", "types", "limit", "locale")


def search() -> Answer:
    """GET: {data: hits by type}; `types` narrows it, `limit` is per type."""
    if others := sorted(set(request.args) - set(KNOWN)):
        raise BadRequest(_("Unknown parameter “%(name)s”.", name=others[0]), code="parameter")
    q, kinds, limit = _words(), _kinds(), _limit()
    groups = finding.find(q, limit, [kind.key for kind in kinds])
    return Answer(200, {"data": [_group(group) for group in groups]})


def _words() -> str:
    q = request.args.get("q", "").strip()
    if not q or len(q) > LONGEST or "\x00" in q:
        raise BadRequest(_("“q” holds 1 to %(n)s characters.", n=LONGEST), code="value")
    return q


def _kinds() -> list[RecordType]:
    """The types asked for; raises for one that is not searched, or not open to this key."""
    principal, known = db.session().principal, plans()
    readable = [key for key in known if access().can(principal, key, "read")]
    asked = [key for key in request.args.get("types", "").split(",") if key]
    for key in asked:
        if key not in known:
            raise BadRequest(_("“%(key)s” is not searched.", key=key[:80]), code="value")
        if key not in readable:
            raise Forbidden(detail={"record": key, "action": "read"})
    return [registry().types[key] for key in (asked or readable)]


def _limit() -> int:
    text = request.args.get("limit", "10")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MOST):
        raise BadRequest(_("“limit” is a number from 1 to %(n)s.", n=MOST), code="value")
    return int(text)


def _group(group: finding.Group) -> dict[str, Any]:
    key = group.kind.key
    hits = [
        {"id": hit.id, "title": hit.title, "number": hit.number, "note": hit.note, "because": hit.because}
        | {"href": f"/api/v1/{key}/{hit.id}", "page": f"/r/{key}/{hit.id}"}
        for hit in group.hits
    ]
    return {"record": key, "label": str(group.kind.plural), "hits": hits, "more": group.more}


def paths() -> dict[str, Any]:
    """Its part of the OpenAPI document."""
    text = {"type": "string"}
    hit = {"id": {"type": "integer"}} | dict.fromkeys(("title", "number", "note", "because", "href", "page"), text)
    hits = {"type": "array", "items": {"type": "object", "required": ["id", "title"], "properties": hit}}
    group = {
        "type": "object",
        "required": ["record", "label", "hits", "more"],
        "properties": {"record": text, "label": text, "hits": hits, "more": {"type": "boolean"}},
    }
    found = {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": group}}}
    types = {"type": "array", "items": {"type": "string", "enum": sorted(plans())}}
    chosen = _parameter("types", "Record types, with commas; else all", types)
    return {
        "/api/v1/search": {
            "get": {
                "operationId": "search",
                "tags": ["search"],
                "summary": gettext("Search all records"),
                "description": "Finds what the scope RECORD:read of the key opens; other types are left out.",
                "x-scopes": [f"{key}:read" for key in sorted(plans())],
                "parameters": [
                    _parameter("q", "Number, name, pinyin, initials; all words must be found", _asked(), needed=True),
                    chosen | {"style": "form", "explode": False},
                    _parameter("limit", "Hits of each type", {"type": "integer", "minimum": 1, "maximum": MOST}),
                ],
                "responses": answers({200: found}),
            }
        }
    }


def _asked() -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[^\s\x00]([^\x00]*[^\s\x00])?$"}


def _parameter(name: str, description: str, schema: dict[str, Any], *, needed: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "required": needed, "schema": schema}
