"""Checks of database, schema, queue and scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import redis
from flask import Flask
from sqlalchemy import text

from core.app import create_app
from core.clock import now
from core.db import db
from core.doctor.findings import Finding, bad, fine, note
from core.errors import CannotStart
from core.hooks import migrations
from core.jobs.connection import redis_url
from core.jobs.embedded import Embedded, server_binary
from core.registry import registry
from core.settings import Settings
from core.supervise.parent import ready_file


def check_plugins(settings: Settings) -> Iterator[Finding]:
    """Whether the deployment can be put together."""
    try:
        _app(settings)
    except CannotStart as refusal:
        for problem in refusal.problems:
            yield bad(f"Plugin {problem.plugin}: {problem.what}", problem.mend)
    else:
        yield fine(f"Plugins: {', '.join(settings.plugins) or 'none'}")


def check_database(settings: Settings) -> Iterator[Finding]:
    """Reachable, of a good version, in UTF-8, with the right time."""
    with _app(settings).app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            yield (
                fine("SQLite file is sound")
                if answer == "ok"
                else bad(f"SQLite says: {answer}", "Restore the last backup")
            )
            return
        version = connection.dialect.server_version_info or (0,)
        known = f"PostgreSQL {'.'.join(map(str, version))}"
        yield fine(known) if version >= (14,) else bad(f"{known} is too old", "Use PostgreSQL 14 or newer")
        row = connection.execute(
            text("SELECT pg_encoding_to_char(encoding), datctype, now() FROM pg_database WHERE datname = :name"),
            {"name": db.engine.url.database},
        ).one()
        yield from _locale(row[0], row[1])
        apart = abs((row[2] - now()).total_seconds())
        if apart > 5:
            yield bad(
                f"The clock of the database server is {apart:.0f} s off this one's", "timedatectl set-ntp true on both"
            )


def _locale(encoding: str, ctype: str) -> Iterator[Finding]:
    plain = ctype.upper() in ("C", "POSIX")
    if encoding != "UTF8" or plain or "UTF" not in ctype.upper().replace("-", ""):
        yield bad(
            f"The database has encoding {encoding} and locale {ctype}: searching Chinese text goes wrong",
            "CREATE DATABASE zhian TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8', and move the data over",
        )
    else:
        yield fine(f"Encoding {encoding}, locale {ctype}")


def check_schema(settings: Settings) -> Iterator[Finding]:
    """Each plugin's tables against its code."""
    with _app(settings).app_context():
        behind = [state for state in migrations.status(registry(), db.engine) if not state.ok]
    for state in behind:
        yield bad(
            f"Schema of {state.plugin} is at {state.current or 'nothing'}, code is at {state.head}", "zhian db upgrade"
        )
    if not behind:
        yield fine("Schema is up to date")


def check_people(settings: Settings) -> Iterator[Finding]:
    """Somebody must be able to administer."""
    from core.setup.database import is_empty
    from core.setup.people import first_administrator

    with _app(settings).app_context():
        if is_empty():
            return
        found = first_administrator()
    if found is None or not found.password_hash:
        yield note("No administrator can sign in", "zhian user create LOGIN --role administrator --password-stdin")
    else:
        yield fine(f"Administrator: {found.login}")


def check_redis(settings: Settings) -> Iterator[Finding]:
    """The stated server, or the program of the private one."""
    if not settings.redis_url and ready_file(settings.data) is None:
        program = server_binary()
        if program:
            yield fine(f"Private Valkey will be started from {program}")
        else:
            yield note(
                "No Redis and no Valkey: jobs run one by one in the scheduler",
                "apt-get install redis-server, or set REDIS_URL",
            )
        return
    url = redis_url(settings) or Embedded.of(settings.data).url
    client = redis.Redis.from_url(url, socket_timeout=3)
    try:
        info = client.info()
    except redis.RedisError as problem:
        yield bad(
            f"Redis does not answer: {problem}",
            "Start it, or correct REDIS_URL. Meanwhile work is kept in the database",
        )
        return
    yield fine(f"Redis {info['redis_version']}")
    if not info.get("aof_enabled"):
        yield note(
            "Redis forgets its queue at a restart; the scheduler sends the work again", "CONFIG SET appendonly yes"
        )
    policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        yield bad(
            f"Redis may drop queued messages (maxmemory-policy {policy})", "CONFIG SET maxmemory-policy noeviction"
        )


def check_work(settings: Settings) -> Iterator[Finding]:
    """Scheduler alive, nothing stuck."""
    from core.jobs.status import queue_state, scheduler_state
    from core.setup.database import is_empty

    with _app(settings).app_context():
        if is_empty():
            return
        running = settings.redis_url or ready_file(settings.data)
        scheduler, queue = scheduler_state(), queue_state()
    if running and not scheduler["ok"]:
        yield bad(
            "The scheduler gives no sign of life: no reminders go out", "Start it: zhian scheduler, or restart zhian up"
        )
    if queue["dead"]:
        yield bad(
            f"{queue['dead']} events could not be delivered",
            "zhian events list, mend the cause, zhian events retry --all",
        )
    if running and queue["oldest_seconds"] > 300:
        yield bad(f"Work has been waiting for {queue['oldest_seconds']:.0f} s", "Start a worker: zhian worker")
    if not queue["dead"] and queue["oldest_seconds"] <= 300:
        yield fine(f"Queue: {queue['mode']}, {queue['workers']} workers, {queue['pending']} events on their way")
    if queue["failed_jobs"]:
        yield note(f"{queue['failed_jobs']} jobs failed", "Their errors stand in the log of the worker")


def check_audit(settings: Settings) -> Iterator[Finding]:
    """The proof of the audit log: sealed in time, and the last verification without a finding."""
    from core.audit import chain, verify
    from core.setup.database import is_empty

    with _app(settings).app_context():
        if is_empty():
            return
        result, waiting = verify.last_result(), chain.waiting()
        verified = verify.instant(result)
    if result is None or verified is None:
        yield note("The audit log was never verified", "zhian audit verify; the scheduler does it each night")
    elif not result.ok:
        yield bad(f"The audit log does not verify: {result.first[0]}", "zhian audit verify, and see docs/audit.md")
    elif now() - verified > timedelta(days=3):
        yield note(f"The audit log was last verified on {verified:%Y-%m-%d}", "Start the scheduler: zhian scheduler")
    else:
        yield fine(f"Audit log: {result.sealed} rows verified on {verified:%Y-%m-%d}")
    if waiting > MANY_WAIT and (settings.redis_url or ready_file(settings.data)):
        yield note(f"{waiting} rows of the audit log wait for their seal", "Start the scheduler: zhian scheduler")


def check_search(settings: Settings) -> Iterator[Finding]:
    """Whether everything is found."""
    from core.search.rebuilding import faults
    from core.setup.database import is_empty

    with _app(settings).app_context():
        if is_empty():
            return
        found = list(faults())
    yield from (note(f"Search: {fault}", "zhian search rebuild") for fault in found)
    if not found:
        yield fine("Search: the index is whole")


MANY_WAIT = 100_000
_apps: dict[int, Flask] = {}


def _app(settings: Settings) -> Flask:
    """One app for all checks."""
    if id(settings) not in _apps:
        _apps[id(settings)] = create_app(settings, web=False)
    return _apps[id(settings)]


FIRST = (check_redis, check_plugins)
NEED_PLUGINS = (check_database, check_schema, check_people, check_work, check_audit, check_search)
