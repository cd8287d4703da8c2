"""Eight clients with kept connections that ask one server the same kind of request for a while."""

from __future__ import annotations

import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.servers import Server

CLIENTS = 8


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    path: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Figures:
    """Milliseconds by the clock of the clients, requests a second, milliseconds of server CPU for one request."""

    p50: float
    p95: float
    rps: float
    cpu: float
    count: int

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


Maker = Callable[[int], Request]


def measure(server: Server, make: Maker, seconds: float, expect: int, clients: int = CLIENTS) -> Figures:
    """Warm up, then count for `seconds`; raises `AssertionError` on an answer other than `expect`."""
    numbers = itertools.count(1)
    _run(server, make, numbers, min(1.5, seconds / 2), expect, clients)
    cpu = server.cpu()
    start = time.perf_counter()
    times = _run(server, make, numbers, seconds, expect, clients)
    elapsed = time.perf_counter() - start
    cpu = server.cpu() - cpu
    spread = statistics.quantiles(times, n=20)
    return Figures(
        p50=round(statistics.median(times) * 1000, 2),
        p95=round(spread[18] * 1000, 2),
        rps=round(len(times) / elapsed, 1),
        cpu=round(cpu / len(times) * 1000, 3),
        count=len(times),
    )


def _run(server: Server, make: Maker, numbers: Any, seconds: float, expect: int, clients: int) -> list[float]:
    times: list[float] = []
    faults: list[str] = []
    end = time.perf_counter() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while time.perf_counter() < end and not faults:
            request = make(next(numbers))
            began = time.perf_counter()
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            content = answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != expect:
                faults.append(f"{request.method} {request.path}: {answer.status} {content[:500]!r}")
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]
    return times
