"""What follows changes of people, whichever way they come: old passwords, sessions, links; and who proves themself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from flask import g, has_request_context
from sqlalchemy import func, or_, select

from core.db import db, system
from core.hooks.specs import hookimpl
from core.identity import challenges, tries
from core.identity.accounts import check_account, tell_old_address
from core.identity.browsers import end_sessions, renew_sessions
from core.identity.commands import second_factor
from core.identity.links import make_link, void_links, was_just_made, write_link
from core.identity.proof import require_proof
from core.identity.steps import remember_password
from core.permissions.org import User, UserRole
from core.permissions.principal import current_principal
from core.registry import Job, Schedule

SENSITIVE = frozenset(
    {"core.user_role", "core.api_key", "core.role", "core.right", "core.condition", "core.field_right", "core.webhook"}
)
"""Record types that decide who may do what, or open a way out: written only after a fresh proof."""

RESET = "core.password_reset"
TIDY = "core.identity_tidy"


def _by_a_person() -> bool:
    """Whether a person writes this by their own rights; what follows from it elsewhere needs no proof of its own."""
    return not db.session().principal.is_system


@hookimpl
def before_create(model: type[Any], records: list[Any]) -> None:
    """Roles, rights and keys are given by somebody who just proved who they are."""
    _check_proof(model)


def _check_proof(model: type[Any]) -> None:
    if model.__record__["key"] in SENSITIVE and _by_a_person():
        require_proof()


@hookimpl
def before_update(model: type[Any], changes: list[Any]) -> None:
    """Also changed; and nobody takes over an administrator's account by its e-mail address."""
    _check_proof(model)
    if model is User and _by_a_person():
        for change in changes:
            if change.changed("email", "login", "active"):
                check_account(change.record)


@hookimpl
def before_delete(model: type[Any], records: list[Any]) -> None:
    """And taken."""
    _check_proof(model)


@hookimpl
def after_create(model: type[Any], records: list[Any]) -> None:
    """A password is remembered; new roles give new tokens."""
    if model is UserRole:
        renew_sessions(_connection(), {row.user_id for row in records})
    elif model is User:
        for user in records:
            if user.password_hash:
                remember_password(_connection(), user.id, user.password_hash)


@hookimpl
def after_update(model: type[Any], changes: list[Any]) -> None:
    """Who is disabled is out at once; a new password ends other sessions, links and rests."""
    if model is UserRole:
        renew_sessions(_connection(), {c.record.user_id for c in changes})
    elif model is User:
        for change in changes:
            _follow(change)


@hookimpl
def after_delete(model: type[Any], records: list[Any]) -> None:
    """Roles that are gone give new tokens too."""
    if model is UserRole:
        renew_sessions(_connection(), {row.user_id for row in records})


def _connection() -> Any:
    return db.session().connection()


def _follow(change: Any) -> None:
    user = change.record
    out = not user.active or user.archived_at is not None or change.changed("realm")
    if out and change.changed("active", "archived_at", "realm"):
        end_sessions(_connection(), [user.id])
        void_links(_connection(), [user.id])
    if change.changed("email", "login"):
        void_links(_connection(), [user.id])
        tell_old_address(user, change.old.get("email"))
    if change.changed("password_hash"):
        _new_password(user)


def _new_password(user: Any) -> None:
    remember_password(_connection(), user.id, user.password_hash)
    void_links(_connection(), [user.id])
    tries.forget_tries(_connection(), tries.account_key(user.realm, user.login))
    end_sessions(_connection(), [user.id], _own_session(user.id))


def _own_session(user_id: int) -> int | None:
    """The session in which the person does this themself, whole or on its last step."""
    if not has_request_context():
        return None
    half = g.get("half")
    if half is not None and half.user_id == user_id:
        return half.id
    return g.get("session_id") if current_principal().user_id == user_id else None


def send_reset(who: str) -> None:
    """Job: the mail with a link for a new password, when login or e-mail is that of one person. Runs for all alike."""
    with system("a new password was asked for") as session:
        wanted = or_(func.lower(User.login) == who.lower(), func.lower(User.email) == who.lower())
        live = (User.active, User.archived_at.is_(None), User.realm == "staff", User.email.is_not(None))
        found = list(session.scalars(select(User).where(wanted, *live).limit(2)))
        if len(found) == 1 and not was_just_made(session.connection(), found[0].id):
            write_link(found[0], make_link(session.connection(), found[0].id, "reset"), "reset")


def tidy() -> dict[str, int]:
    """Job: questions without answer and tries that count no more are forgotten."""
    with db.engine.begin() as connection:
        return {"challenges": challenges.tidy(connection), "tries": tries.tidy(connection)}


@hookimpl
def register_jobs() -> list[Job]:
    """Mails with links, and tidying."""
    return [Job(RESET, send_reset), Job(TIDY, tidy)]


@hookimpl
def register_schedules() -> list[Schedule]:
    """Tidying by the hour."""
    return [Schedule(TIDY, TIDY, every=timedelta(hours=1))]


@hookimpl
def register_commands() -> list[click.Command]:
    """For whoever runs the machine."""
    return [second_factor]
