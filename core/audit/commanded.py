"""What an administrator does to a deployment from the command line, in its log: extensions switched, data purged."""

from __future__ import annotations

import contextlib
import getpass
from typing import Any

from flask import Flask
from sqlalchemy import inspect

from core.audit.folding import write_apart
from core.db import db
from core.records.audit import AuditEntry, entry


def note_command(app: Flask, action: str, **told: Any) -> None:
    """Log an action of the command line under the name of the machine's user; nothing when there is no database yet."""
    settings = app.config["ZHIAN"]
    if settings.is_sqlite and not (settings.database_url or (settings.data / "zhian.db").exists()):
        return
    person = ""
    with contextlib.suppress(OSError, KeyError):  # a user without a name
        person = getpass.getuser()
    with app.app_context():
        if inspect(db.engine).has_table(AuditEntry.__tablename__):
            write_apart([entry(action, changes=told) | {"via": "cli", "actor": person[:80]}])
