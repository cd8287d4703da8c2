"""What stands between a proof and a session: a second factor, setting one up where a role asks, an old password."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from core.clock import now
from core.identity.factors import factors_of, must_have, new_secret
from core.identity.model import OldPassword
from core.identity.policy import current_policy

SECOND, SETUP, RENEW = "second", "setup", "renew"
STRONG = frozenset({"totp", "recovery", "passkey", "provider"})
"""Ways that are a second factor, or hold one: a passkey is unlocked by finger, face or PIN."""
_old = OldPassword.__table__


def next_step(connection: Any, user_id: int, way: str) -> str | None:
    """The step that is still to be taken by somebody who came this `way` (`password+totp`); None: come in.

    Whoever has to set an app up gets its secret here, so that the page only reads.
    """
    ways = set(way.split("+"))
    if not ways & STRONG:
        if factors_of(connection, user_id):
            return SECOND
        if must_have(connection, user_id):
            new_secret(connection, user_id)
            return SETUP
    return RENEW if "password" in ways and is_expired(connection, user_id) else None


def password_since(connection: Any, user_id: int) -> datetime | None:
    """Since when the present password holds."""
    newest = select(_old.c.at).where(_old.c.user_id == user_id).order_by(_old.c.id.desc()).limit(1)
    return connection.execute(newest).scalar()


def is_expired(connection: Any, user_id: int) -> bool:
    """Whether the policy asks for a new password."""
    life = current_policy().life
    since = password_since(connection, user_id) if life else None
    return life is not None and since is not None and since + life <= now()


def remember_password(connection: Any, user_id: int, password_hash: str) -> None:
    """A new password holds from now on; what the policy does not ask to remember is forgotten."""
    kept = max(1, current_policy().history)
    values = {"user_id": user_id, "password_hash": password_hash, "at": now()}
    connection.execute(insert(_old).values(values))
    newest = select(_old.c.id).where(_old.c.user_id == user_id).order_by(_old.c.id.desc()).limit(kept)
    ids = list(connection.execute(newest).scalars())
    connection.execute(delete(_old).where(_old.c.user_id == user_id, _old.c.id.not_in(ids)))
