"""The database of a deployment: engine settings, the guarded session, units of work, and who acts in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event, inspect

from core.permissions.guard import GuardedSession
from core.permissions.principal import SYSTEM, Principal, as_principal, current_principal
from core.settings import Settings

db = SQLAlchemy(session_options={"class_": GuardedSession, "expire_on_commit": False})

write_intent: ContextVar[bool] = ContextVar("zhian_write_intent", default=True)
"""False while a request only reads; then SQLite transactions start without taking the write lock."""


def to_json(value: Any) -> str:
    """How JSON columns are written; whole numbers may be keys."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def engine_options(settings: Settings) -> dict[str, Any]:
    """SQLAlchemy engine options for SQLite in WAL mode or PostgreSQL.

    No prepared statements there: one plan for all words would serve neither the rare nor the frequent ones. A request
    may hold a connection while it reads by another one, so there is always one more, or all would wait for each other.
    """
    json = {"json_serializer": to_json, "json_deserializer": orjson.loads}
    if settings.is_sqlite:
        own = {"timeout": 30, "isolation_level": None, "cached_statements": 256}
        return json | {"pool_size": 10, "max_overflow": 90, "connect_args": own}
    return json | {
        "pool_size": 10,
        "max_overflow": 50,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {"connect_timeout": 5, "prepare_threshold": None},
    }


def prepare_engine(engine: Engine) -> None:
    """SQLite: WAL, durable commits, foreign keys, and transactions that we begin ourselves. PostgreSQL: no JIT.

    Compiling a statement takes it a tenth of a second, which none of ours wins back.
    """
    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "connect")
        def _no_jit(connection: Any, record: Any) -> None:
            connection.autocommit = True
            connection.execute("SET jit = off")
            connection.autocommit = False

        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write_intent.get() else "BEGIN")


def init_db(app: Flask, settings: Settings) -> None:
    """Bind the session to the app; opens no connection."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


@contextmanager
def reading() -> Iterator[Any]:
    """A connection of its own that only reads: on SQLite it waits for no writer. For rooms that own the tables."""
    token = write_intent.set(False)
    try:
        with db.engine.connect() as connection:
            yield connection
    finally:
        write_intent.reset(token)


@contextmanager
def only_reading() -> Iterator[None]:
    """Transactions that begin inside the block only read: on SQLite they take no write lock. For threads that watch."""
    token = write_intent.set(False)
    try:
        yield
    finally:
        write_intent.reset(token)


@contextmanager
def impatient(connection: Any) -> Iterator[None]:
    """Inside the block a write fails at once instead of waiting for another writer."""
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("PRAGMA busy_timeout=0" if sqlite else "SET LOCAL lock_timeout = '200ms'")
    try:
        yield
    finally:
        connection.rollback()
        if sqlite:
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")


@contextmanager
def transaction() -> Iterator[Any]:
    """Commit what the block did, or nothing of it."""
    try:
        yield db.session
        settle(db.session())
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def start_writing() -> None:
    """For a request that only read so far: forget what it read, and let what follows write, for example a log."""
    db.session.rollback()
    write_intent.set(True)


def settle(session: Any) -> None:
    """Flush until hooks add nothing more."""
    for _round in range(20):
        if not (session.new or session.dirty or session.deleted):
            return
        session.flush()
    raise RuntimeError("after-hooks kept changing records for 20 rounds")


def release(session: Any) -> None:
    """End a transaction that only read, so that another session may write; SQLite has one writer at a time.

    Raises `RuntimeError` when the transaction has written: derived writes belong into it, by `elevated`.
    """
    if not session.in_transaction() or session.get_bind().dialect.name != "sqlite":
        return
    if session.info.get("wrote") or session.new or session.dirty or session.deleted:
        raise RuntimeError("a second session would wait for this transaction's own lock; use elevated() inside it")
    session.commit()


@contextmanager
def acting_as(principal: Principal, via: str | None = None) -> Iterator[Any]:
    """Be `principal` inside the block, with a session that holds nothing of others. The block commits by itself.

    `via` is the way that the audit names, at most 12 characters, for example "wecom".
    """
    from core.records.audit import Origin, origin

    release(db.session())
    way = origin.set(Origin(via)) if via else None
    try:
        with current_app.app_context(), as_principal(principal):
            yield db.session
    finally:
        if way:
            origin.reset(way)


@contextmanager
def system(reason: str) -> Iterator[Any]:
    """A session of its own in which no rules hold; audited under `reason`, committed at the end."""
    from core.records.audit import note_action

    release(db.session())
    with current_app.app_context(), as_principal(SYSTEM):
        session = db.session()
        session.info.update(system=True, reason=reason)
        try:
            yield session
            if session.info.get("wrote") or session.new or session.dirty or session.deleted:
                note_action(session, "system", None, reason=reason)
            settle(session)
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def elevated(reason: str) -> Iterator[Any]:
    """Derived reads and writes in a person's own transaction: rules rest, the person stays the actor, `reason` is kept.

    Rows that were loaded inside are forgotten at the end, so that nothing leaks into what the person sees. In an
    after-hook, where nothing is flushed before that, changes to such rows raise `RuntimeError`: write by statements.
    """
    session = db.session()
    if session.info.get("elevated"):
        yield session
        return
    flushing = session._flushing  # in an after-hook: what is added to the session waits for the next flush
    if not flushing and (session.new or session.dirty or session.deleted):
        session.flush()
    known = set(session.identity_map.keys())
    _forget_links(session)
    session.info.update(elevated=True, elevated_reason=reason)
    try:
        yield session
        if not flushing:
            settle(session)
        elif lost := [row for row in [*session.dirty, *session.deleted] if _only_inside(session, row, known)]:
            raise RuntimeError(
                f"elevated() in an after-hook: the changes to {', '.join(map(repr, lost))} would be lost, because rows "
                "loaded inside are forgotten; write them by statements, or after the flush"
            )
    finally:
        session.info.update(elevated=False, elevated_reason=None)
        for record in list(session.identity_map.values()):
            if record.__mapper__.identity_key_from_instance(record) not in known:
                session.expunge(record)
        _forget_links(session)


def _only_inside(session: Any, record: Any, known: set[Any]) -> bool:
    """Whether the row was loaded in the block and holds a change that no flush has written."""
    inside = record.__mapper__.identity_key_from_instance(record) not in known
    return inside and (record in session.deleted or session.is_modified(record))


def _forget_links(session: Any) -> None:
    """Drop loaded links whose answer changes with the rules: to rows the session does not hold, and to none at all."""
    for record in list(session.identity_map.values()):
        changed = inspect(record).committed_state
        for name in set(record.__mapper__.relationships.keys()) & record.__dict__.keys() - changed.keys():
            target = record.__dict__[name]
            if target is None or target not in session:
                session.expire(record, [name])


__all__ = [
    "acting_as",
    "current_principal",
    "db",
    "elevated",
    "init_db",
    "settle",
    "start_writing",
    "system",
    "transaction",
    "write_intent",
]
