"""Time and memory that plugins' code may take. In a web request it runs on a second thread, and the request goes on
without it when its time is over; in jobs the worker's own limits hold; at the start there are none.

Python cannot end a thread from outside: one that is stuck keeps its own until it comes back, and is stopped there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from flask import g, has_request_context

_inside: ContextVar[bool] = ContextVar("zhian_inside_hook", default=False)
_page: ContextVar[Clock | None] = ContextVar("zhian_page_clock", default=None)
_lanes = threading.local()


class TookTooLong(Exception):
    """A plugin's code had not come back when its time was over; `left`: it is still at it, and nobody waits."""

    def __init__(self, seconds: float, *, left: bool = False) -> None:
        super().__init__(f"took longer than {seconds:g} s")
        self.left = left


class Stopped(BaseException):
    """Raised in a thread that nobody waits for any more, as soon as it comes back to Python."""


class Clock:
    """The time of a whole page of a plugin; while others contribute to it, within limits of their own, it stands."""

    def __init__(self, seconds: float) -> None:
        self.end, self.away = time.monotonic() + seconds, 0.0

    def due(self) -> float:
        """Until when the page is waited for."""
        return self.end + (time.monotonic() - self.away if self.away else 0.0)

    @contextlib.contextmanager
    def stands(self) -> Iterator[None]:
        """While somebody else is at work."""
        self.away = time.monotonic()
        try:
            yield
        finally:
            self.end, self.away = self.due(), 0.0


class Call:
    """One function on its way through a lane. `due()` says until when it is waited for; it may move on."""

    def __init__(self, fn: Callable[[], Any], due: Callable[[], float], clock: Clock | None = None) -> None:
        self.fn, self.due, self.clock, self.context = fn, due, clock, copy_context()
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run it where the caller's principal, language and session are."""
        try:
            self.context.run(_inside.set, self.clock is None)
            self.context.run(_page.set, self.clock)
            self.result = self.context.run(self.fn)
        except BaseException as error:  # whatever it is belongs to the caller
            self.error = error
        finally:
            self.done.set()

    def wait(self) -> bool:
        """Whether it came back in time."""
        while not self.done.wait(max(0.0, self.due() - time.monotonic())):
            if self.due() <= time.monotonic():
                return self.done.is_set()
        return True


class Lane:
    """A second thread beside a request's own, kept for its next requests."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Call | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="zhian-hooks", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        with contextlib.suppress(Stopped):
            while (call := self.calls.get()) is not None:
                call.run()
                del call

    def leave(self) -> None:
        """Nobody waits here any more: the thread ends when what it runs comes back."""
        self.calls.put(None)
        ident = ctypes.c_ulong(self.thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(Stopped))


class _Held:
    """The lane of one thread; it ends with it."""

    def __init__(self) -> None:
        self.lane = Lane()

    def __del__(self) -> None:
        self.lane.calls.put(None)


def _alone() -> None:
    """A process that was forked off took no lane along."""
    _lanes.held = None


os.register_at_fork(after_in_child=_alone)


def limited() -> bool:
    """Whether time is counted here: in a request, outside of a call that is counted already."""
    return has_request_context() and not _inside.get()


def within(seconds: float, fn: Callable[[], Any], since: Callable[[], float] | None = None) -> Any:
    """What `fn` gives; raises what it raises, or `TookTooLong`. `since()` is when its present step began.

    Outside of web requests it simply runs.
    """
    if not limited():
        return fn()
    begin = time.monotonic()
    call = Call(fn, lambda: (since() if since else begin) + seconds)
    with clock.stands() if (clock := _page.get()) else contextlib.nullcontext():
        return _beside(call, seconds)


def page_within(seconds: float, fn: Callable[[], Any]) -> Any:
    """What a whole page of a plugin gives; raises what it raises, or `TookTooLong`.

    Contributions of others to that page are limited inside by themselves, and their time is not the page's.
    """
    if not limited():
        return fn()
    clock = Clock(seconds)
    call = Call(fn, clock.due, clock)
    try:
        return _beside(call, seconds)
    finally:
        if call.done.is_set():
            _take_over(call)


def _take_over(call: Call) -> None:
    """What the page set for its request (language, right to write) holds for what comes after it."""
    unset = object()
    for variable, value in call.context.items():
        if variable not in (_inside, _page) and variable.get(unset) is not value:
            variable.set(value)


def _beside(call: Call, seconds: float) -> Any:
    """Run a call on the lane of this thread."""
    held = getattr(_lanes, "held", None)
    if held is None:
        held = _lanes.held = _Held()
    held.lane.calls.put(call)
    if not call.wait():
        held.lane.leave()
        _lanes.held = None
        _part_from_session(call)
        raise TookTooLong(seconds, left=True)
    if call.error is not None:
        raise call.error
    return call.result


def simply(seconds: float, fn: Callable[[], Any], since: Callable[[], float] | None = None) -> Any:
    """What `fn` gives, on this thread. Raises `TookTooLong` when it comes back too late in a request."""
    begin = time.monotonic()
    result = fn()
    if time.monotonic() - begin > seconds and limited():
        raise TookTooLong(seconds)
    return result


def first_time(hook: str) -> bool:
    """Whether this is the first call of a hook in this request."""
    seen = g.setdefault("hooks_called", set())
    if hook in seen:
        return False
    seen.add(hook)
    return True


def _part_from_session(call: Call) -> None:
    """The request goes on with a session of its own; the old one stays with what was left behind until that ends.

    What the old one wrote is rolled back when the request ends, which then cannot answer with success: see `Hooks`.
    """
    from flask import after_this_request

    from core.db import db

    old = db.session()
    wrote = bool(old.info.get("wrote") or old.new or old.dirty or old.deleted)
    db.session.registry.clear()

    def close() -> None:
        call.done.wait(600)
        old.close()

    def end(response: Any) -> Any:
        if wrote:
            with contextlib.suppress(Exception):
                old.rollback()
        threading.Thread(target=close, name="zhian-hooks-end", daemon=True).start()
        return response

    after_this_request(end)


@contextlib.contextmanager
def seconds(limit: float) -> Iterator[None]:
    """The block may take so long; then `TookTooLong` is raised inside it, also in a sleep or a call to elsewhere.

    By a signal, so on the main thread of a worker alone; elsewhere there is no limit. An earlier end stays.
    """
    if threading.current_thread() is not threading.main_thread() or not limit:
        yield
        return

    def end(number: int, frame: Any) -> None:
        raise TookTooLong(limit)

    begin, left = time.monotonic(), signal.getitimer(signal.ITIMER_REAL)[0]
    if 0 < left <= limit:
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.01, left - (time.monotonic() - begin)))


@contextlib.contextmanager
def memory(megabytes: int) -> Iterator[None]:
    """At most so much more memory for this process inside the block; who asks for more gets a `MemoryError`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit_memory(megabytes)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def limit_memory(megabytes: int) -> None:
    """At most so much more memory for this process from now on; 0 sets no limit, nor does a system that cannot say."""
    used = _data_in_use()
    if megabytes and used:
        wanted = used + megabytes * 1024 * 1024
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        bounded = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (bounded, hard))


def _data_in_use() -> int:
    """Bytes of writable memory of this process, as Linux counts them."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    return 0
