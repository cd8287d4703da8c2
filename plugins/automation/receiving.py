"""The secret address of a rule: other systems post a message there, and a run follows. The address itself is signed."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import orjson
from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select

from core import Endpoints, NotFound, db, enqueue, insert_derived, public, system
from plugins.automation.catching import Live, run_row
from plugins.automation.records import Rule, Run
from plugins.automation.services import WORK

LARGEST = 64 * 1024
"""Bytes of one message."""
MOST_WAITING = 1000
WHY = "a message came in for a rule"
endpoints = Endpoints("automation_in", "/hooks/automation")


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="automation address")


def address(rule: Rule) -> str:
    """The path of its address; another number of the rule makes another one."""
    return f"/hooks/automation/{_signer().dumps([rule.id, rule.address_no])}"


@endpoints.route("/<token>", methods=("POST",), permission=public("the address is signed and secret"), csrf=False)
def receive(token: str) -> Any:
    """Take one message: 202, or 200 when the same `webhook-id` was taken before; 404 for an address that is closed."""
    try:
        ident, number = _signer().loads(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound() from None
    if (request.content_length or 0) > LARGEST:
        return {"error": "too large"}, 413
    try:
        told = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError:
        return {"error": "not JSON"}, 400
    if not isinstance(told, dict):
        return {"error": "not an object"}, 400
    return _take(ident, number, told, request.headers.get("webhook-id") or "")


def _take(ident: int, number: int, told: dict[str, Any], said: str) -> Any:
    occasion = hashlib.sha256(said.encode()).hexdigest()[:32] if said else secrets.token_hex(16)
    with system(WHY):
        open_rule = (Rule.id == ident, Rule.address_no == number, Rule.trigger == "webhook", Rule.archived_at.is_(None))
        rule = db.session.scalars(select(Rule).where(*open_rule, Rule.active.is_(True))).first()
        if rule is None:
            raise NotFound()
        row = run_row(_live(rule), None, None, f"message {occasion}") | {"payload": told}
        if db.session.scalar(select(Run.id).where(Run.key == row["key"])) is not None:
            return {"taken": False}, 200
        waits = select(func.count(Run.id)).where(Run.rule_id == rule.id, Run.state == "waiting")
        if (db.session.scalar(waits) or 0) >= MOST_WAITING:
            return {"error": "too many"}, 429
        insert_derived(Run, [row])
        enqueue(WORK, key=WORK)
    return {"taken": True}, 202


def _live(rule: Rule) -> Live:
    return Live(rule.id, rule.version_no, rule.trigger, rule.when or {}, rule.condition, rule.runs_as_id or 0)
