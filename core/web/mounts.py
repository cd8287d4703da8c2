"""Plugins' own routes: each is mounted with the permission that it declared; none is without."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException

from core.api import plugins as rest
from core.endpoints import Permission, Route
from core.errors import CannotStart, Forbidden, NotSignedIn, StartProblem, ZhianError
from core.permissions.principal import current_principal
from core.registry import Registry
from core.web import lifecycle
from core.web.security import SAFE_METHODS


def mount(app: Flask, registry: Registry) -> None:
    """Add all routes of all plugins."""
    if found := list(rest.problems(registry)):
        raise CannotStart(found)
    rest.add_routes(app, registry, require)
    for plugin, endpoints in registry.endpoints:
        if registry.realm_of(endpoints.url_prefix or "/").name != endpoints.realm:
            mend = "put them below the prefix of their realm, and no others"
            raise CannotStart(
                [StartProblem(plugin, f"routes {endpoints.name} lie outside of realm {endpoints.realm}", mend)]
            )
        for route in endpoints.routes if not endpoints.api else ():
            name = f"{endpoints.name}:{route.name}"
            if route.permission.kind == "public":
                lifecycle.OPEN_ENDPOINTS.add(name)
            if not route.csrf:
                lifecycle.CSRF_FREE.add(name)
            address, view = f"{endpoints.url_prefix}{route.rule}", guarded(plugin, route)
            app.add_url_rule(address, name, view, methods=list(route.methods))


def guarded(plugin: str, route: Route) -> Callable[..., Any]:
    """The view behind its permission; what it wrote is committed when it answers without an error.

    A fault of its code is told to administrators with the plugin's name; one that takes too long is answered with 503.
    """

    @wraps(route.view)
    def view(**arguments: Any) -> Any:
        require(route.permission)
        hooks, what = current_app.extensions["zhian"].hooks, f"page {route.rule}"
        try:
            made = hooks.page(plugin, what, lambda: route.view(**arguments), route.seconds)
            answer = lifecycle.app_response(made)
        except (ZhianError, HTTPException):
            raise
        except Exception as error:
            hooks.note(plugin, what, error)
            raise
        if request.method not in SAFE_METHODS and answer.status_code < 400:
            lifecycle.commit()
        return answer

    return view


def require(permission: Permission) -> None:
    """Raises `NotSignedIn` or `Forbidden`."""
    principal = current_principal()
    if permission.kind == "public":
        return
    if principal.user_id is None:
        raise NotSignedIn()
    if permission.kind == "record" and not principal.can(permission.record, permission.action):
        raise Forbidden(detail={"record": permission.record, "action": permission.action})
