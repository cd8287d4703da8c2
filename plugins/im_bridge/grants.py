"""Who may see and change what: administrators set up, everybody sees the own account and messages."""

from __future__ import annotations

from core import Grant, Scopes

ADMIN = "system_admin"
OWN = ("im_bridge.person", "im_bridge.message", "im_bridge.inbox")
SETUP = ("im_bridge.app", "im_bridge.person", "im_bridge.robot")
LOGS = ("im_bridge.message", "im_bridge.inbox", "im_bridge.quota")


def grants() -> list[Grant]:
    """Secrets are written by the system administrator and read by nobody; the audit administrator sees what went on."""
    change = ("read", "create", "update", "delete")
    found = [Grant(ADMIN, key, change) for key in SETUP]
    found += [Grant(ADMIN, key, ("read", "export")) for key in LOGS]
    found += [
        Grant(ADMIN, "im_bridge.app", ("check", "send_test", "sync", "register_callback")),
        Grant(ADMIN, "im_bridge.person", ("accept",)),
        Grant(ADMIN, "im_bridge.robot", ("send_test",)),
        Grant(ADMIN, "im_bridge.message", ("send_again",)),
    ]
    found += [Grant("audit_admin", key, ("read",)) for key in LOGS]
    found += [Grant("security_admin", "im_bridge.person", ("read",))]
    return found + [Grant("*", key, ("read",), "own") for key in OWN]


def scopes() -> dict[str, Scopes]:
    """Own: about me."""
    own = Scopes(own=lambda model, who: model.user_id == who.user_id)
    return dict.fromkeys(OWN, own)
