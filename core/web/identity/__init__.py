"""Pages about who somebody is: steps of the sign-in, second factors, proofs, links, single sign-on, keys, the policy.

Pages that clients have too are registered once for each realm, below its prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from core.registry import STAFF, Realm, registry
from core.web import lifecycle
from core.web.identity import factors, forgotten, keys, passkeys, people, policy, proof, sso, steps

Rule = tuple[str, str, Callable[..., Any], str]
STEPS: tuple[Rule, ...] = (
    ("/login/second", "second", steps.second, "GET"),
    ("/login/second", "take_second", steps.take_second, "POST"),
    ("/login/setup", "setup", steps.setup, "GET"),
    ("/login/setup", "take_setup", steps.take_setup, "POST"),
    ("/login/setup/passkey", "setup_passkey", steps.setup_passkey, "POST"),
    ("/login/renew", "renew", steps.renew, "GET"),
    ("/login/renew", "take_renew", steps.take_renew, "POST"),
    ("/login/leave", "leave", steps.leave, "POST"),
    ("/passkey/make", "passkey_make", passkeys.make, "POST"),
)
"""For whoever proved one thing and owes the next."""

OPEN: tuple[Rule, ...] = (
    ("/login/passkey/ask", "passkey_ask", passkeys.ask, "POST"),
    ("/login/passkey", "passkey_in", passkeys.sign_in, "POST"),
    ("/login/with/<name>", "sso_go", sso.go, "GET"),
    ("/login/back/<name>", "sso_back", sso.back, "GET"),
)
SIGNED_IN: tuple[Rule, ...] = (
    ("/security", "security", factors.page, "GET"),
    ("/security/app", "app_on", factors.app_on, "POST"),
    ("/security/app/off", "app_off", factors.app_off, "POST"),
    ("/security/codes", "codes", factors.codes, "POST"),
    ("/security/passkeys", "passkey_keep", factors.passkey_keep, "POST"),
    ("/security/passkeys/<int:passkey_id>/off", "passkey_off", factors.passkey_off, "POST"),
    ("/confirm", "confirm", proof.page_alone, "GET"),
    ("/confirm", "take_confirm", proof.take_alone, "POST"),
)
STAFF_OPEN: tuple[Rule, ...] = (
    ("/forgotten", "forgotten", forgotten.page, "GET"),
    ("/forgotten", "ask_for_link", forgotten.ask, "POST"),
    ("/password/<token>", "link", forgotten.link, "GET"),
    ("/password/<token>", "use_link", forgotten.use, "POST"),
)


def register(web: Blueprint) -> None:
    """All routes, those of every realm first."""
    for realm in registry().realms.values():
        _add(web, realm, (*STEPS, *OPEN, *SIGNED_IN))
        lifecycle.STEP_ENDPOINTS.update(f"web.{_name(realm, rule)}" for rule in STEPS)
        lifecycle.OPEN_ENDPOINTS.update(f"web.{_name(realm, rule)}" for rule in OPEN)
    _add(web, STAFF, STAFF_OPEN)
    lifecycle.OPEN_ENDPOINTS.update(f"web.{_name(STAFF, rule)}" for rule in STAFF_OPEN)
    for module in (keys, people, policy):
        module.register(web)


def _name(realm: Realm, rule: Rule) -> str:
    return rule[1] if realm is STAFF else f"{realm.name}_{rule[1]}"


def _add(web: Blueprint, realm: Realm, rules: tuple[Rule, ...]) -> None:
    for rule in rules:
        path, _endpoint, view, method = rule
        web.add_url_rule(f"{realm.prefix}{path}", _name(realm, rule), view, methods=[method])
