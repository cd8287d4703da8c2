"""From an event of the outbox to messages: what each webhook's person may see of the record, as a signed body later."""

from __future__ import annotations

import secrets
from datetime import UTC
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import acting_as, db, reading
from core.i18n import use_locale
from core.jobs.runs import enqueue
from core.permissions.people import load_principal
from core.permissions.rules import access
from core.records.dump import dump_one
from core.registry import RecordType, registry
from core.webhooks.model import PING, SEND, Webhook, WebhookMessage
from core.webhooks.watching import seen_by

LARGEST = 256 * 1024
"""Bytes of a body; a larger record is told of without its contents."""
_hooks = Webhook.__table__
_messages = WebhookMessage.__table__


def compose(payload: dict[str, Any], key: str) -> None:
    """The subscriber: one message for each webhook whose person may see what happened."""
    kind = registry().types.get(payload["record"])
    if kind is None:
        return
    chosen = select(_hooks.c.id, _hooks.c.user_id, _hooks.c.condition)
    with reading() as connection:
        found = connection.execute(chosen.where(_hooks.c.id.in_(payload["webhooks"]), _hooks.c.active)).all()
    bodies = [(hook.id, _body(kind, payload, hook)) for hook in found]
    made = [keep(hook_id, body, f"{key}/{hook_id}", kind.key, payload["id"]) for hook_id, body in bodies if body]
    if any(made):
        enqueue(SEND, key=SEND)


def _body(kind: RecordType, payload: dict[str, Any], hook: Any) -> dict[str, Any] | None:
    """What the webhook is told, or None when its person does not see it."""
    event = f"{kind.key}.{payload.get('action') or payload['kind']}"
    data: dict[str, Any] = {"record": kind.key, "id": payload["id"], "kind": payload["kind"]}
    if payload["kind"] == "deleted":  # who may see it was asked while it was there
        return envelope(event, data)
    principal = load_principal(hook.user_id)
    if principal is None:
        return None
    with acting_as(principal, via="webhook"), use_locale(principal.locale):
        if not seen_by(hook.user_id, kind, [payload["id"]], hook.condition):
            return None
        shown = dump_one(kind.model, payload["id"])
        closed = {name for name, rule in access().treatments(kind.model, principal).items() if rule.when is None}
        closed = {name for name in closed if access().treatments(kind.model, principal)[name].treatment != "readonly"}
    if shown is None:
        return None
    fields = [name for name in payload.get("fields", ()) if name in shown and name not in closed]
    if payload["kind"] in ("updated", "status") and not fields:
        return None
    data |= {"fields": fields} if fields else {}
    data |= {"action": payload["action"]} if "action" in payload else {}
    return envelope(event, data | {"object": shown})


def envelope(event: str, data: dict[str, Any]) -> dict[str, Any]:
    """A body: what happened, when, and the data."""
    at = now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": event, "timestamp": at, "data": data}


def keep(
    hook_id: int, body: dict[str, Any], key: str, record_key: str | None = None, record_id: int | None = None
) -> int | None:
    """Put a message into the queue of a webhook, in the present transaction; None when `key` is there already."""
    text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS).decode()
    if len(text) > LARGEST:
        text = orjson.dumps(body | {"data": body["data"] | {"object": None, "too_large": True}}).decode()
    at = now()
    row = {
        "webhook_id": hook_id,
        "ident": f"msg_{secrets.token_urlsafe(18)}",
        "key": key[:200],
        "event": body["type"][:120],
        "record_key": record_key,
        "record_id": record_id,
        "body": text,
        "state": "waiting",
        "attempts": 0,
        "next_at": at,
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }
    connection = db.session().connection()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    once = dialect.insert(_messages).values(row).on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(once.returning(_messages.c.id)).scalar()


def ping(hook: Webhook) -> int | None:
    """A message that only says hello."""
    body = envelope(PING, {"webhook": hook.name})
    made = keep(hook.id, body, f"{PING}/{hook.id}/{secrets.token_hex(8)}")
    enqueue(SEND, key=SEND)
    return made
