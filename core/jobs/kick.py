"""Telling the workers, after a commit, that there is work. A lost kick costs a few seconds, never the work."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import event

from core.jobs.connection import connection, rest
from core.permissions.guard import GuardedSession

log = logging.getLogger("zhian.jobs")

QUEUES = ("default", "bulk")
LOOK_KEY = "zhian:look"
TOLD_KEY = "zhian:told:"
TOLD_FOR = 20  # seconds after which the scheduler tells of a waiting run again
ENOUGH = 50  # messages in a queue: the workers have plenty to do, and nothing is told twice meanwhile


class Kick(NamedTuple):
    """A message: run that job, in this queue and for at most that many seconds."""

    queue: str
    run_id: int
    timeout: int


LOOK = Kick("look", 0, 600)
"""Look at the outbox."""


def kick_after_commit(session: Any, kick: Kick) -> None:
    """Remember to tell the workers once this session's transaction is in the database."""
    session.info.setdefault("kicks", {})[kick] = None


@event.listens_for(GuardedSession, "after_commit")
def _after_commit(session: Any) -> None:
    if session.in_nested_transaction():
        return
    if kicks := session.info.pop("kicks", None):
        send(list(kicks))


@event.listens_for(GuardedSession, "after_soft_rollback")
def _after_rollback(session: Any, previous: Any) -> None:
    if previous.parent is None:
        session.info.pop("kicks", None)


def send(kicks: list[Kick], *, again: bool = False) -> bool:
    """Put messages into RQ; False when the queue is away, then the scheduler finds the work by itself.

    `again` leaves out what was told a moment ago, and everything while a queue is long: each message costs a fork.
    """
    client = connection()
    if client is None:
        return False
    try:
        for kick in kicks:
            if kick == LOOK:
                _look(client)
            else:
                _tell(client, kick, again)
    except (redis.RedisError, OSError) as fault:
        rest()
        log.warning("the queue is away (%s); the scheduler will find the work", fault)
        return False
    return True


def _tell(client: redis.Redis, kick: Kick, again: bool) -> None:
    queue = _queue(client, kick.queue)
    if again and queue.count >= ENOUGH:
        return
    fresh = client.set(f"{TOLD_KEY}{kick.run_id}", 1, nx=again, ex=TOLD_FOR)
    if fresh:
        queue.enqueue_call("core.jobs.tasks.run", (kick.run_id,), timeout=kick.timeout, **_SHORT_MEMORY)


def _look(client: redis.Redis) -> None:
    """One message is enough while no worker has begun to look; the worker takes the mark away before it looks."""
    if client.set(LOOK_KEY, 1, nx=True, ex=10):
        _queue(client, "default").enqueue_call("core.jobs.tasks.look", timeout=LOOK.timeout, **_SHORT_MEMORY)


_SHORT_MEMORY = {"result_ttl": 0, "failure_ttl": 3600}
"""RQ forgets at once what went well: the truth about each run stands in the database."""


def _queue(client: redis.Redis, name: str) -> Queue:
    return Queue(name, connection=client, serializer=JSONSerializer)
