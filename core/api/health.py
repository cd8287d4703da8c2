"""`/healthz`: whether database and schema let the deployment serve (200 or 503), and how queue and scheduler fare."""

from __future__ import annotations

import logging
import time
from typing import Any

import orjson
from flask import Response
from sqlalchemy import select

from core.db import db, write_intent
from core.hooks.manifest import CORE_VERSION
from core.jobs.status import queue_state, scheduler_state
from core.registry import registry

log = logging.getLogger("zhian.health")
SCHEMA_SECONDS = 30.0
_schema: dict[int, tuple[float, dict[str, Any]]] = {}


def healthz() -> Response:
    """The state as JSON. A silent queue or scheduler degrades, a missing database or an old schema is down."""
    write_intent.set(False)
    state: dict[str, Any] = {"database": _part(_database)}
    for name, ask in (("schema", schema_state), ("queue", queue_state), ("scheduler", scheduler_state)):
        state[name] = _part(ask) if state["database"]["ok"] else {"ok": False}
    serving = state["database"]["ok"] and state["schema"]["ok"]
    well = all(part["ok"] for part in state.values())
    body = {"status": "ok" if well else "degraded" if serving else "down", "version": CORE_VERSION, **state}
    headers = {"Cache-Control": "no-store"} | ({} if serving else {"Retry-After": "5"})
    return Response(orjson.dumps(body, default=str), 200 if serving else 503, headers, mimetype="application/json")


def _part(ask: Any) -> dict[str, Any]:
    try:
        return ask()
    except Exception:  # a part that cannot even be asked is down; the others still answer
        log.warning("health of a part cannot be read", exc_info=True)
        return {"ok": False}


def _database() -> dict[str, Any]:
    with db.engine.connect() as connection:
        connection.execute(select(1)).scalar_one()
    return {"ok": True, "kind": db.engine.dialect.name}


def schema_state() -> dict[str, Any]:
    """{ok, behind}; an answer that all is well is kept for half a minute."""
    known = _schema.get(id(registry()))
    if known and known[0] > time.monotonic():
        return known[1]
    from core.hooks import migrations  # alembic, which no other answer needs

    behind = [state.plugin for state in migrations.status(registry(), db.engine) if not state.ok]
    found = {"ok": not behind, "behind": behind}
    if not behind:
        _schema[id(registry())] = (time.monotonic() + SCHEMA_SECONDS, found)
    return found
