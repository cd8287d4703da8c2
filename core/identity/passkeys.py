"""Passkeys (WebAuthn level 2): what the browser is asked, and whether its answer proves a person. No pages in here."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request
from sqlalchemy import delete, insert, select, update

from core.clock import now
from core.errors import Refused
from core.i18n import _
from core.identity.model import Passkey

MOST = 20
_table = Passkey.__table__


def site() -> tuple[str, str]:
    """(host, origin) that passkeys are bound to: the setting `base_url`, else where the browser is."""
    origin = current_app.config["ZHIAN"].base_url or request.host_url
    place = urlsplit(origin)
    return place.hostname or "", f"{place.scheme}://{place.netloc}"


def possible() -> bool:
    """Whether browsers offer passkeys here: a host with a name, by https or on this machine."""
    host, origin = site()
    try:
        ipaddress.ip_address(host)
        return False
    except ValueError:
        return bool(host) and (origin.startswith("https://") or host == "localhost" or host.endswith(".localhost"))


def passkeys_of(connection: Any, user_id: int) -> list[Any]:
    """The person's passkeys, oldest first."""
    names = ("id", "name", "credential_id", "transports", "created_at", "used_at")
    wanted = select(*(_table.c[n] for n in names)).where(_table.c.user_id == user_id).order_by(_table.c.id)
    return list(connection.execute(wanted))


def ask_new(connection: Any, user_id: int, login: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the browser is asked to make, what is kept of it). Raises `Refused` when there are many already."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = passkeys_of(connection, user_id)
    if len(known) >= MOST:
        raise Refused(_("You have %(n)s passkeys. Remove one first.", n=MOST))
    options = generate_registration_options(
        rp_id=site()[0],
        rp_name=current_app.config["ZHIAN"].agency,
        user_id=_handle(user_id),
        user_name=login,
        user_display_name=name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=_octets(row.credential_id)) for row in known],
    )
    return json.loads(options_to_json(options)), {"challenge": _text(options.challenge), "user": user_id}


def _handle(user_id: int) -> bytes:
    """The name of a person inside authenticators; it tells nobody who they are."""
    return hashlib.sha256(f"passkey:{current_app.config['SECRET_KEY']}:{user_id}".encode()).digest()


def keep(connection: Any, kept: dict[str, Any], answer: str, name: str) -> None:
    """Take a new passkey in. Raises `Refused` when the browser's answer does not fit the question."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    host, origin = site()
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=_octets(kept["challenge"]),
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
        transports = json.loads(answer).get("response", {}).get("transports")
    except (WebAuthnException, ValueError, AttributeError, KeyError, TypeError):
        raise Refused(_("This passkey could not be taken in. Try again.")) from None
    ident = _text(made.credential_id)
    if connection.execute(select(_table.c.id).where(_table.c.credential_id == ident)).first() is not None:
        raise Refused(_("This passkey is known already."))
    values = {
        "user_id": kept["user"],
        "name": name,
        "credential_id": ident,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "transports": [t for t in transports if isinstance(t, str)][:8] if isinstance(transports, list) else None,
        "created_at": now(),
    }
    connection.execute(insert(_table).values(values))


def ask_known(connection: Any, user_id: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the browser is asked to sign, what is kept of it): any passkey of this site, or those of one person."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorTransport,
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    known = {t.value: t for t in AuthenticatorTransport}
    rows = passkeys_of(connection, user_id) if user_id is not None else []
    allowed = [
        PublicKeyCredentialDescriptor(
            id=_octets(row.credential_id), transports=[known[t] for t in row.transports or () if t in known] or None
        )
        for row in rows
    ]
    options = generate_authentication_options(
        rp_id=site()[0], allow_credentials=allowed, user_verification=UserVerificationRequirement.REQUIRED
    )
    return json.loads(options_to_json(options)), {"challenge": _text(options.challenge), "user": user_id}


def proven(connection: Any, kept: dict[str, Any] | None, answer: str) -> int | None:
    """The id of the person whose passkey signed the question, or None.

    A counter that did not grow, where the authenticator counts, is a copy of the key: refused.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    row = _row(connection, answer)
    if kept is None or row is None or (kept["user"] is not None and kept["user"] != row.user_id):
        return None
    host, origin = site()
    try:
        shown = verify_authentication_response(
            credential=answer,
            expected_challenge=_octets(kept["challenge"]),
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, AttributeError, KeyError, TypeError):
        return None
    values = {"sign_count": shown.new_sign_count, "used_at": now()}
    connection.execute(update(_table).where(_table.c.id == row.id).values(values))
    return row.user_id


def _row(connection: Any, answer: str) -> Any:
    try:
        ident = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(ident, str):
        return None
    wanted = select(_table).where(_table.c.credential_id == ident.rstrip("="))
    return connection.execute(wanted.with_for_update()).first()


def drop(connection: Any, user_id: int, passkey_id: int) -> bool:
    """Remove one passkey of a person; false when they have no such one."""
    mine = (_table.c.user_id == user_id, _table.c.id == passkey_id)
    return connection.execute(delete(_table).where(*mine)).rowcount == 1


def _text(octets: bytes) -> str:
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(octets)


def _octets(text: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    return base64url_to_bytes(text)
