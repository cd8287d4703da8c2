"""The live count: one watcher per process asks the database for all open pages at once; streams wait for it.

A stream holds a thread of the web process: so many and no more; who gets none asks by itself twice a minute.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from flask import Flask
from sqlalchemy import and_, case, func, or_, select

from core import db, only_reading, record_class, system
from plugins.inbox.wishes import FATAL

log = logging.getLogger("zhian.inbox")
LOOK_EVERY = 2.0
BEAT = 10.0
LIFE = 300.0
"""Seconds between looks, between signs of life on a silent stream, and until a browser must ask again."""
OF_ONE_PERSON = 3


class Watcher:
    """Marks of the people whose pages are open; a mark changes when their inbox does."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.open: Counter[int] = Counter()
        self.marks: dict[int, str] = {}
        self._thread: threading.Thread | None = None

    def enter(self, app: Flask, user_id: int, most: int) -> bool:
        """A page of this person opens a stream; False when there are too many."""
        with self.changed:
            if self.open[user_id] >= OF_ONE_PERSON or sum(self.open.values()) >= most:
                return False
            self.open[user_id] += 1
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, args=(app,), name="zhian-inbox", daemon=True)
                self._thread.start()
            return True

    def leave(self, user_id: int) -> None:
        """Its stream has ended."""
        with self.changed:
            self.open[user_id] -= 1
            if self.open[user_id] <= 0:
                del self.open[user_id]
                self.marks.pop(user_id, None)

    def wait(self, user_id: int, known: str, seconds: float) -> str:
        """The person's mark as soon as it is another one than `known`, or after so many seconds."""
        with self.changed:
            self.changed.wait_for(lambda: self.marks.get(user_id, known) != known, seconds)
            return self.marks.get(user_id, known)

    def _watch(self, app: Flask) -> None:
        while True:
            with self.changed:
                people = list(self.open)
                if not people:
                    self._thread = None
                    return
            try:
                with app.app_context(), only_reading():
                    found = marks(people)
            except Exception as fault:  # a database that is away for a moment: the next look tells
                log.warning("the inboxes could not be looked at: %s", fault)
                found = {}
            with self.changed:
                self.marks.update({person: mark for person, mark in found.items() if person in self.open})
                self.changed.notify_all()
            time.sleep(LOOK_EVERY)


watcher = Watcher()


def marks(people: list[int]) -> dict[int, str]:
    """For each person what is unread, the newest of it, and how many strong warnings stand: one query for all."""
    note = record_class("core.notification")
    unread = note.read_at.is_(None)
    strong = and_(note.severity == FATAL, note.acknowledged_at.is_(None), note.snoozed_until.is_(None))
    columns = (
        note.user_id,
        func.sum(case((unread, 1), else_=0)),
        func.max(note.id),
        func.sum(case((strong, 1), else_=0)),
    )
    query = select(*columns).where(note.user_id.in_(people), or_(unread, strong)).group_by(note.user_id)
    with system("look at open inboxes"):
        rows = {row[0]: row for row in db.session.execute(query)}
    return {person: _mark(*rows.get(person, (person, 0, 0, 0))[1:]) for person in people}


def _mark(unread: Any, newest: Any, strong: Any) -> str:
    return json.dumps({"unread": int(unread), "mark": [int(newest), int(strong)]})


def stream(user_id: int, clock: Any = time.monotonic) -> Iterator[str]:
    """Server-sent events of one page: the mark at once and at each change, a comment when nothing happens."""
    until, known = clock() + LIFE, ""
    yield "retry: 5000\n\n"
    while clock() < until:
        mark = watcher.wait(user_id, known, BEAT)
        yield f"event: inbox\ndata: {mark}\n\n" if mark != known else ": here\n\n"
        known = mark
