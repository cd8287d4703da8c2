"""Addresses and the way of one API request: who asks, may it write, one commit at the end, errors as problem+json."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchAddress

from core.api import files, records, search, shares
from core.api.answers import JSON_TYPES, Answer, raw_body, response
from core.api.health import healthz
from core.api.idempotency import Lease, Stored, begin, fingerprint
from core.api.keys import authenticate, key_id_of
from core.api.openapi import openapi
from core.api.problems import problem
from core.db import db, release, settle, write_intent
from core.errors import NotSignedIn
from core.i18n import LOCALES, set_locale
from core.permissions.principal import ANONYMOUS, Principal, current_principal, set_principal
from core.records.audit import Origin, origin

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
Handler = Callable[..., Any]

ROUTES: dict[str, dict[str, Handler]] = {
    "/api/v1/openapi.json": {"GET": openapi},
    "/api/v1/search": {"GET": search.search},
    "/api/v1/<key>": {"GET": records.list_all, "POST": records.create},
    "/api/v1/<key>/<ident>": {"GET": records.read, "PATCH": records.patch, "DELETE": records.remove},
    "/api/v1/<key>/actions/<code>": {"POST": records.act_on_type},
    "/api/v1/<key>/<ident>/actions/<code>": {"POST": records.act},
    "/api/v1/<key>/<ident>/shares": {"GET": shares.list_all, "POST": shares.create},
    "/api/v1/<key>/<ident>/shares/<share>": {"DELETE": shares.end},
    "/api/v1/<key>/<ident>/files": {"GET": files.list_files, "POST": files.upload},
    "/api/v1/<key>/<ident>/files/<file_id>": {"GET": files.download},
    "/api/": {},
    "/api/<path:_rest>": {},
}


def make_blueprint() -> Blueprint:
    """All addresses. Each takes every method, so that refusals are ours as well."""
    blueprint = Blueprint("api", __name__)
    for rule, handlers in ROUTES.items():
        blueprint.add_url_rule(
            rule,
            _name(rule),
            resource(handlers),
            methods=METHODS,
            provide_automatic_options=False,
            strict_slashes=False,
        )
    blueprint.add_url_rule("/healthz", "healthz", _health, methods=METHODS, provide_automatic_options=False)
    blueprint.register_error_handler(Exception, problem)
    return blueprint


def _health() -> Response:
    """Only read; any other method is refused in the form of this room."""
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})
    return healthz() if request.method in READS else problem(MethodNotAllowed(valid_methods=sorted(READS)))


def _name(rule: str) -> str:
    words = [part.strip("<>").split(":")[-1] for part in rule.split("/") if part]
    return "_".join(words[1:]).replace(".", "_") or "root"


def resource(handlers: dict[str, Handler]) -> Callable[..., Response]:
    """The view of one address: who asks, which method, one commit, refusals in the form of this room."""
    allowed = sorted({*handlers, "HEAD", "OPTIONS"} if "GET" in handlers else {*handlers, "OPTIONS"})

    def view(**arguments: str) -> Response:
        method = request.method
        try:
            principal = _enter(method)
            if not handlers:
                raise NoSuchAddress()
            handler = handlers.get("GET" if method == "HEAD" else method)
            if method == "OPTIONS":
                return Response(status=204, headers={"Allow": ", ".join(allowed)})
            if handler is None:
                raise MethodNotAllowed(valid_methods=allowed)
            return _read(handler, arguments) if method in READS else _write(principal, handler, arguments)
        except Exception as error:  # the one place where errors become answers
            db.session.rollback()
            return problem(error)
        finally:
            set_principal(ANONYMOUS)

    return view


def _enter(method: str) -> Principal:
    """Language, origin and principal of this request; raises `NotSignedIn`."""
    write_intent.set(method not in READS)
    header = request.headers.get("Authorization")
    origin.set(Origin("api", request.remote_addr, secrets.token_hex(6), key_id_of(header)))
    wished = _wished_locale()
    set_locale(wished)
    if header is not None:
        principal = authenticate(header)
        set_principal(principal)
        g.asked_by = principal
    else:
        principal = current_principal() if g.get("session_token") else ANONYMOUS
    if principal.user_id is None:
        raise NotSignedIn()
    if wished is None:
        set_locale(principal.locale)
    return principal


def _wished_locale() -> str | None:
    """From `?locale=` or Accept-Language, if it names a language that we speak."""
    chosen = request.args.get("locale")
    if chosen in LOCALES:
        return chosen
    return request.accept_languages.best_match(LOCALES) if "Accept-Language" in request.headers else None


def _read(handler: Handler, arguments: dict[str, str]) -> Response:
    answer = handler(**arguments)
    return response(answer.stored()) if isinstance(answer, Answer) else answer


def _write(principal: Principal, handler: Handler, arguments: dict[str, str]) -> Response:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return response(_carry_out(handler, arguments, None))
    release(db.session())
    body = raw_body() if request.mimetype in ("", *JSON_TYPES) else b""
    found = begin(principal.user_id or 0, key, fingerprint(request, body))
    if isinstance(found, Stored):
        again = response(found)
        again.headers["Idempotent-Replayed"] = "true"
        return again
    try:
        return response(_carry_out(handler, arguments, found))
    except Exception:
        db.session.rollback()
        found.release()
        raise


def _carry_out(handler: Handler, arguments: dict[str, str], lease: Lease | None) -> Stored:
    """Run the handler and commit once; the stored answer of an idempotent request is part of that transaction."""
    answer = handler(**arguments)
    session = db.session()
    settle(session)
    stored = answer.stored()
    if lease is not None:
        lease.finish(session.connection(), stored)
    session.commit()
    return stored
