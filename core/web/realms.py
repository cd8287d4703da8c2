"""What the pages of another realm need: its people sign in, sign out and see their own sign-ins, as staff do."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request

from core.db import db
from core.identity.policy import current_policy
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.registry import registry
from core.web import sessions
from core.web.lifecycle import commit
from core.web.security import CLEARED, cookie_name, over_https, safe_next, set_cookie


def realm_sign_in(name: str, login: str, password: str, keep: bool = False) -> sessions.SignIn:
    """Try to sign in to realm `name`; give the outcome to `realm_cookie` when it holds a token."""
    return sessions.sign_in(login, password, keep, registry().realms[name])


def realm_cookie(name: str, answer: Any, outcome: sessions.SignIn) -> Any:
    """The same answer, which carries the new sign-in to the browser. A half one leads to its next step by itself."""
    days = current_app.config["ZHIAN"].session_days
    set_cookie(answer, registry().realms[name].cookie, outcome.token or "", days * 86_400 if outcome.keep else None)
    answer.delete_cookie(cookie_name("zhian_visit"), path="/", secure=over_https())
    return answer


def sign_in_days() -> int:
    """How many days somebody may ask to stay signed in; 0 where the policy of the deployment does not allow it."""
    return current_app.config["ZHIAN"].session_days if current_policy().may_stay else 0


def realm_sign_out(name: str, answer: Any) -> Any:
    """End this sign-in; the same answer, which tells the browser."""
    if token := g.get("session_token"):
        sessions.end(sessions.digest(token))
        note_action(db.session(), "sign_out")
        commit()
    answer.headers["Clear-Site-Data"] = CLEARED
    answer.delete_cookie(
        cookie_name(registry().realms[name].cookie), path="/", secure=over_https(), httponly=True, samesite="Lax"
    )
    return answer


def own_sign_ins() -> list[dict[str, Any]]:
    """Live sign-ins of the person: id, address, browser, times, and whether it is this one."""
    rows = sessions.sessions_of(current_principal().user_id or 0)
    return [{**row._mapping, "current": row.id == g.get("session_id")} for row in rows]


def end_sign_in(session_id: int) -> None:
    """End one of one's own sign-ins."""
    sessions.end_one(current_principal().user_id or 0, session_id)


def end_sign_ins(user_id: int, *, but_this: bool = False) -> None:
    """End all sign-ins of a person, for example after a new password or when they are disabled."""
    sessions.end_all(user_id, except_id=g.get("session_id") if but_this else None)


def next_page(default: str) -> str:
    """Where the person wanted to go, when that is a page of ours below the realm; else `default`."""
    target = safe_next(request.values.get("next"), default)
    return target if registry().realm_of(target.partition("?")[0]) is registry().realm_of(request.path) else default
