"""The connection to Redis or Valkey, short of patience: the database knows all work, so nobody waits for the queue."""

from __future__ import annotations

import os
import time
from functools import lru_cache

import redis
from flask import current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.jobs.embedded import Embedded
from core.settings import Settings

REST_AFTER_FAULT = 3.0  # seconds in which nobody knocks again

_resting_until = 0.0


def redis_url(settings: Settings) -> str | None:
    """The stated server, else the private one of the data folder; None when jobs run inline."""
    if settings.redis_url:
        return settings.redis_url
    if os.environ.get("ZHIAN_INLINE_JOBS") == "1":
        return None
    return Embedded.of(settings.data).url


@lru_cache(maxsize=8)
def _client(url: str, pid: int) -> redis.Redis:
    options = {"socket_timeout": 2, "retry": Retry(NoBackoff(), 0)}
    if not url.startswith("unix:"):
        options["socket_connect_timeout"] = 1
    return redis.Redis.from_url(url, **options)


def current_settings() -> Settings:
    """The settings of the app that is active."""
    return current_app.config["ZHIAN"]


def connection() -> redis.Redis | None:
    """A client for quick calls; None when there is no Redis, or it failed a moment ago."""
    settings = current_settings()
    url = redis_url(settings)
    if url is None or time.monotonic() < _resting_until:
        return None
    if not settings.redis_url and not Embedded.of(settings.data).socket.exists():
        return None  # not started yet, or a command beside a deployment at rest
    return _client(url, os.getpid())


def rest() -> None:
    """A call failed: leave the server alone for a moment."""
    global _resting_until
    _resting_until = time.monotonic() + REST_AFTER_FAULT
