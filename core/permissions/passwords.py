"""Passwords: argon2id hashes, the rule for new ones, and a hash to spend time on when there is no such person."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import FieldError, Invalid
from core.i18n import _

MIN_LENGTH = 10
_hasher = PasswordHasher()
_nobody = ""


def hash_password(password: str) -> str:
    """An argon2id hash."""
    return _hasher.hash(password)


def check_new(password: str, login: str = "", field: str = "password") -> None:
    """Raises `Invalid` unless the password is long enough and not the login; any characters are welcome."""
    if len(password) < MIN_LENGTH:
        raise Invalid([FieldError(field, "too_short", _("Use at least %(n)s characters.", n=MIN_LENGTH))])
    if login and login.lower() in password.lower():
        raise Invalid([FieldError(field, "too_easy", _("Do not use your login in the password."))])


def verify(stored: str | None, password: str) -> bool:
    """Whether the password fits; takes as long when nothing is stored."""
    global _nobody
    if not stored and not _nobody:
        _nobody = _hasher.hash("nobody")
    try:
        return _hasher.verify(stored or _nobody, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash should be made anew with today's parameters."""
    return _hasher.check_needs_rehash(stored)
