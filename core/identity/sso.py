"""Single sign-on by OpenID Connect: code flow with PKCE, state, nonce; ID tokens are verified by the provider's keys.

OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9700. Nothing here knows pages or sessions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt
from flask import current_app
from sqlalchemy import func, select

from core.errors import Refused, Unavailable
from core.i18n import _, current_locale
from core.identity.settings import Provider
from core.outgoing import check_address, outgoing
from core.permissions.org import User, UserRole
from core.records.audit import note_action
from core.registry import registry

log = logging.getLogger("zhian.identity")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key alone: neither `none` nor anything made with a shared secret."""
LEEWAY = timedelta(seconds=60)
FRESH_SECONDS = 600.0
LARGEST = 1 << 20
_kept: dict[str, tuple[float, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Journey:
    """What the browser carries, signed, from our page to the provider and back."""

    state: str
    nonce: str
    verifier: str

    @staticmethod
    def begin() -> Journey:
        """A new one."""
        return Journey(*(secrets.token_urlsafe(32) for _n in range(3)))


def providers(realm: str) -> list[Provider]:
    """The providers of a realm."""
    return [p for p in current_app.config["ZHIAN"].identity.oidc if p.realm == realm]


def only_provider(realm: str) -> Provider | None:
    """The provider without which nobody of the realm signs in, or None."""
    return next((p for p in providers(realm) if p.only), None)


def _get(address: str, provider: Provider) -> dict[str, Any]:
    """A JSON document of the provider, kept for ten minutes. Raises `Unavailable`."""
    kept = _kept.get(address)
    if kept is None or kept[0] < time.monotonic():
        kept = _kept[address] = (time.monotonic() + FRESH_SECONDS, _call(address, provider))
    return kept[1]


def _call(address: str, provider: Provider, form: dict[str, str] | None = None) -> dict[str, Any]:
    place = urlsplit(check_address(address))
    path = place.path + (f"?{place.query}" if place.query else "")
    try:
        with outgoing(f"{place.scheme}://{place.netloc}", ca_file=provider.ca_file or None) as client:
            answer = client.get(path) if form is None else client.post(path, data=form)
        if answer.status_code != 200 or len(answer.content) > LARGEST:
            raise ValueError(f"status {answer.status_code}, {len(answer.content)} octets")
        found = answer.json()
        if not isinstance(found, dict):
            raise ValueError("no object")
    except (httpx.HTTPError, ValueError) as problem:
        log.warning("provider %s at %s: %s", provider.name, address, problem)
        text = _("%(name)s does not answer as it should. Try again, or sign in another way.", name=shown(provider))
        raise Unavailable(text) from None
    return found


def shown(provider: Provider) -> str:
    """What people call the provider."""
    return (provider.label_en if current_locale() == "en" else provider.label) or provider.label or provider.name


def description(provider: Provider) -> dict[str, Any]:
    """The provider's own description of itself (OpenID Connect Discovery 1.0). Raises `Unavailable`."""
    issuer = provider.issuer.rstrip("/")
    found = _get(f"{issuer}/.well-known/openid-configuration", provider)
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise Unavailable(_("%(name)s says that it is somebody else.", name=shown(provider)))
    for key in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        check_address(str(found.get(key, "")))
    return found


def address_to_go(provider: Provider, journey: Journey, back: str, *, again: bool = False) -> str:
    """Where the browser goes to sign in; `again` asks the provider for a fresh proof, whoever is signed in there."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(journey.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": provider.scope,
        "state": journey.state,
        "nonce": journey.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | ({"prompt": "login", "max_age": "0"} if again else {})
    start = str(description(provider)["authorization_endpoint"])
    return f"{start}{'&' if '?' in start else '?'}{urlencode(asked)}"


def claims_of(provider: Provider, journey: Journey, back: str, state: str, code: str) -> dict[str, Any]:
    """What the provider says of the person who came back. Raises `Refused` or `Unavailable`."""
    if not hmac.compare_digest(journey.state.encode(), state.encode()):
        raise Refused(_("This sign-in was begun elsewhere. Begin it again here."), code="state")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": provider.client_id}
    form |= {"code_verifier": journey.verifier} | ({"client_secret": provider.secret} if provider.secret else {})
    answer = _call(str(description(provider)["token_endpoint"]), provider, form)
    claims = _verified(provider, str(answer.get("id_token", "")))
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), journey.nonce.encode()):
        raise Refused(_("The provider answered another question. Begin again."), code="nonce")
    return claims


def _verified(provider: Provider, token: str) -> dict[str, Any]:
    """The claims of an ID token whose signature, issuer, audience and times are right."""
    wanted = {"require": ["iss", "sub", "aud", "exp", "iat"]}
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError("algorithm")
        claims = jwt.decode(
            token,
            _key(provider, header),
            algorithms=[header["alg"]],
            audience=provider.client_id,
            issuer=description(provider)["issuer"],
            leeway=LEEWAY,
            options=wanted,
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError) as problem:
        raise Refused(_("The provider's answer is not valid (%(why)s).", why=str(problem)), code="token") from None
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != provider.client_id:
        raise Refused(_("The provider's answer is for another program."), code="token")
    return claims


def _key(provider: Provider, header: dict[str, Any]) -> Any:
    """The provider's key of this token; its keys are read anew once when it is not among those known."""
    address = str(description(provider)["jwks_uri"])
    for _round in range(2):
        for entry in _get(address, provider).get("keys", []):
            fits = entry.get("kid") == header.get("kid") or "kid" not in header
            if fits and entry.get("use", "sig") == "sig":
                return jwt.PyJWK(entry, algorithm=header["alg"]).key
        _kept.pop(address, None)
    raise jwt.InvalidKeyError("unknown key")


def person_of(session: Any, provider: Provider, claims: dict[str, Any]) -> User | None:
    """The active person whom the claims name, made when the provider's settings say so; None for a stranger.

    An e-mail counts only when the provider says that it verified it, and when one person alone has it.
    """
    name = _name_in(provider, claims)[:200]
    if not name:
        return None
    column = User.email if provider.match == "email" else User.login
    wanted = (func.lower(column) == name.lower(), User.realm == provider.realm)
    found = list(session.scalars(select(User).where(*wanted).limit(2)))
    if len(found) == 1:
        user = found[0]
        return user if user.active and user.archived_at is None else None
    return _create(session, provider, claims, name) if not found and provider.create else None


def _name_in(provider: Provider, claims: dict[str, Any]) -> str:
    if provider.match == "email":
        verified = claims.get("email_verified") in (True, "true")
        return str(claims.get(provider.claim or "email") or "").strip() if verified else ""
    return str(claims.get(provider.claim or "preferred_username") or "").strip()


def _create(session: Any, provider: Provider, claims: dict[str, Any], name: str) -> User | None:
    if session.scalars(select(User.id).where(func.lower(User.login) == name.lower())).first() is not None:
        return None
    known = registry().access.roles
    email = str(claims.get("email") or "") or None
    shown = str(claims.get("name") or name)[:80]
    user = User(login=name[:80], name=shown, email=email, realm=provider.realm)
    session.add(user)
    session.flush()
    session.add_all(UserRole(user_id=user.id, role=role) for role in provider.roles if role in known)
    session.flush()
    note_action(session, "person_by_provider", user, changes={"provider": [None, provider.name]})
    return user


def forget_descriptions() -> None:
    """Read providers anew at the next sign-in."""
    _kept.clear()
