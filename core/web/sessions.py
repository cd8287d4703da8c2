"""Sign-ins of browsers: sessions whose tokens only the browser knows; new at sign-in, ended by time or by hand."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, request
from sqlalchemy import select, update

from core.clock import now
from core.db import db, system, write_intent
from core.permissions.org import LoginSession, User
from core.permissions.passwords import hash_password, outdated, verify
from core.permissions.people import forget
from core.records.audit import note_action
from core.registry import STAFF, Realm
from core.web.security import cookie_name

LOCK_AFTER = 5
LOCK_MINUTES = (1, 2, 5, 15)
TOUCH_SECONDS = 60
_table = LoginSession.__table__


@dataclass(frozen=True)
class SignIn:
    """The outcome of a try: the token of a new session, or how many minutes the account rests."""

    token: str | None = None
    keep: bool = False
    locked_minutes: int = 0


def digest(token: str) -> str:
    """What the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(login: str, password: str, keep: bool, realm: Realm = STAFF) -> SignIn:
    """Check the password and start a session; wrong tries lock the account for a while, longer each time.

    Somebody of another realm is a stranger here.
    """
    db.session.rollback()
    with system("sign-in") as session:
        user = session.scalars(
            select(User).where(
                User.login == login.strip(), User.active, User.archived_at.is_(None), User.realm == realm.name
            )
        ).first()
        fits = verify(user.password_hash if user else None, password)  # always, so that time tells nothing
        if user is not None and user.locked_until and user.locked_until > now():
            return SignIn(locked_minutes=_minutes_until(user.locked_until))
        if not fits or user is None:
            return SignIn(locked_minutes=_count_failure(session, user))
        user.failed_logins, user.locked_until = 0, None
        if outdated(user.password_hash):
            user.password_hash = hash_password(password)
        token = _start(session, user.id, keep)
        note_action(session, "sign_in", user)
    if old := request.cookies.get(cookie_name(realm.cookie)):
        end(digest(old))
        db.session.commit()
    return SignIn(token=token, keep=keep)


def _count_failure(session: Any, user: User | None) -> int:
    note_action(session, "sign_in_failed", user)
    if user is None:
        return 0
    user.failed_logins += 1
    if user.failed_logins < LOCK_AFTER:
        return 0
    minutes = LOCK_MINUTES[min(user.failed_logins - LOCK_AFTER, len(LOCK_MINUTES) - 1)]
    user.locked_until = now() + timedelta(minutes=minutes)
    return minutes


def _minutes_until(moment: datetime) -> int:
    return max(1, -(-int((moment - now()).total_seconds()) // 60))


def _start(session: Any, user_id: int, keep: bool) -> str:
    token = secrets.token_urlsafe(32)
    days = current_app.config["ZHIAN"].session_days if keep else 1
    session.add(
        LoginSession(
            user_id=user_id,
            token_hash=digest(token),
            ip=request.remote_addr,
            user_agent=(request.user_agent.string or "")[:300],
            seen_at=now(),
            expires_at=now() + timedelta(days=days),
        )
    )
    return token


def resolve(token: str) -> int | None:
    """The person behind a token, or None when the session ended, expired or rested too long."""
    row, at = _row(digest(token)), now()
    if row is None or row.expires_at <= at:
        return None
    kept = row.expires_at - row.created_at > timedelta(days=1, minutes=1)
    idle = timedelta(minutes=current_app.config["ZHIAN"].session_idle_minutes)
    if not kept and at - row.seen_at > idle:
        return None
    g.session_id = row.id
    g.session_stale = (at - row.seen_at).total_seconds() > TOUCH_SECONDS
    return row.user_id


def _row(token_hash: str) -> Any:
    """On a connection of its own that only reads, so that no transaction of the request begins here."""
    columns = (_table.c.id, _table.c.user_id, _table.c.seen_at, _table.c.expires_at, _table.c.created_at)
    wanted = select(*columns).where(_table.c.token_hash == token_hash, _table.c.ended_at.is_(None))
    intent = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return connection.execute(wanted).first()
    finally:
        write_intent.reset(intent)


def touch() -> None:
    """After an answer: note that the session is in use, at most once a minute."""
    if g.pop("session_stale", False):
        db.session.rollback()
        write_intent.set(True)
        db.session().connection().execute(update(_table).where(_table.c.id == g.session_id).values(seen_at=now()))
        db.session.commit()


def end(token_hash: str) -> None:
    """End the session with this hash; the caller commits."""
    _end(_table.c.token_hash == token_hash)


def end_one(user_id: int, session_id: int) -> None:
    """End one session of a person."""
    _end((_table.c.user_id == user_id) & (_table.c.id == session_id))


def end_all(user_id: int, except_id: int | None = None) -> None:
    """End all sessions of a person, for example after a change of password."""
    _end((_table.c.user_id == user_id) & (_table.c.id != (except_id or 0)))
    forget(user_id)


def _end(where: Any) -> None:
    ending = update(_table).where(where, _table.c.ended_at.is_(None)).values(ended_at=now())
    db.session().connection().execute(ending)


def sessions_of(user_id: int) -> list:
    """Live sessions of a person, newest use first."""
    columns = (
        _table.c.id,
        _table.c.ip,
        _table.c.user_agent,
        _table.c.seen_at,
        _table.c.created_at,
        _table.c.expires_at,
    )
    found = select(*columns).where(
        _table.c.user_id == user_id, _table.c.ended_at.is_(None), _table.c.expires_at > now()
    )
    return list(db.session().connection().execute(found.order_by(_table.c.seen_at.desc())))
