"""Whose is what: one's own choices and deliveries, everything for administrators, wording for who configures."""

from __future__ import annotations

from core import Grant, Scopes

ADMIN = "system_admin"
LOGS = ("inbox.delivery", "inbox.attempt", "inbox.escalation", "inbox.text", "inbox.reply")
OWN = ("inbox.preference", "inbox.habit", "inbox.delivery", "inbox.text")


def grants() -> list[Grant]:
    """Administrators see each delivery and its attempts; a person sees what went to them."""
    found = [Grant(role, key, ("read",)) for role in (ADMIN, "audit_admin") for key in LOGS]
    found += [Grant(ADMIN, "inbox.delivery", ("read", "export", "send_again"))]
    found += [Grant(ADMIN, "inbox.template", ("read", "update", "restore_wording"))]
    found += [Grant("config_admin", "inbox.template", ("read", "update", "restore_wording"))]
    return found + [Grant("*", key, ("read",), "own") for key in OWN]


def scopes() -> dict[str, Scopes]:
    """Own: about me."""
    own = Scopes(own=lambda model, who: model.user_id == who.user_id)
    return dict.fromkeys((*OWN, "inbox.escalation", "inbox.reply"), own) | {
        "inbox.attempt": Scopes(own=lambda model, who: model.delivery.has(user_id=who.user_id))
    }
