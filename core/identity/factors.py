"""Second factors of a person: authenticator app (TOTP, RFC 6238), recovery codes, and who must have one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import pyotp
from flask import current_app
from sqlalchemy import delete, func, insert, select, update

from core.clock import now
from core.identity.model import Passkey, RecoveryCode, Totp
from core.permissions.org import UserRole
from core.permissions.overlay import read_overlay

STEP = 30
"""Seconds that a code of an authenticator app holds."""
CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_totp, _code, _passkey = Totp.__table__, RecoveryCode.__table__, Passkey.__table__


@dataclass(frozen=True)
class Factors:
    """What a person has: whether the app is in use, how many passkeys, how many unused recovery codes."""

    totp: bool
    passkeys: int
    codes: int

    def __bool__(self) -> bool:
        return self.totp or self.passkeys > 0


def factors_of(connection: Any, user_id: int) -> Factors:
    """What a person has set up."""
    app = select(_totp.c.confirmed_at).where(_totp.c.user_id == user_id)
    keys = select(func.count()).where(_passkey.c.user_id == user_id)
    codes = select(func.count()).where(_code.c.user_id == user_id, _code.c.used_at.is_(None))
    return Factors(
        connection.execute(app).scalar() is not None,
        connection.execute(keys).scalar_one(),
        connection.execute(codes).scalar_one(),
    )


def must_have(connection: Any, user_id: int) -> bool:
    """Whether a role of the person asks for a second factor (`identity.second_factor_roles`)."""
    roles = set(current_app.config["ZHIAN"].identity.second_factor_roles)
    if not roles or "*" in roles:
        return bool(roles)
    held = select(UserRole.__table__.c.role).where(UserRole.__table__.c.user_id == user_id)
    codes, overlay = set(connection.execute(held).scalars()), read_overlay(connection)
    return not roles.isdisjoint(codes | {overlay.like(code) for code in codes})


def new_secret(connection: Any, user_id: int) -> str:
    """A fresh secret for an authenticator app, base32, in use once a code proved it; never in place of one in use."""
    connection.execute(delete(_totp).where(_totp.c.user_id == user_id, _totp.c.confirmed_at.is_(None)))
    if connection.execute(select(_totp.c.user_id).where(_totp.c.user_id == user_id)).first() is not None:
        raise ValueError("an app is in use already")
    secret = pyotp.random_base32()
    values = {"user_id": user_id, "secret": secret, "last_step": 0, "created_at": now()}
    connection.execute(insert(_totp).values(values))
    return secret


def waiting_secret(connection: Any, user_id: int) -> str | None:
    """The secret that waits for its first code."""
    wanted = select(_totp.c.secret).where(_totp.c.user_id == user_id, _totp.c.confirmed_at.is_(None))
    return connection.execute(wanted).scalar()


def address_of(secret: str, login: str, agency: str) -> str:
    """The `otpauth://` address that the QR code holds."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=login, issuer_name=agency)


def check_totp(connection: Any, user_id: int, given: str, *, confirming: bool = False) -> bool:
    """Whether a code fits now, one step before or one after; each step is taken once, whoever sends it.

    `confirming` takes the first code of an app that is not in use yet, and puts it in use.
    """
    digits = "".join(c for c in given if c.isascii() and c.isdigit())
    wanted = select(_totp).where(_totp.c.user_id == user_id).with_for_update()
    row = connection.execute(wanted).first()
    if row is None or len(digits) != 6 or (row.confirmed_at is None) != confirming:
        return False
    step = _step_of(row.secret, digits, int(now().timestamp()) // STEP)
    if step is None or step <= row.last_step:
        return False
    values = {"last_step": step} | ({"confirmed_at": now()} if confirming else {})
    fresh = (_totp.c.user_id == user_id, _totp.c.last_step < step)
    return connection.execute(update(_totp).where(*fresh).values(values)).rowcount == 1


def _step_of(secret: str, digits: str, present: int) -> int | None:
    app, found = pyotp.TOTP(secret, interval=STEP), None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(app.generate_otp(step), digits):
            found = step
    return found


def drop_totp(connection: Any, user_id: int) -> None:
    """The app proves nothing any more."""
    connection.execute(delete(_totp).where(_totp.c.user_id == user_id))
    tidy_codes(connection, user_id)


def drop_all(connection: Any, user_id: int) -> None:
    """Take app, passkeys and recovery codes away, for somebody who lost them."""
    for table in (_totp, _passkey, _code):
        connection.execute(delete(table).where(table.c.user_id == user_id))


def tidy_codes(connection: Any, user_id: int) -> None:
    """Recovery codes go with the last factor."""
    if not factors_of(connection, user_id):
        connection.execute(delete(_code).where(_code.c.user_id == user_id))


def new_codes(connection: Any, user_id: int) -> list[str]:
    """Ten recovery codes of 59 bits each, shown once; earlier ones are void."""
    codes = ["".join(secrets.choice(ALPHABET) for _n in range(12)) for _m in range(CODES)]
    connection.execute(delete(_code).where(_code.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": _hashed(code, current_app.config["SECRET_KEY"])} for code in codes]
    connection.execute(insert(_code), rows)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def use_code(connection: Any, user_id: int, given: str) -> bool:
    """Use a recovery code up."""
    plain = "".join(c for c in given.lower() if c in ALPHABET)
    secrets_known = (current_app.config["SECRET_KEY"], *current_app.config["ZHIAN"].old_secrets)
    hashes = [_hashed(plain, secret) for secret in secrets_known]
    mine = (_code.c.user_id == user_id, _code.c.code_hash.in_(hashes), _code.c.used_at.is_(None))
    return len(plain) == 12 and connection.execute(update(_code).where(*mine).values(used_at=now())).rowcount == 1


def _hashed(code: str, secret: str) -> str:
    """With the deployment's secret: a copy of the database is not enough to guess."""
    return hmac.new(f"recovery:{secret}".encode(), code.encode(), hashlib.sha256).hexdigest()
