"""Who may do what: assessments follow their client; the rating is not for everybody."""

from __future__ import annotations

from core import FieldRule, Grant, Scopes, scopes_via

KEY, CLIENT = "risk.assessment", "clients.client"
SCOPES: dict[str, Scopes] = {KEY: scopes_via("client")}
ASSESS = "risk_assess"
GRANTS = [
    Grant("dept_head", CLIENT, (ASSESS,), "department"),
    Grant("dept_head", KEY, ("read", "create"), "department"),
    *(Grant(role, CLIENT, (ASSESS,)) for role in ("partner", "finance_head")),
    *(Grant(role, KEY, ("read", "create", "export")) for role in ("partner", "finance_head")),
    Grant("client_manager", KEY, ("read",), "own"),
    Grant("consultant", KEY, ("read",), "own"),
]
UNTOLD = ("tm_agent", "pat_agent", "paralegal", "reviewer")
"""Those who do the work; a rating would colour it."""
FIELD_RULES = [FieldRule(CLIENT, name, "hidden", UNTOLD) for name in ("rating", "rated_on", "exposure")]
