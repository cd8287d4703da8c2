"""What the pages of webhooks show besides their fields: the key, told once; a message's body and its tries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import make_response, render_template

from core.clock import local, now
from core.db import db, transaction
from core.endpoints import Endpoints
from core.i18n import gettext
from core.identity.proof import require_proof
from core.permissions.principal import current_principal
from core.records import service
from core.records.audit import note_action
from core.views import Panel
from core.webhooks.guarding import OVERLAP, replace_key
from core.webhooks.model import Webhook, WebhookMessage

BODY_CUT = 20_000

endpoints = Endpoints("webhooks", "/settings/webhooks")


@endpoints.route("/<int:hook_id>/key", permission=("core.webhook", "update"), methods=("POST",))
def new_key(hook_id: int) -> Any:
    """A new key, shown this once; the one before signs along for a day."""
    require_proof()
    with transaction():
        hook = service.get(Webhook, hook_id)
        key = replace_key(hook)
        note_action(db.session(), "webhook_key", hook)
    title = gettext("New key")
    crumbs = [(gettext("Webhooks"), "/r/core.webhook"), (hook.name, f"/r/core.webhook/{hook_id}"), (title, None)]
    hours = int(OVERLAP.total_seconds() // 3600)
    page = render_template("web/webhooks/key.html", title=title, crumbs=crumbs, hook=hook, key=key, hours=hours)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def panels(record: Any) -> list[Panel] | None:
    """Panels of a webhook's or a message's page."""
    if isinstance(record, Webhook):
        still = record.old_until if record.old_until and record.old_until > now() else None
        may = current_principal().can("core.webhook", "update")
        until = f"{local(still):%Y-%m-%d %H:%M}" if still else ""
        return [Panel("web/webhooks/hook.html", {"hook": record, "old_until": until, "may_change": may}, order=20)]
    if isinstance(record, WebhookMessage):
        tries = [_shown(one) for one in reversed(record.tries or [])]
        return [Panel("web/webhooks/message.html", {"body": body_for(record), "tries": tries}, order=20)]
    return None


def _shown(tried: dict[str, Any]) -> dict[str, Any]:
    at = local(datetime.fromisoformat(tried["at"]))
    return tried | {"at": f"{at:%Y-%m-%d %H:%M:%S}"}


def body_for(message: WebhookMessage) -> str:
    """The body, set out; contents of the record only to the webhook's own person and to administrators of all."""
    who = current_principal()
    told = orjson.loads(message.body)
    if not (who.user_id == message.webhook.user_id or who.has_role("administrator")):
        told["data"] = {name: value if name != "object" else "•••" for name, value in told["data"].items()}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()[:BODY_CUT]
