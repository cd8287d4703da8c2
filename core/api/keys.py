"""Bearer API keys: shown once, kept as a hash, narrowed to scopes, refused within a second after they were stopped."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from core.clock import now
from core.db import db, impatient, system, write_intent
from core.errors import NotSignedIn, Refused
from core.i18n import _
from core.permissions.org import ApiKey
from core.permissions.people import load_principal
from core.permissions.principal import Principal
from core.permissions.rules import STANDARD_ACTIONS
from core.registry import registry

FRESH_SECONDS = 0.8
USED_EVERY = timedelta(minutes=1)
MARK = "zk"
_table = ApiKey.__table__


@dataclass(frozen=True)
class Known:
    """A key as the database had it a moment ago."""

    until: float
    user_id: int
    scopes: frozenset[str] | None
    expires_at: datetime | None


_known: dict[str, Known] = {}
_noted: dict[str, datetime] = {}


def digest(secret: str) -> str:
    """What the table keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_key(user_id: int, scopes: list[str], name: str = "", expires_at: datetime | None = None) -> str:
    """Make a key of this person and return it whole, for the only time. Raises `Refused` for an unknown scope."""
    check_scopes(scopes)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    with system(f"issue an API key to user {user_id}") as session:
        session.add(
            ApiKey(
                user_id=user_id,
                name=name,
                prefix=prefix,
                secret_hash=digest(secret),
                scopes=sorted(set(scopes)),
                expires_at=expires_at,
            )
        )
    return f"{MARK}_{prefix}_{secret}"


def check_scopes(scopes: list[str]) -> None:
    """Each scope is `*` or RECORD:ACTION of this deployment; raises `Refused` that names the first bad one."""
    for scope in scopes or [""]:
        key, _colon, action = scope.partition(":")
        kind = registry().types.get(key)
        known = kind is not None and action in {*STANDARD_ACTIONS, "*", *registry().actions.get(key, {})}
        if scope != "*" and not known:
            raise Refused(
                _(
                    "Unknown scope “%(scope)s”. Write * or RECORD:ACTION, for example clients.client:read.",
                    scope=scope,
                ),
                field="scopes",
                code="scope",
            )


def authenticate(header: str) -> Principal:
    """The person behind an Authorization header, narrowed to the key's scopes; raises `NotSignedIn`."""
    scheme, _space, token = header.partition(" ")
    refusal = NotSignedIn(_("Send an API key that is valid: Authorization: Bearer zk_…"), code="bad_key")
    if scheme.lower() != "bearer":
        raise refusal
    mark = digest(token.strip())
    known = _known.get(mark)
    if known is None or known.until < time.monotonic():
        known = _read(mark, token.strip())
        if known is None:
            raise refusal
    if known.expires_at is not None and known.expires_at <= now():
        raise refusal
    principal = load_principal(known.user_id)
    if principal is None or principal.realm != "staff":
        raise refusal
    return principal if known.scopes is None else _narrowed(principal, known.scopes)


def key_id_of(header: str | None) -> str | None:
    """The public part of the key that a header names, for the log; whether the key holds is another question."""
    parts = (header or "").partition(" ")[2].strip().split("_", 2)
    return parts[1][:20] if len(parts) == 3 and parts[0] == MARK and parts[1].isalnum() else None


def _narrowed(principal: Principal, scopes: frozenset[str]) -> Principal:
    """The same object for the same person and scopes, so that what is remembered about their rights stays."""
    key = ("narrowed", scopes)
    if key not in principal.cache:
        principal.cache[key] = principal.narrowed(scopes)
    return principal.cache[key]


def _read(mark: str, token: str) -> Known | None:
    """Ask the database, on a connection of its own that only reads."""
    parts = token.split("_", 2)
    row = _row(parts[1]) if len(parts) == 3 and parts[0] == MARK and parts[1].isalnum() else None
    if row is None or not hmac.compare_digest(row.secret_hash, digest(parts[2])):
        _known.pop(mark, None)
        return None
    scopes = frozenset(row.scopes or ())
    found = Known(time.monotonic() + FRESH_SECONDS, row.user_id, None if "*" in scopes else scopes, row.expires_at)
    if len(_known) > 5000:
        _known.clear()
    _known[mark] = found
    _note_use(parts[1], row.last_used_at)
    return found


def _row(prefix: str) -> Any:
    columns = ("user_id", "secret_hash", "scopes", "expires_at", "last_used_at")
    statement = select(*(_table.c[c] for c in columns)).where(
        _table.c.prefix == prefix, _table.c.revoked_at.is_(None), _table.c.archived_at.is_(None)
    )
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return connection.execute(statement).first()
    finally:
        write_intent.reset(token)


def _note_use(prefix: str, last: datetime | None) -> None:
    """At most once a minute, in a transaction of its own that gives way to any other writer."""
    at = now()
    last = max(filter(None, (last, _noted.get(prefix))), default=None)
    if last is not None and at - last < USED_EVERY:
        return
    _noted[prefix] = at
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection, impatient(connection):
            connection.execute(update(_table).where(_table.c.prefix == prefix).values(last_used_at=at))
            connection.commit()
    except OperationalError:
        _noted.pop(prefix, None)  # somebody else was writing; the next reading of the key tries again
    finally:
        write_intent.reset(token)


def forget_keys() -> None:
    """Read keys anew at the next request; other processes follow within a second."""
    _known.clear()
