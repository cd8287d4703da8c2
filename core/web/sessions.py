"""Sign-ins of browsers: sessions whose tokens only the browser knows; new at sign-in, ended by time or by hand.

Between the password and the last step a session is half: it opens nothing but the page of its next step.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app, g, request
from sqlalchemy import select, update

from core.clock import now
from core.db import db, system, write_intent
from core.identity import tries
from core.identity.browsers import end_sessions
from core.identity.policy import current_policy
from core.identity.sso import only_provider
from core.identity.steps import next_step
from core.identity.tried import told
from core.permissions.org import LoginSession, User
from core.permissions.passwords import hash_password, outdated, verify
from core.records.audit import entry, note_action, write
from core.registry import STAFF, Realm
from core.web.security import cookie_name, set_cookie

TOUCH_SECONDS = 60
HALF = timedelta(minutes=10)
"""How long the next step of a half session may take."""
_table = LoginSession.__table__


@dataclass(frozen=True)
class SignIn:
    """The outcome of a try: the token of a new session, or how many minutes the account rests."""

    token: str | None = None
    keep: bool = False
    locked_minutes: int = 0


@dataclass(frozen=True)
class Half:
    """A session that waits for its next step."""

    id: int
    user_id: int
    pending: str
    way: str


def digest(token: str) -> str:
    """What the table keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(login: str, password: str, keep: bool, realm: Realm = STAFF) -> SignIn:
    """Check the password and start a session; wrong tries make the account and the address rest.

    Somebody of another realm is a stranger here. The session may be half: then its cookie leads to the next step.
    """
    db.session.rollback()
    try:
        entered = tries.enter(tries.account_key(realm.name, login), request.remote_addr)
    except tries.Resting as rest:
        return SignIn(locked_minutes=rest.minutes)
    with system("sign-in") as session:
        user = session.scalars(select(User).where(*_known(login, realm))).first()
        fits = verify(user.password_hash if user else None, password)  # always, so that time tells nothing
        tried = told(session.connection(), login)
        if not fits or user is None or only_provider(realm.name):
            note_action(session, "sign_in_failed", user, changes={"login": [None, tried]} | _rest_begins(entered))
            return SignIn(locked_minutes=-(-entered.rest // 60))
        if outdated(user.password_hash or ""):
            _renew_hash(session, user.id, password)
        ident, keep = user.id, keep and current_policy().may_stay
        token = start(session, ident, keep, "password", next_step(session.connection(), ident, "password"))
        note_action(session, "sign_in", user, changes={"by": [None, "password"]})
    tries.was_right(entered)
    end_earlier(realm)
    return SignIn(token=token, keep=keep)


def _renew_hash(session: Any, user_id: int, password: str) -> None:
    """By a statement: it is the same password, so no session or link ends and its age stays."""
    table = User.__table__
    values = {"password_hash": hash_password(password)}
    session.connection().execute(update(table).where(table.c.id == user_id).values(values))


def _known(login: str, realm: Realm) -> tuple[Any, ...]:
    return (
        User.login == login.strip(),
        User.active,
        User.archived_at.is_(None),
        User.realm == realm.name,
    )


def _rest_begins(entered: tries.Try) -> dict[str, Any]:
    return {"rest_minutes": [None, -(-entered.rest // 60)]} if entered.rest else {}


def end_earlier(realm: Realm) -> None:
    """The session that this browser had in the realm ends when a new one begins."""
    if old := request.cookies.get(cookie_name(realm.cookie)):
        end(digest(old))
        db.session.commit()


def start(session: Any, user_id: int, keep: bool, way: str, pending: str | None = None) -> str:
    """A new session's token; `way` says by what the person signed in, `pending` what is still to be done."""
    token = secrets.token_urlsafe(32)
    at, life = now(), timedelta(days=current_app.config["ZHIAN"].session_days if keep else 1)
    session.add(
        LoginSession(
            user_id=user_id,
            token_hash=digest(token),
            ip=request.remote_addr,
            user_agent=(request.user_agent.string or "")[:300],
            seen_at=at,
            expires_at=at + life,
            way=way,
            pending=pending,
            proved_at=at,
        )
    )
    return token


def resolve(token: str) -> int | None:
    """The person behind a token, or None when the session ended, expired, rested too long or is only half."""
    row, at = _row(digest(token)), now()
    if row is None or row.expires_at <= at:
        return None
    if row.pending:
        if row.created_at + HALF > at:
            g.half = Half(row.id, row.user_id, row.pending, row.way or "")
        return None
    if not (current_policy().may_stay and is_kept(row)) and at - row.seen_at > idle_time():
        return None
    g.session_id, g.session_proved_at = row.id, row.proved_at or row.created_at
    g.session_stale = (at - row.seen_at).total_seconds() > TOUCH_SECONDS
    g.session_renew = row.renew
    return row.user_id


def idle_time() -> timedelta:
    """After how long without a click a session ends."""
    asked, own = current_policy().idle_minutes, current_app.config["ZHIAN"].session_idle_minutes
    return timedelta(minutes=min(asked, own) if asked else own)


def is_kept(row: Any) -> bool:
    """Whether the person asked to stay signed in."""
    return row.expires_at - row.created_at > timedelta(days=1, minutes=1)


def _row(token_hash: str) -> Any:
    """On a connection of its own that only reads, so that no transaction of the request begins here."""
    names = ("id", "user_id", "seen_at", "expires_at", "created_at", "pending", "proved_at", "renew", "way")
    wanted = select(*(_table.c[n] for n in names)).where(_table.c.token_hash == token_hash, _table.c.ended_at.is_(None))
    intent = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            return connection.execute(wanted).first()
    finally:
        write_intent.reset(intent)


def renew(session_id: int, token: str, **values: Any) -> str:
    """Give a session a new token, in this transaction; the old one opens nothing from then on."""
    fresh = secrets.token_urlsafe(32)
    mine = (_table.c.id == session_id, _table.c.token_hash == digest(token), _table.c.ended_at.is_(None))
    changed = {"token_hash": digest(fresh), "renew": False} | values
    if db.session().connection().execute(update(_table).where(*mine).values(changed)).rowcount == 1:
        g.session_token = g.session_renewed = fresh
    return fresh


def carry(response: Any) -> Any:
    """After a request: a new token goes to the browser."""
    if (fresh := g.pop("session_renewed", None)) and (row := _row(digest(fresh))):
        kept = is_kept(row) and not row.pending
        set_cookie(response, g.realm.cookie, fresh, int((row.expires_at - now()).total_seconds()) if kept else None)
    return response


def renew_at_page() -> None:
    """Before a page: the token changes when the person's rights did. Fragments and programs wait for the next page."""
    whole = request.method == "GET" and not request.headers.get("HX-Request") and not request.path.startswith("/api/")
    if g.pop("session_renew", False) and whole:
        write_intent.set(True)
        renew(g.session_id, g.session_token)
        db.session.commit()
        write_intent.set(False)


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
    write(db.session(), [entry("sign_in_ended", "core.user", user_id, changes={"session": session_id})])


def end_all(user_id: int, except_id: int | None = None) -> None:
    """End all sessions of a person, for example after a change of password."""
    end_sessions(db.session().connection(), [user_id], except_id)


def _end(where: Any) -> None:
    ending = update(_table).where(where, _table.c.ended_at.is_(None)).values(ended_at=now())
    db.session().connection().execute(ending)


def sessions_of(user_id: int) -> list:
    """Live sessions of a person, newest use first."""
    names = ("id", "ip", "user_agent", "seen_at", "created_at", "expires_at", "way")
    live = (
        _table.c.user_id == user_id,
        _table.c.ended_at.is_(None),
        _table.c.expires_at > now(),
        _table.c.pending.is_(None),
    )
    found = select(*(_table.c[n] for n in names)).where(*live)
    return list(db.session().connection().execute(found.order_by(_table.c.seen_at.desc())))
