"""What the audit log keeps of a name that was tried at the sign-in: somebody may have typed a password in its place."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import current_app
from sqlalchemy import select

from core.permissions.org import User

LONGEST = 80


def told(connection: Any, login: str) -> str:
    """The name, where some account has it, of whichever realm or state; else its first sign and a mark.

    The mark is the same whenever the same name is tried, and tells nothing without the deployment's secret.
    """
    name = login.strip()[:200]
    known = connection.execute(select(User.__table__.c.id).where(User.__table__.c.login == name).limit(1)).scalar()
    if known is not None or not name:
        return name[:LONGEST]
    key = current_app.config["SECRET_KEY"].encode()
    mark = hmac.new(key, f"tried:{name.casefold()}".encode(), hashlib.sha256).hexdigest()[:8]
    return f"{name[0]}… #{mark}"
