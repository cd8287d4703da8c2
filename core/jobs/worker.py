"""The worker process: an RQ worker that forks for each message and knows the deployment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from flask import Flask
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from core.db import db
from core.jobs import tasks
from core.jobs.connection import redis_url
from core.jobs.kick import QUEUES
from core.settings import Settings

# A dead worker is noticed after about 100 s with these; our own recovery on the same machine takes seconds.
WORKER_TTL = 40
MAINTENANCE_INTERVAL = 20


class JobWorker(Worker):
    """Forks with the app loaded; the child opens database connections of its own."""

    def main_work_horse(self, *args: Any, **options: Any) -> Any:
        """Forget the parent's connections before anything else."""
        if tasks.current() is not None:
            with tasks.current().app_context():
                db.engine.dispose(close=False)
        return super().main_work_horse(*args, **options)


def serve(app: Flask, settings: Settings, queues: Sequence[str] = QUEUES) -> None:
    """Work until SIGTERM: the first one lets the running job end, the second one drops it."""
    url = redis_url(settings)
    if url is None:
        raise RuntimeError("no Redis: the scheduler runs the jobs itself")
    tasks.serve(app)
    client = redis.Redis.from_url(url)
    worker = JobWorker(
        [Queue(name, connection=client, serializer=JSONSerializer) for name in queues],
        connection=client,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_INTERVAL,
        log_job_description=False,
    )
    worker.work(with_scheduler=False, logging_level="WARNING")
