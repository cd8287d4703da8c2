"""What a handler gives back, and how it becomes a response: JSON by orjson, ETag from the record's version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from core.api.idempotency import Stored
from core.api.problems import TooLarge, UnsupportedMedia, VersionNeeded
from core.errors import BadRequest, Stale
from core.i18n import _
from core.records.base import Record

JSON_TYPES = ("application/json", "application/merge-patch+json")
MAX_JSON = 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A status, a body that can be written as JSON (None for none) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def stored(self) -> Stored:
        """As it is sent and as it is kept for a repeated request."""
        content = b"" if self.body is None else orjson.dumps(self.body, default=plain, option=orjson.OPT_NON_STR_KEYS)
        return Stored(self.status, self.headers, content)


def plain(value: Any) -> Any:
    """What orjson does not know: labels and amounts as text, sets as lists."""
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Record):
        return {"id": value.id, "label": value.title}
    return str(value)


def response(stored: Stored) -> Response:
    """The HTTP response."""
    made = Response(stored.body, stored.status, stored.headers, mimetype="application/json" if stored.body else None)
    made.headers.setdefault("Cache-Control", "private, no-cache")
    return made


def raw_body(limit: int = MAX_JSON) -> bytes:
    """The body; raises `TooLarge`."""
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge()
    request.max_content_length = limit
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        raise TooLarge() from None


def json_body(*, required: bool = True) -> dict[str, Any]:
    """The JSON object that was sent; raises `UnsupportedMedia`, `BadRequest`. Unless `required`, no body is {}."""
    content = raw_body()
    if not content and not required:
        return {}
    if request.mimetype not in JSON_TYPES:
        raise UnsupportedMedia()
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadRequest(_("The body is not JSON: %(what)s", what=str(error)), code="json") from None
    if not isinstance(value, dict):
        raise BadRequest(_("Send a JSON object."), code="json")
    return value


def etag(version: Any) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def wanted_version(current: int, *, required: bool) -> int | None:
    """The version to hand to the service, from If-Match; raises `VersionNeeded` or `Stale`."""
    header = request.headers.get("If-Match")
    if header is None:
        if required:
            raise VersionNeeded()
        return None
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    if "*" in tags or str(current) in tags:
        return current
    raise Stale(detail={"version": current})


def unchanged(headers: Mapping[str, str]) -> bool:
    """Whether the caller has this version already (If-None-Match)."""
    given = request.headers.get("If-None-Match")
    return given is not None and headers.get("ETag") in {tag.strip().removeprefix("W/") for tag in given.split(",")}
