"""REST addresses of plugins' own: keys, idempotency, one commit and problem+json as for records, and their OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from flask import Flask

from core.api.answers import Answer
from core.api.openapi_parts import answers
from core.endpoints import Route
from core.errors import StartProblem
from core.registry import Registry

OWN = "/api/v1"
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


def problems(registry: Registry) -> Iterator[StartProblem]:
    """REST groups that lie elsewhere than below `/api/<plugin>`, or where records are."""
    for plugin, endpoints in registry.endpoints:
        inside = f"{endpoints.url_prefix}/".startswith("/api/")
        if endpoints.api and not f"{endpoints.url_prefix}/".startswith(f"/api/{plugin}/"):
            yield StartProblem(plugin, f"REST routes {endpoints.name} lie at {endpoints.url_prefix}", _mend(plugin))
        elif inside and not endpoints.api:
            yield StartProblem(plugin, f"pages {endpoints.name} lie below /api/", "give them api=True")
        for route in endpoints.routes if endpoints.api else ():
            if route.permission is not None and route.permission.kind == "public":
                yield StartProblem(plugin, f"REST route {route.rule} is public", "webhooks are pages")


def _mend(plugin: str) -> str:
    return f"url_prefix='/api/{plugin}'"


def add_routes(app: Flask, registry: Registry, require: Callable[[Any], None]) -> None:
    """Mount them; `require(permission)` refuses who may not."""
    from core.api.routes import METHODS, resource

    for plugin, endpoints in registry.endpoints:
        if not endpoints.api:
            continue
        by_rule: dict[str, dict[str, Any]] = {}
        for route in endpoints.routes:
            for method in route.methods:
                by_rule.setdefault(route.rule, {})[method] = _handler(registry, plugin, route, require)
        for number, (rule, handlers) in enumerate(by_rule.items()):
            address, name = f"{endpoints.url_prefix}{rule}", f"{endpoints.name}:rest{number}"
            app.add_url_rule(address, name, resource(handlers), methods=METHODS, provide_automatic_options=False)


def _handler(registry: Registry, plugin: str, route: Route, require: Callable[[Any], None]) -> Callable[..., Any]:
    """What the function gives becomes the body: 200, or 204 for None; it may also give (body, status)."""
    what = f"address {route.rule}"

    @wraps(route.view)
    def handle(**arguments: Any) -> Any:
        require(route.permission)
        found = registry.hooks.page(plugin, what, lambda: route.view(**arguments), route.seconds)
        body, status = found if isinstance(found, tuple) else (found, 204 if found is None else 200)
        return Answer(status, body)

    return handle


def paths(registry: Registry) -> dict[str, Any]:
    """Their part of the OpenAPI document: summary from the docstring."""
    made: dict[str, Any] = {}
    for plugin, endpoints in registry.endpoints:
        for route in endpoints.routes if endpoints.api else ():
            address = _ARGUMENT.sub(r"{\1}", f"{endpoints.url_prefix}{route.rule}")
            place = made.setdefault(address, {})
            if names := _ARGUMENT.findall(route.rule):
                place["parameters"] = [
                    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
                ]
            for method in route.methods:
                place[method.lower()] = {
                    "operationId": f"{plugin}_{route.name}_{method.lower()}",
                    "tags": [plugin],
                    "summary": (route.view.__doc__ or route.name).strip().splitlines()[0],
                    "responses": answers({200: {}, 204: None}, 409, 413, 415, 422),
                }
    return made
