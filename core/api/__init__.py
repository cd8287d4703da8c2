"""REST derived from the registry: routes, keys, idempotency, problems, OpenAPI, health. No rights are decided here."""

from __future__ import annotations

from flask import Flask


def init_api(app: Flask) -> None:
    """Mount `/api/` and `/healthz`. Called once by `create_app`."""
    from core.api.routes import make_blueprint  # workers and commands need the table of this room, not its routes

    app.register_blueprint(make_blueprint())


__all__ = ["init_api"]
