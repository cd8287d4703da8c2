"""What is asked of both servers, with the ratios and milliseconds of server CPU to reach."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from tests.bench.load import Maker, Request

CLIENT, CASE = "clients.client", "cases.case"
FREQUENT, COMMON, RARE = "科技", "电池", "琥珀"
"""Words in about 30 %, 1 % and 0.02 % of the names."""


@dataclass(frozen=True)
class Scenario:
    """`ours` and `bare` make the n-th request. `ratio`: CPU to the bare one's. `limit`: milliseconds, on PostgreSQL."""

    name: str
    ours: Maker
    bare: Maker | None
    ratio: float | None = None
    limit: float | None = None
    expect: int = 200


@dataclass(frozen=True)
class Ground:
    """What requests need: an API key, the cookie of a signed-in browser, ids of untouched records in reach."""

    key: str
    cookie: str
    ids: dict[str, list[int]]


def scenarios(ground: Ground) -> list[Scenario]:
    """All of them, writes last."""
    lists = [
        *(_page(ground, CLIENT, word, 2.5, 6.0) for word in (FREQUENT, COMMON, RARE)),
        *(_page(ground, CASE, word, None, None) for word in ("装置", COMMON)),
    ]
    reads = [_read(ground, CLIENT, 2.0), _read(ground, CASE, None)]
    counts = [_count(ground, word, 1.5) for word in (FREQUENT, RARE)]
    return [*lists, *reads, *counts, *_web(ground), _create(ground), _update(ground)]


def _signed(ground: Ground, method: str, path: str, body: object = None, **headers: str) -> Request:
    given = [("Authorization", f"Bearer {ground.key}"), *((k.replace("_", "-"), v) for k, v in headers.items())]
    if body is not None:
        given.append(("Content-Type", "application/json"))
    return Request(method, path, None if body is None else orjson.dumps(body), tuple(given))


def _page(ground: Ground, key: str, word: str, ratio: float | None, limit: float | None) -> Scenario:
    found = quote(word)
    return Scenario(
        f"list {key} “{word}”",
        lambda n: _signed(ground, "GET", f"/api/v1/{key}?name__contains={found}&sort=name&limit=50"),
        lambda n: Request("GET", f"/{key}?word={found}"),
        ratio,
        limit,
    )


def _read(ground: Ground, key: str, ratio: float | None) -> Scenario:
    ids = ground.ids[key]
    return Scenario(
        f"read {key}",
        lambda n: _signed(ground, "GET", f"/api/v1/{key}/{ids[n % len(ids)]}"),
        lambda n: Request("GET", f"/{key}/{ids[n % len(ids)]}"),
        ratio,
    )


def _count(ground: Ground, word: str, ratio: float) -> Scenario:
    found = quote(word)
    return Scenario(
        f"count “{word}”",
        lambda n: _signed(ground, "GET", f"/api/v1/{CLIENT}?name__contains={found}&sort=name&limit=1&count=1"),
        lambda n: Request("GET", f"/{CLIENT}/count?word={found}"),
        ratio,
    )


def _web(ground: Ground) -> list[Scenario]:
    def page(path: str) -> Maker:
        return lambda n: Request("GET", path, None, (("Cookie", ground.cookie),))

    return [
        Scenario("web list of clients", page(f"/r/{CLIENT}"), None, limit=15.0),
        Scenario("web list of cases", page(f"/r/{CASE}"), None, limit=15.0),
        Scenario("web work list", page("/"), None),
    ]


def _create(ground: Ground) -> Scenario:
    mark = os.getpid()

    def body(n: int) -> dict[str, object]:
        return {
            "name": f"深圳试验{mark}{n}科技有限公司",
            "kind": "enterprise",
            "phone": "0755-12345678",
            "address": "深圳市高新区",
            "region": "440305",
        }

    return Scenario(
        "create",
        lambda n: _signed(ground, "POST", f"/api/v1/{CLIENT}", body(n)),
        lambda n: Request(
            "POST",
            f"/{CLIENT}",
            orjson.dumps(body(n) | {"number": f"B-{mark}-{n}", "department_id": 1, "branch_id": 1}),
            (("Content-Type", "application/json"),),
        ),
        3.0,
        expect=201,
    )


def _update(ground: Ground) -> Scenario:
    ids = ground.ids[CLIENT]

    def ours(n: int) -> Request:
        path = f"/api/v1/{CLIENT}/{ids[n % len(ids)]}"
        return _signed(ground, "PATCH", path, {"phone": f"0755-{n:08d}"}, If_Match='"1"')

    def bare(n: int) -> Request:
        body = orjson.dumps({"phone": f"0755-{n:08d}"})
        return Request("PATCH", f"/{CLIENT}/{ids[-1 - n % len(ids)]}", body, (("Content-Type", "application/json"),))

    return Scenario("update", ours, bare, 2.5)
