"""Tries to prove who one is, counted before each of them in the database: by account and by address, for all alike.

An unknown login is counted like a known one, so that a rest tells nothing. Counts survive restarts.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db, reading, write_intent
from core.identity.model import Tries
from core.identity.policy import current_policy

WINDOW = timedelta(minutes=15)
MOST_QUESTIONS = 300
"""Questions to one address in that time: an office that signs in at nine o'clock asks fewer."""
_table = Tries.__table__


@dataclass(frozen=True)
class Try:
    """A try that is under way. `rest`: seconds of rest that began with it unless it proves right."""

    account: str
    address: str
    instant: int
    rest: int


class Resting(Exception):
    """Too many tries; `seconds` until the next one is looked at. `began`: this one was the first to be turned away."""

    def __init__(self, seconds: int, *, began: bool = False) -> None:
        super().__init__(seconds)
        self.seconds, self.began = max(1, seconds), began

    @property
    def minutes(self) -> int:
        """The same in minutes, rounded up."""
        return -(-self.seconds // 60)


def account_key(realm: str, login: str) -> str:
    """The key under which tries of an account are counted."""
    return _key(f"account:{realm}:{login.strip().casefold()[:200]}")


def person_key(purpose: str, user_id: int) -> str:
    """The key for tries of somebody who is half known already, for example of the second factor."""
    return _key(f"{purpose}:{user_id}")


def address_key(ip: str | None) -> str:
    """The key of an address; of IPv6 the network, whose addresses one machine takes at will."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return _key(f"address:{ip or ''}")
    network = ipaddress.ip_network(f"{address}/{64 if address.version == 6 else 32}", strict=False)
    return _key(f"address:{network}")


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def enter(account: str, ip: str | None) -> Try:
    """Count a try before it is looked at, as if it were wrong. Raises `Resting`; then nothing is to be looked at.

    Writes in a transaction of its own: the caller must hold none.
    """
    address, instant = address_key(ip), int(now().timestamp() * 1000)
    _look((account, address))
    settings = current_app.config["ZHIAN"].identity
    with _writing() as connection:
        rest = _count(connection, account, instant, settings.tries, by_rests=True)
        _count(connection, address, instant, settings.address_tries, by_rests=False)
    return Try(account, address, instant, rest)


def ask(what: str, ip: str | None) -> None:
    """Count a question that proves nothing but leaves a row behind. Raises `Resting` when an address asks too much.

    Writes in a transaction of its own: the caller must hold none.
    """
    key = _key(f"{what}:{address_key(ip)}")
    _look((key,))
    with _writing() as connection:
        _count(connection, key, int(now().timestamp() * 1000), MOST_QUESTIONS, by_rests=False)


def _look(keys: tuple[str, ...]) -> None:
    """Whoever rests is turned away without a write."""
    with reading() as connection:
        until = select(_table.c.rests_until).where(_table.c.key.in_(keys), _table.c.rests_until > now())
        resting = list(connection.execute(until).scalars())
    if resting:
        raise Resting(_seconds_until(max(resting)))


def _seconds_until(moment: datetime) -> int:
    return -int((now() - moment).total_seconds() // 1)


@contextmanager
def _writing() -> Iterator[Any]:
    token = write_intent.set(True)
    try:
        with db.engine.begin() as connection:
            yield connection
    finally:
        write_intent.reset(token)


def _count(connection: Any, key: str, instant: int, limit: int, *, by_rests: bool) -> int:
    """Count one more try under the row's lock; the seconds of rest that begin with it."""
    row = _locked(connection, key)
    if row.rests_until and row.rests_until > now():
        raise Resting(_seconds_until(row.rests_until))
    young = [i for i in row.instants if i > instant - int(WINDOW.total_seconds() * 1000)]
    wrong = row.wrong + 1 if young else 1
    instants = [*young, instant]
    until = _rest(wrong) if by_rests else None
    if len(instants) >= limit:
        free = datetime.fromtimestamp(instants[-limit] / 1000, UTC) + WINDOW
        until = max(filter(None, (until, free)))
    values = {"instants": instants, "wrong": wrong, "rests_until": until, "touched_at": now()}
    connection.execute(update(_table).where(_table.c.key == key).values(values))
    return _seconds_until(until) if until else 0


def _rest(wrong: int) -> datetime | None:
    policy = current_policy()
    over = wrong - policy.lock_after
    return None if over < 0 else now() + timedelta(minutes=policy.rests[min(over, len(policy.rests) - 1)])


def _locked(connection: Any, key: str) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = {"key": key, "instants": [], "wrong": 0, "touched_at": now()}
    connection.execute(dialect.insert(_table).values(fresh).on_conflict_do_nothing())
    return connection.execute(select(_table).where(_table.c.key == key).with_for_update()).one()


def was_right(entered: Try) -> None:
    """The try proved right: the account starts anew, and the address is not blamed for it."""
    with _writing() as connection:
        connection.execute(delete(_table).where(_table.c.key == entered.account))
        row = _locked(connection, entered.address)
        left = [i for i in row.instants if i != entered.instant]
        values = {"instants": left, "wrong": max(0, row.wrong - 1), "rests_until": None}
        connection.execute(update(_table).where(_table.c.key == entered.address).values(values))


def forget_tries(connection: Any, key: str) -> None:
    """Somebody with the right to it lets the account try again at once, in the caller's transaction."""
    connection.execute(delete(_table).where(_table.c.key == key))


def resting_until(key: str) -> datetime | None:
    """Until when an account rests, or None."""
    with reading() as connection:
        until = connection.execute(select(_table.c.rests_until).where(_table.c.key == key)).scalar()
    return until if until and until > now() else None


def tidy(connection: Any) -> int:
    """Forget tries that count no more; how many rows went."""
    return connection.execute(delete(_table).where(_table.c.touched_at < now() - 2 * WINDOW)).rowcount
