"""Refusals and faults as pages that say what to do next. The REST room answers its own paths."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from core.api.problems import problem
from core.clock import now
from core.db import db
from core.errors import Invalid, NotFound, ZhianError
from core.i18n import _, gettext
from core.identity.proof import Unproven
from core.permissions.principal import current_principal
from core.registry import Realm, registry
from core.web import format as fmt
from core.web.identity import proof
from core.web.lifecycle import is_api
from core.web.security import safe_next

HEADINGS = {
    400: _("This request does not make sense"),
    401: _("Sign in first"),
    403: _("You may not do this"),
    404: _("Nothing here"),
    405: _("This does not work this way"),
    409: _("Somebody was faster"),
    412: _("Somebody was faster"),
    413: _("This file is too large"),
    422: _("Not saved"),
    428: _("Somebody was faster"),
    429: _("Too many tries"),
    500: _("Something broke here"),
    503: _("Not reachable at the moment"),
}
TEXTS = {
    404: _("There is no such record, or you may not see it. Whoever gave you the address can share it."),
    405: _("Go back and use the buttons of the page."),
    413: _("Choose a smaller file, or split it."),
    500: _(
        "What you wrote is kept in this browser as a draft. Try again, or give the number below to an administrator."
    ),
}
RECORD = re.compile(r"/r/([a-z_.]{3,80})/(\d{1,15})(?:/|$)")
PICTURES = {401: "lock", 403: "lock", 404: "search", 500: "fault", 503: "fault"}


def install(app: Flask) -> None:
    """Handlers for pages; under `/api/` what no address there takes is told in the form of the REST room."""
    app.register_error_handler(ZhianError, on_refusal)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_fault)


def on_refusal(error: ZhianError) -> Any:
    """A refusal with its own words."""
    db.session.rollback()
    if isinstance(error, Unproven):
        return proof.page()
    if isinstance(error, NotFound) and str(error) == str(NotFound.message):
        return error_page(404)
    rows = [[e.field, str(e.message)] for e in error.errors] if isinstance(error, Invalid) else []
    return error_page(error.status, str(error.message), rows)


def on_http(error: HTTPException) -> Any:
    """404, 405, 413 and their like from the framework."""
    if is_api():
        return problem(error)
    status = error.code or 500
    if status < 400:
        return error
    return error_page(status)


def on_fault(error: Exception) -> Any:
    """A fault: logged whole under a short number, which is all that the page tells."""
    db.session.rollback()
    incident = "-".join(secrets.token_hex(2).upper() for _n in range(2))
    current_app.logger.error("incident %s at %s %s", incident, request.method, request.path, exc_info=error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    if is_api():
        return InternalServerError()
    return error_page(500, incident=incident)


def error_page(status: int, text: str = "", errors: list[list[str]] | None = None, incident: str | None = None) -> Any:
    """The page of a refusal; htmx and fetch get a short answer with the message in a header."""
    message = text or str(TEXTS.get(status, ZhianError.message))
    if request.headers.get("Accept", "").startswith("application/json"):
        return jsonify(message=message), status
    if request.headers.get("HX-Request"):
        return _short(message, status)
    realm = registry().realm_of(request.path)
    page = render_template(
        realm.error,
        status=status,
        title=str(HEADINGS.get(status, HEADINGS[500])),
        heading=str(HEADINGS.get(status, HEADINGS[500])),
        crumbs=[(str(HEADINGS.get(status, HEADINGS[500])), None)],
        text=message,
        picture=PICTURES.get(status, "folder"),
        incident=incident,
        time=fmt.instant(now()),
        actions=_actions(status, realm),
        errors=errors or [],
    )
    return page, status


def _short(message: str, status: int) -> Any:
    return current_app.response_class(
        render_template("web/_refusal.html", text=message),
        status,
        {"X-Zhian-Message": quote(message), "HX-Reswap": "none"},
        mimetype="text/html",
    )


def _actions(status: int, realm: Realm) -> list[dict[str, Any]]:
    home = {"label": gettext("To my work"), "href": realm.prefix or "/", "kind": "", "icon": "home"}
    if status in (401,):
        return [{"label": gettext("Sign in"), "href": realm.login, "kind": "primary", "icon": None}]
    again = {
        "label": gettext("Try again"),
        "href": request.path if request.method == "GET" else "/",
        "kind": "primary",
        "icon": "refresh",
    }
    back = {"label": gettext("Back"), "href": _referrer(), "kind": "primary", "icon": "chevron-left"}
    return [again, home] if status >= 500 else [back, *_reasons(status), home]


def _reasons(status: int) -> list[dict[str, Any]]:
    """For a record that is closed, or not there: where the reasons stand."""
    found = RECORD.match(request.path) if status in (403, 404) and current_principal().realm == "staff" else None
    if found is None or found[1] not in registry().types:
        return []
    return [{"label": gettext("Why"), "href": f"/why/{found[1]}/{found[2]}", "kind": "", "icon": "help"}]


def _referrer() -> str:
    came = urlsplit(request.referrer or "")
    return safe_next(came.path + (f"?{came.query}" if came.query else "")) if came.netloc == request.host else "/"
