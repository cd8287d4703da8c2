"""Inserts that run behind: on PostgreSQL a thread feeds the rows in while the caller prepares what comes next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import Connection, event

KEY = "zhian_behind"
"""Where a database connection keeps its `Behind`."""


class Behind:
    """The inserts that one connection still has to do. Nothing else may use the connection before `settle`."""

    def __init__(self, connection: Connection) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inserts")
        self._waiting: list[Future[None]] = []
        self.side = connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        """Another connection, for what belongs to no transaction: fresh ids of sequences."""

    def add(self, job: Callable[[], None]) -> None:
        """Do it after what was added before."""
        self._waiting.append(self._thread.submit(job))

    def settle(self) -> None:
        """Wait until all is done; raises what went wrong first."""
        waiting, self._waiting = self._waiting, []
        for fault in [job.exception() for job in waiting]:
            if fault is not None:
                raise fault

    def close(self) -> None:
        """Wait, whatever came of it, and end the thread."""
        self._thread.shutdown()
        self._waiting.clear()
        self.side.close()


def behind(connection: Connection) -> Behind | None:
    """Where inserts of this connection are handed to, if they run behind now."""
    return connection.info.get(KEY)


@contextlib.contextmanager
def writing_behind(connection: Connection) -> Iterator[None]:
    """Inside the block `insert_rows` returns at once; every other use of the connection waits for what it began.

    A violated constraint shows there, at the latest at the end of the savepoint or the block. Elsewhere than on
    PostgreSQL nothing changes. The block must end before the transaction does.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    held = connection.info[KEY] = Behind(connection)

    def wait(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        with contextlib.suppress(*((BaseException,) if statement.startswith("ROLLBACK") else ())):
            held.settle()

    event.listen(connection, "before_cursor_execute", wait)
    try:
        yield
        held.settle()
    finally:
        event.remove(connection, "before_cursor_execute", wait)
        del connection.info[KEY]
        held.close()


__all__ = ["Behind", "behind", "writing_behind"]
