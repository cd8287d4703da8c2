"""Single sign-on in the browser: to the provider and back with what it says. The journey is in a signed cookie."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask import current_app, g, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.clock import now
from core.db import db, start_writing, system
from core.errors import NotFound, Refused, ZhianError
from core.i18n import gettext
from core.identity import sso
from core.identity.settings import Provider
from core.identity.steps import next_step
from core.permissions.principal import current_principal
from core.records.audit import note_action
from core.web import sessions
from core.web.identity import outside, proof
from core.web.realms import realm_cookie
from core.web.security import cookie_name, over_https, set_cookie

COOKIE = "zhian_sso"
LIFE = timedelta(minutes=10)
PROVED = timedelta(minutes=5)
"""How long ago the provider may have asked for a proof that is to be a fresh one."""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="single-sign-on")


def _provider(name: str) -> Provider:
    found = next((p for p in sso.providers(g.realm.name) if p.name == name), None)
    if found is None:
        raise NotFound()
    return found


def _back_address(name: str) -> str:
    """Where the provider sends the browser back to, as registered there."""
    base = (current_app.config["ZHIAN"].base_url or request.host_url).rstrip("/")
    return f"{base}{outside.here(f'/login/back/{name}')}"


def go(name: str) -> Any:
    """To the provider. Somebody who is signed in goes to prove themself again."""
    provider, journey = _provider(name), sso.Journey.begin()
    again = current_principal().user_id is not None
    try:
        target = sso.address_to_go(provider, journey, _back_address(name), again=again)
    except ZhianError as problem:
        return _failed(str(problem), 503)
    answer = redirect(target, 303)
    carried = {"to": name, "next": outside.onward(), "again": again, **asdict(journey)}
    set_cookie(answer, COOKIE, str(_signer().dumps(carried)), int(LIFE.total_seconds()))
    return answer


def back(name: str) -> Any:
    """From the provider: a session for the person that it names, or a fresh proof of the one who is signed in."""
    provider, carried = _provider(name), _carried(name)
    if carried is None or "code" not in request.args:
        return _forgetting(_failed(gettext("The sign-in was given up or took too long. Begin it again."), 401))
    journey = sso.Journey(carried["state"], carried["nonce"], carried["verifier"])
    code, state = request.args["code"], request.args.get("state", "")
    try:
        claims = sso.claims_of(provider, journey, _back_address(name), state, code)
        start_writing()
        answer = _prove(provider, claims) if carried["again"] else _sign_in(provider, claims)
    except ZhianError as problem:
        return _forgetting(_failed(str(problem), problem.status if problem.status >= 500 else 401))
    answer.headers["Location"] = carried["next"]
    return _forgetting(answer)


def _carried(name: str) -> dict[str, Any] | None:
    try:
        found = _signer().loads(request.cookies.get(cookie_name(COOKIE), ""), max_age=int(LIFE.total_seconds()))
    except BadSignature:
        return None
    return found if found["to"] == name else None


def _forgetting(answer: Any) -> Any:
    """The journey is over, whatever came of it."""
    answer.delete_cookie(cookie_name(COOKIE), path="/", secure=over_https(), httponly=True, samesite="Lax")
    return answer


def _sign_in(provider: Provider, claims: dict[str, Any]) -> Any:
    realm = g.realm
    with system("single sign-on") as session:
        user = sso.person_of(session, provider, claims)
        token = ""
        if user is None:
            note_action(session, "sign_in_failed", changes={"by": [None, provider.name]})
        else:
            way = f"sso:{provider.name}+provider" if provider.second_factor else f"sso:{provider.name}"
            token = sessions.start(session, user.id, False, way[:60], next_step(session.connection(), user.id, way))
            note_action(session, "sign_in", user, changes={"by": [None, provider.name]})
    if not token:
        raise Refused(gettext("There is no account here for you. Ask an administrator for one with this e-mail."))
    sessions.end_earlier(realm)
    return realm_cookie(realm.name, redirect("/", 303), sessions.SignIn(token=token))


def _prove(provider: Provider, claims: dict[str, Any]) -> Any:
    user_id = current_principal().user_id
    with system("single sign-on") as session:
        user = sso.person_of(session, provider, claims)
        same = user is not None and user.id == user_id
    proved = claims.get("auth_time")
    if not isinstance(proved, int) or proved < now().timestamp() - PROVED.total_seconds():
        raise Refused(gettext("The provider did not ask you anew. Try again, and sign in there."))
    if not same or user_id is None:
        raise Refused(gettext("The provider named somebody else. Sign out, and sign in as that person."))
    proof.confirmed()
    return redirect("/", 303)


def _failed(text: str, status: int) -> Any:
    db.session.rollback()
    return outside.draw("failed.html", gettext("Sign in"), status, text=text)
