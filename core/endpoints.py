"""HTTP routes of a plugin's own. Each declares who may call it; one without is an error at start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Permission:
    """`kind` is record (needs a right), signed_in or public (needs a reason)."""

    kind: str
    record: str = ""
    action: str = ""
    reason: str = ""


def public(reason: str) -> Permission:
    """Anybody may call this; the reason stands in the route table."""
    return Permission("public", reason=reason)


def signed_in(reason: str) -> Permission:
    """Everybody who is signed in may call this; record rules still hold inside."""
    return Permission("signed_in", reason=reason)


@dataclass(frozen=True)
class Route:
    """One route: its rule below the prefix, methods, function and permission; without one nothing starts."""

    rule: str
    methods: tuple[str, ...]
    view: Callable[..., Any]
    permission: Permission | None
    name: str
    csrf: bool = True
    seconds: float | None = None


@dataclass
class Endpoints:
    """A plugin's routes under one prefix, for example `Endpoints("deadlines", "/deadlines")`.

    With another `realm` than staff they lie below that realm's prefix, and `signed_in` means signed in there.
    With `api` they are REST below `/api/<plugin>`: API keys, `Idempotency-Key` and problem+json as for records; a
    function gives what becomes JSON, None for nothing, or (body, status).
    """

    name: str
    url_prefix: str = ""
    realm: str = "staff"
    api: bool = False
    routes: list[Route] = field(default_factory=list)

    def route(
        self,
        rule: str,
        *,
        permission: tuple[str, str] | Permission | None = None,
        methods: tuple[str, ...] = ("GET",),
        csrf: bool = True,
        seconds: float | None = None,
    ) -> Callable[..., Any]:
        """Declare a route; `permission` is (record key, action), `signed_in(...)` or `public(...)`.

        It has to be given: a route without one is told at the start, with all that is wrong, and nothing starts.
        A page known to take its time says how many `seconds` it may; others have the `page_seconds` of the settings.
        """
        right = Permission("record", *permission) if isinstance(permission, tuple) else permission

        def keep(view: Callable[..., Any]) -> Callable[..., Any]:
            self.routes.append(Route(rule, tuple(methods), view, right, view.__name__, csrf, seconds))
            return view

        return keep
