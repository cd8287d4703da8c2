"""What is asked of a webhook before it is kept: an address that may be called, a condition that holds, a person who
agrees. No sending here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.clock import now
from core.db import db
from core.errors import BadRequest, FieldError, Invalid, Refused
from core.i18n import _
from core.outgoing import check_address
from core.permissions.people import load_principal
from core.records.conditions import judging
from core.registry import registry
from core.webhooks.conditions import filters_of
from core.webhooks.model import Webhook
from core.webhooks.signing import new_secret

OVERLAP = timedelta(hours=24)
"""How long the key before goes on signing beside the new one."""
BOUND = ("url", "user", "records", "kinds", "condition")
"""Fields by which more, or another place, would be told."""


def begin(records: list[Any]) -> None:
    """New webhooks have a key, and act for whoever makes them."""
    for hook in records:
        hook.secret = hook.secret or new_secret()
        _agreed(hook)


def change(changes: list[Any]) -> None:
    """Whoever changes what is told acts for the person, or is an administrator with all rights."""
    for one in changes:
        if one.changed(*BOUND):
            _agreed(one.record)
        if one.new.get("active"):
            one.record.off_reason = one.record.failing_since = None


def _agreed(hook: Webhook) -> None:
    who = db.session().principal
    if not (who.is_system or who.user_id == hook.user_id or who.has_role("administrator")):
        message = _("It sends with this person's eyes: choose yourself, or ask an administrator with all rights.")
        raise Invalid([FieldError("user", "forbidden", message)])


def check(records: list[Any]) -> None:
    """Address and condition; raises `Invalid` at the field."""
    errors = []
    for hook in records:
        try:
            check_address(hook.url or "")
        except Refused as refusal:
            errors.append(FieldError("url", refusal.code, refusal.message))
        errors += _condition_errors(hook)
    if errors:
        raise Invalid(errors)


def _condition_errors(hook: Webhook) -> list[FieldError]:
    principal = load_principal(hook.user_id, db.session().connection()) if hook.condition else None
    if principal is None:
        return []
    found = []
    with judging(principal):
        for key in hook.records or ():
            try:
                filters_of(registry().types[key], hook.condition)
            except (BadRequest, KeyError) as refusal:
                found.append(FieldError("condition", "condition", getattr(refusal, "message", str(refusal))))
    return found


def replace_key(hook: Webhook) -> str:
    """A new key, told once; the one before holds for another day, so that the receiver has time."""
    hook.old_secret, hook.old_until = hook.secret, now() + OVERLAP
    hook.secret = new_secret()
    db.session.flush()
    return hook.secret
