"""gunicorn as a library: the app is loaded once in the master, workers are forked from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from core.app import create_app
from core.db import db
from core.hooks.limits import limit_memory
from core.settings import Settings, load_settings

LONG_ANSWERS = 12
"""Threads of each process, on top of the others, for answers that stay open: so many streams take none from pages."""


class Server(BaseApplication):
    """Our few settings and the app."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self.flask_app = app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app."""
        return self.flask_app


def serve(bind: str, workers: int, threads: int) -> None:
    """Serve until SIGTERM, which lets running requests end."""
    settings = load_settings()
    app = create_app(settings)
    app.config["LONG_ANSWERS"] = LONG_ANSWERS
    with app.app_context():
        db.engine.dispose()
    memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes its own unlinked files there
    options = {
        "bind": bind,
        "workers": workers,
        "limit_request_line": 8190,  # a filter may name a thousand ids
        "threads": threads + LONG_ANSWERS,
        "worker_class": "gthread",
        "preload_app": True,
        "proc_name": "zhian-web",
        "timeout": 120,
        "graceful_timeout": 5,
        "keepalive": 5,
        "worker_tmp_dir": str(memory) if memory.is_dir() else None,
        "loglevel": "warning",
        "post_fork": lambda server, worker: _begin_worker(app, settings),
    }
    Server(app, options).run()


def _begin_worker(app: Flask, settings: Settings) -> None:
    """A forked worker opens its own connections, and is bounded in memory: who asks for more gets a MemoryError."""
    with app.app_context():
        db.engine.dispose(close=False)
    limit_memory(settings.process_memory_mb)
