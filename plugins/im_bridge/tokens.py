"""Access tokens in the database: one for all processes, fetched by one of them at a time, renewed before they end."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from core import keep_secret, now, system
from plugins.im_bridge.records import App

EARLY = timedelta(minutes=5)
CLAIM = timedelta(seconds=12)
"""How long one process may take to fetch; then another tries."""
WAIT = 0.1
_locks: dict[int, threading.Lock] = defaultdict(threading.Lock)


class StoredTokens:
    """The tokens of one app."""

    def __init__(self, app_id: int) -> None:
        self.app_id = app_id

    def get(self, fetch: Callable[[], tuple[str, int]]) -> str:
        """A token that is good for some minutes yet."""
        with _locks[self.app_id]:
            while not (token := self._kept()):
                if self._claim():
                    return self._fetched(fetch)
                time.sleep(WAIT)
            keep_secret(token)
            return token

    def drop(self, token: str) -> None:
        """Forget it, unless it has been replaced already."""
        with system("a token was refused") as session:
            app = session.scalars(select(App).where(App.id == self.app_id)).one()
            if app.access_token == token:
                session.execute(_change(self.app_id, access_token=None, token_until=None))

    def _kept(self) -> str | None:
        with system("look for a token") as session:
            app = session.scalars(select(App).where(App.id == self.app_id)).one()
            return app.access_token if app.token_until and app.token_until - EARLY > now() else None

    def _claim(self) -> bool:
        """Whether this process is the one to fetch."""
        free = or_(App.token_asked_at.is_(None), App.token_asked_at < now() - CLAIM)
        with system("ask for a token") as session:
            return session.execute(_change(self.app_id, token_asked_at=now()).where(free)).rowcount == 1

    def _fetched(self, fetch: Callable[[], tuple[str, int]]) -> str:
        values: dict = {"token_asked_at": None}
        try:
            token, seconds = fetch()
            keep_secret(token)
            values |= {"access_token": token, "token_until": now() + timedelta(seconds=seconds)}
            return token
        finally:
            with system("keep a token") as session:
                session.execute(_change(self.app_id, **values))


def _change(app_id: int, **values: Any) -> Any:
    return update(App).where(App.id == app_id).values(**values).execution_options(synchronize_session=False)
