"""Passwords: argon2id hashes, the check of new ones, and a hash to spend time on when there is no such person."""

from __future__ import annotations

import re
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app, has_app_context
from sqlalchemy import func, select

from core.db import reading
from core.errors import FieldError, Invalid
from core.i18n import _
from core.identity.model import OldPassword
from core.identity.policy import current_policy, fault
from core.permissions.org import User

PRODUCT = ("zhian", "知案")
_hasher = PasswordHasher()
_nobody = ""


def hash_password(password: str) -> str:
    """An argon2id hash."""
    return _hasher.hash(password)


def check_new(password: str, login: str = "", field: str = "password") -> None:
    """Raises `Invalid` at `field` unless the policy of the deployment takes the password for the person of this login.

    Names of the person and of the agency, known passwords and, where the policy says so, earlier ones are refused.
    """
    policy = current_policy()
    person = _person(login) if login and has_app_context() else None
    found = fault(password, policy, _own_words(login, person))
    if found is not None:
        raise Invalid([FieldError(field, *found)])
    if person is not None and policy.history and _was_used(person.id, password, policy.history):
        raise Invalid([FieldError(field, "used", _("You used this password before. Choose another one."))])


def _person(login: str) -> Any:
    user = User.__table__.c
    wanted = select(user.id, user.login, user.name, user.name_en, user.email)
    with reading() as connection:
        return connection.execute(wanted.where(func.lower(user.login) == login.lower())).first()


def _own_words(login: str, person: Any) -> list[str]:
    """Words that whoever knows the person or the house would try."""
    settings = current_app.config["ZHIAN"] if has_app_context() else None
    house = (settings.agency, settings.agency_en) if settings else ()
    own = (login, person.name, person.name_en, person.email) if person is not None else (login,)
    words = [*PRODUCT]
    for text in filter(None, (*house, *own)):
        local = text.partition("@")[0]
        words += [local, *(w for w in re.split(r"[\W\d_]+", local) if len(w) >= 4), *_in_letters(local)]
    return [w for w in dict.fromkeys(words) if len(w) >= (3 if w.isascii() else 2)]


def _in_letters(name: str) -> list[str]:
    """A Chinese name as it is typed: `王小明` becomes `wangxiaoming` and `xiaoming`."""
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,12}", name):
        return []
    from pypinyin import lazy_pinyin

    parts = lazy_pinyin(name)
    return [w for w in ("".join(parts), "".join(parts[1:])) if len(w) >= 5]


def _was_used(user_id: int, password: str, last: int) -> bool:
    old = OldPassword.__table__.c
    wanted = select(old.password_hash).where(old.user_id == user_id).order_by(old.id.desc()).limit(last)
    with reading() as connection:
        hashes = list(connection.execute(wanted).scalars())
    return any(verify(stored, password) for stored in hashes)


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
