"""Refusals and faults as problem+json (RFC 9457) with a stable code; a fault is logged under an incident number."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from core.errors import BadRequest, Conflict, Invalid, NotFound, NotSignedIn, Refused, Stale, Unavailable, ZhianError
from core.i18n import _

log = logging.getLogger("zhian.api")
RETRY_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
"""PostgreSQL: serialization failure, deadlock, lock not available, shutdowns, too many connections."""

MESSAGES: dict[int, Any] = {
    400: BadRequest.message,
    404: _("There is nothing at this address. GET /api/v1/openapi.json lists what there is."),
    405: _("This address does not take this method; the Allow header names those it takes."),
    413: _("The body is too large. Send less at once."),
    415: _("Send JSON, with Content-Type: application/json."),
    428: _("Say which version you edited: send its ETag in If-Match."),
}
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method",
    413: "too_large",
    415: "content_type",
    428: "version_needed",
}


class UnsupportedMedia(ZhianError):
    """A body in a form that is not taken here (415)."""

    code, status, message = "content_type", 415, MESSAGES[415]


class TooLarge(ZhianError):
    """A body above the limit (413)."""

    code, status, message = "too_large", 413, MESSAGES[413]


class VersionNeeded(ZhianError):
    """A change without If-Match (428)."""

    code, status, message = "version_needed", 428, MESSAGES[428]


def problem(error: Exception) -> Response:
    """The answer to any error; faults are logged under their incident number."""
    if isinstance(error, HTTPException):
        return _http_problem(error)
    known = error if isinstance(error, ZhianError) else _of_database(error)
    if known is None or (known.status >= 500 and not isinstance(known, Unavailable)):
        return _fault(error, known)
    extra: dict[str, Any] = {}
    if isinstance(known, Invalid):
        extra["errors"] = [e.as_dict() for e in known.errors]
    elif isinstance(known, Refused):
        extra["errors"] = [{"field": known.field or "", "code": known.code, "message": str(known.message)}]
    if isinstance(known, Stale) and "version" in known.detail:
        extra["version"] = known.detail["version"]
    return answer(known.status, known.code, str(known.message), extra, _headers(known))


def _headers(error: ZhianError) -> dict[str, str]:
    if isinstance(error, Unavailable) or (isinstance(error, Conflict) and error.status == HTTPStatus.CONFLICT):
        return {"Retry-After": "1"}
    return {"WWW-Authenticate": 'Bearer realm="zhian"'} if isinstance(error, NotSignedIn) else {}


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    headers = {"Allow": ", ".join(error.valid_methods)} if getattr(error, "valid_methods", None) else {}  # type: ignore[attr-defined]
    message = MESSAGES.get(status, error.description or "")
    return answer(status, CODES.get(status, "http"), str(message), {}, headers)


def _of_database(error: Exception) -> ZhianError | None:
    """What a database error means to the caller, or None when it is a fault of ours."""
    if isinstance(error, PoolTimeout):
        return Unavailable()
    if isinstance(error, StaleDataError):
        return Stale()
    if isinstance(error, IntegrityError):
        return Refused(_("The database refused this: a value is missing or does not fit."), code="integrity")
    if isinstance(error, DataError):
        return BadRequest(_("A value does not fit its field."), code="value")
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        gone = error.connection_invalidated or state in RETRY_STATES
        if gone or (isinstance(error, (OperationalError, InterfaceError)) and _is_busy(error, state)):
            log.warning("database unavailable: %s", error.orig)
            return Unavailable()
    return None


def _is_busy(error: DBAPIError, state: str | None) -> bool:
    """SQLite: locked or busy. PostgreSQL: no state at all means that no server answered."""
    if not _is_sqlite(error):
        return state is None
    text = str(error.orig).lower()
    return any(word in text for word in ("locked", "busy", "unable to open"))


def _is_sqlite(error: DBAPIError) -> bool:
    return type(error.orig).__module__.startswith("sqlite3")


def _fault(error: Exception, known: ZhianError | None) -> Response:
    incident = "-".join(secrets.token_hex(2).upper() for _half in range(2))
    log.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
    message = known.message if known is not None else ZhianError.message
    code = known.code if known is not None else "fault"
    return answer(500, code, str(message), {"incident": incident}, {})


def answer(status: int, code: str, message: str, extra: dict[str, Any], headers: dict[str, str]) -> Response:
    """A problem+json response."""
    body = {
        "type": f"urn:zhian:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": message,
        **extra,
    }
    return Response(
        orjson.dumps(body, default=str),
        status,
        {**headers, "Cache-Control": "no-store"},
        mimetype="application/problem+json",
    )


__all__ = ["NotFound", "TooLarge", "UnsupportedMedia", "VersionNeeded", "answer", "problem"]
