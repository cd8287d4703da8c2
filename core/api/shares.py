"""Shares of one record: to whom it is open for a time, opening it to somebody, ending that."""

from __future__ import annotations

import datetime as dt
from typing import Any

from core.api.answers import Answer, json_body
from core.api.openapi_parts import answers, body
from core.api.records import ident_of, kind_of
from core.errors import FieldError, Invalid
from core.i18n import _
from core.permissions import sharing
from core.permissions.model import Share
from core.records import service
from core.records.base import Record
from core.records.dump import labels
from core.records.types import LARGEST_ID
from core.registry import RecordType

_ID = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_DAY = {"type": "string", "format": "date"}
_LEVEL = {"type": "string", "enum": list(sharing.LEVELS)}
_GIVEN = {
    "type": "object",
    "required": ["until"],
    "properties": {"user": _ID, "department": _ID, "level": _LEVEL, "until": _DAY, "note": {"type": "string"}},
    "additionalProperties": False,
}
_LINK = {"type": ["object", "null"], "properties": {"id": _ID, "label": {"type": "string"}}}
_SHOWN = {
    "type": "object",
    "properties": {
        "id": _ID,
        "user": _LINK,
        "department": _LINK,
        "level": _LEVEL,
        "ends_at": {"type": "string", "format": "date-time"},
        "note": {"type": ["string", "null"]},
    },
}


def _record(key: str, ident: str) -> Record:
    return service.get(kind_of(key).model, ident_of(ident))


def list_all(key: str, ident: str) -> Answer:
    """GET: the live shares of a record."""
    return Answer(200, {"data": [_shown(s) for s in sharing.shares_of(_record(key, ident))], "next": None})


def create(key: str, ident: str) -> Answer:
    """POST {user or department, level, until, note}: open the record until and including that day."""
    record, given = _record(key, ident), json_body()
    if unknown := set(given) - set(_GIVEN["properties"]):
        raise Invalid([FieldError(name, "unknown", _("There is no such field.")) for name in sorted(unknown)])
    made = sharing.share(
        record,
        user_id=_number(given, "user"),
        department_id=_number(given, "department"),
        level=_text(given, "level") or "read",
        until=_day(given.get("until")),
        note=_text(given, "note"),
    )
    return Answer(201, _shown(made))


def end(key: str, ident: str, share: str) -> Answer:
    """DELETE: the share ends now."""
    sharing.end_share(_record(key, ident), ident_of(share))
    return Answer(204)


def _number(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < LARGEST_ID:
        raise Invalid([FieldError(name, "link", _("Give the id of an existing record."))])
    return value


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid([FieldError(name, "text", _("Write text."))])
    return value


def _day(value: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Invalid([FieldError("until", "date", _("Write the day as 2026-12-14."))]) from None


def _shown(share: Share) -> dict[str, Any]:
    def link(key: str, ident: int | None) -> dict[str, Any] | None:
        return None if ident is None else {"id": ident, "label": labels(key, [ident]).get(ident, "")}

    return {
        "id": share.id,
        "user": link("core.user", share.user_id),
        "department": link("core.department", share.department_id),
        "level": share.level,
        "ends_at": share.ends_at,
        "note": share.note,
    }


def paths(kind: RecordType, one: list[Any], once: Any, operation: Any) -> dict[str, Any]:
    """The addresses in the API's document; none for types whose records are not shared one by one."""
    if not sharing.shareable(kind.key):
        return {}
    base = f"/api/v1/{kind.key}/{{id}}/shares"
    listed = {"type": "object", "properties": {"data": {"type": "array", "items": _SHOWN}}}
    number = {"name": "share", "in": "path", "required": True, "schema": _ID}
    return {
        base: {
            "parameters": one,
            "get": operation(kind, "shares", answers({200: listed})),
            "post": operation(kind, "share", answers({201: _SHOWN}, 413, 415, 422), [once], body(_GIVEN)),
        },
        f"{base}/{{share}}": {
            "parameters": [*one, number],
            "delete": operation(kind, "end_share", answers({204: None})),
        },
    }
