"""What every answer is asked: was somebody refused, did a file leave that nobody logged? Both go into the log."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core.audit.folding import note_folded, write_apart
from core.db import db, reading
from core.permissions.principal import Principal, current_principal
from core.records.audit import entry, origin
from core.registry import registry

log = logging.getLogger("zhian.audit")
REFUSALS = (401, 403, 404, 429)
SILENT = ("web.static", "api.healthz", "web.login")
READS = frozenset({"export", "file_read", "download", "preview", "import_refused_download", "audit_export"})
"""Actions by which a file that leaves has been logged already."""
PAPERS = (
    "application/pdf", "application/zip", "application/msword", "application/vnd.", "text/csv", "text/calendar",
    "application/octet-stream",
)  # fmt: skip


def install(app: Flask) -> None:
    """Look at each answer before it goes out."""
    app.after_request(watch)


def watch(response: Response) -> Response:
    """The same answer; what it means has been logged. Nothing goes out that could not be: the caller comes again."""
    try:
        return _watched(response)
    except OperationalError:
        log.exception("the audit log could not be written")
        return Response(status=503, headers={"Retry-After": "5"})


def _watched(response: Response) -> Response:
    if request.endpoint in SILENT or request.method in ("OPTIONS", "HEAD"):
        return response
    if response.status_code in REFUSALS:
        if not any(action.startswith("sign_in") for action in origin.get().told):
            _refused(response.status_code)
    elif response.status_code in (200, 206) and _leaves(response) and READS.isdisjoint(origin.get().told):
        _left(response)
    elif response.status_code == 200 and asked_by().glass and request.method == "GET":
        _looked()
    return response


def asked_by() -> Principal:
    """Who asked; the REST room forgets the person of a key at the end of its work."""
    return g.get("asked_by") or current_principal()


def _refused(status: int) -> None:
    """One row for a refusal, whether the thing exists or not: both answers take the same time."""
    if request.url_rule is None or (status == 404 and not request.view_args):
        return  # no thing was asked for
    who = asked_by()
    record_key, record_id = _thing()
    told: dict[str, Any] = {"status": status, "method": request.method, "path": request.path[:200]}
    if status == 404 and record_id is not None:
        told["exists"] = _exists(record_key, record_id)
    row = _entry("refused", who, record_key, record_id, told)
    key = (who.user_id, None if who.user_id else request.remote_addr, status, request.method, request.url_rule.rule)
    db.session.rollback()
    note_folded((*key, record_key), row)


def _looked() -> None:
    """A page on which somebody looked through broken glass, in the log with what it was about."""
    record_key, record_id = _thing()
    if record_key is None or record_key.startswith("core."):
        return
    told = {"path": request.full_path.rstrip("?")[:300], "glass": asked_by().glass}
    db.session.rollback()
    write_apart([_entry("looked", asked_by(), record_key, record_id, told)])


def _leaves(response: Response) -> bool:
    """Whether a file goes out: as an attachment, or as a paper to look at."""
    attached = response.headers.get("Content-Disposition", "").startswith("attachment")
    return attached or (response.mimetype or "").startswith(PAPERS)


def _left(response: Response) -> None:
    attached = response.headers.get("Content-Disposition", "").startswith("attachment")
    name = response.headers.get("Content-Disposition", "").partition("filename=")[2].strip('"')[:200]
    record_key, record_id = _thing()
    told = {"path": request.full_path.rstrip("?")[:300], "type": response.mimetype} | ({"file": name} if name else {})
    db.session.rollback()
    write_apart([_entry("download" if attached else "preview", asked_by(), record_key, record_id, told)])


def _thing() -> tuple[str | None, int | None]:
    """The record that the address names."""
    given = request.view_args or {}
    key = given.get("key") or given.get("record_key")
    ident = given.get("record_id") or given.get("ident")
    whole = isinstance(ident, int) or (isinstance(ident, str) and ident.isascii() and ident.isdigit())
    return (str(key)[:80] if key else None), (int(ident) if whole and len(str(ident)) < 19 else None)


def _exists(key: str | None, ident: int) -> bool:
    kind = registry().types.get(key or "")
    if kind is None:
        return False
    table = kind.model.__table__
    with reading() as connection:
        return connection.execute(select(table.c.id).where(table.c.id == ident)).first() is not None


def _entry(
    action: str, who: Principal, record_key: str | None, record_id: int | None, told: dict[str, Any]
) -> dict[str, Any]:
    own = {"actor_id": who.user_id, "actor": who.name or who.login, "ip": request.remote_addr}
    return entry(action, record_key, record_id, changes=told, **own)
