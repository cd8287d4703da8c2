"""The first administrator, people and API keys made from the command line."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core.db import system
from core.errors import NotFound, Refused
from core.i18n import _
from core.permissions.org import User, UserRole
from core.permissions.passwords import check_new, hash_password
from core.registry import registry

ADMINISTRATOR = "administrator"


def first_administrator(*, can_sign_in: bool = False) -> User | None:
    """The oldest active administrator; with `can_sign_in` the oldest one who has a password."""
    with system("find the first administrator") as session:
        holders = select(UserRole.user_id).where(UserRole.role == ADMINISTRATOR)
        chosen = select(User).where(User.id.in_(holders), User.active).order_by(User.id).limit(1)
        found = session.scalars(chosen.where(User.password_hash.is_not(None)) if can_sign_in else chosen).first()
        if found is not None:
            session.expunge(found)
        return found


def ensure_administrator(login: str = "admin", password: str | None = None) -> User:
    """The first administrator, made when there is none; without a password nobody can sign in as them yet."""
    found = first_administrator()
    if found is None:
        create_user(login, [ADMINISTRATOR], password)
    elif password and not found.password_hash:
        set_password(found.login, password)
    return first_administrator()


def create_user(login: str, roles: Sequence[str], password: str | None, name: str = "", **more: Any) -> int:
    """Make a person with roles; their id. Raises `Refused` for a login in use or an unknown role, else `Invalid`."""
    known = registry().access.roles
    if unknown := [r for r in roles if r not in known]:
        raise Refused(
            _("Unknown role %(role)s. Known: %(known)s", role=", ".join(unknown), known=", ".join(sorted(known)))
        )
    if password is not None:
        check_new(password, login)
    with system(f"create user {login}") as session:
        if session.scalars(select(User).where(User.login == login)).first():
            raise Refused(_("The login %(login)s is in use.", login=login))
        hashed = hash_password(password) if password is not None else None
        user = User(login=login, name=name or login, password_hash=hashed, **more)
        session.add(user)
        session.flush()
        session.add_all(UserRole(user_id=user.id, role=role) for role in roles)
        session.flush()
        return user.id


def set_password(login: str, password: str) -> None:
    """Give a person a new password."""
    check_new(password, login)
    with system(f"set the password of {login}") as session:
        _user(session, login).password_hash = hash_password(password)


def _user(session: Any, login: str) -> User:
    found = session.scalars(select(User).where(User.login == login)).first()
    if found is None:
        raise NotFound(
            _("There is no person with the login %(login)s. Make one: zhian user create %(login)s", login=login)
        )
    return found


def user_id_of(login: str) -> int:
    """The id of an active person; raises `NotFound` naming the command that makes one."""
    with system(f"look up {login}") as session:
        return _user(session, login).id


def new_password() -> str:
    """A random one that can be typed."""
    return secrets.token_urlsafe(12)
