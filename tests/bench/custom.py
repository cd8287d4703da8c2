"""Custom fields against built-in twins of theirs: the same values, each with the same indexes, asked in turn."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from core.db import acting_as, db, system
from core.hooks.indexes import ensure_indexes
from core.permissions.people import load_principal
from core.records import service
from core.records.base import MODELS
from core.records.custom import known
from core.records.custom.indexes import make_indexes
from core.records.custom.model import CustomField
from core.records.query import Filter, Query, list_records
from core.registry import registry
from tests.bench import data, names, places
from tests.bench.report import Line, at_most

CLIENT, TABLE = "clients.client", "clients_client"
STAGES = [{"code": code, "zh": code} for code in ("prospect", "active", "dormant", "lost")]
TWINS: dict[str, tuple[str, dict[str, Any]]] = {
    "since": ("x_since", {"kind": "date"}),
    "credit_limit": ("x_credit", {"kind": "money"}),
    "stage": ("x_stage", {"kind": "choice", "choices": STAGES}),
    "industry": ("x_industry", {"kind": "text"}),
}
"""A built-in field and the custom field with the same values."""
ASKED: dict[str, tuple[str, Any]] = {
    "since": ("gte", "2025-12-20"),
    "credit_limit": ("gte", "4990000"),
    "stage": ("eq", "lost"),
    "industry": ("eq", "电池"),
}
TIMES = 25
MOST = 2.0


def measure(where: places.Place, server: str | None, size: int, database: str) -> list[Line]:
    """One line for each way of asking: how long the custom field takes, as a multiple of its twin."""
    if not places.is_built(where):
        places.make(where, server)
        with places.opened(where):
            build(size)
        places.mark_built(where)
    with places.opened(where):
        known.refresh()
        return [
            at_most(database, name, round(ours / theirs, 2), "x built-in", MOST, ours=_plain(ours), bare=_plain(theirs))
            for name, ours, theirs in _compared()
        ]


def _plain(seconds: float) -> dict[str, float]:
    return {"p50": round(seconds * 1000, 2)}


def build(size: int) -> None:
    """Clients whose values lie in a column and in `custom`, with indexes on both."""
    chance = random.Random(20260602)
    with system("fields of the benchmark"):
        for code, values in TWINS.values():
            label = {"record_key": CLIENT, "code": code, "label_zh": code, "indexed": True}
            service.create(CustomField, label | values)
    with db.engine.connect() as connection:
        data.drop_search_indexes(connection)
        data.fill(connection, "core.branch", ({"name": f"{c}分所"} for c in names.CITIES[: data.BRANCHES]))
        data.fill(connection, "core.department", data.departments())
        data.fill(connection, "core.user", data.people(chance))
        data.fill(connection, "core.user_role", data.roles())
        data.fill(connection, CLIENT, clients(chance, size))
        ensure_indexes(connection, registry())
        _twin_indexes(connection)
        connection.commit()
    make_indexes()
    data.analyse()


def clients(chance: random.Random, size: int) -> Iterator[dict[str, Any]]:
    """A twentieth holds nothing."""
    first = dt.date(2006, 1, 1)
    for row in data.clients(chance, size):
        if chance.random() < 0.05:
            yield row | {"industry": None, "since": None, "credit_limit": None, "stage": None, "custom": None}
            continue
        day = first + dt.timedelta(days=chance.randrange(7300))
        cents, stage = chance.randrange(500_000_000), chance.choice(STAGES)["code"]
        lies = {"x_since": day.isoformat(), "x_credit": cents, "x_stage": stage, "x_industry": row["industry"]}
        yield row | {"since": day, "credit_limit": Decimal(cents) / 100, "stage": stage, "custom": lies}


def _twin_indexes(connection: Any) -> None:
    """What a flagged custom field gets, on the columns too: the comparison is with the best of the built-in ones."""
    for name in TWINS:
        connection.execute(text(f'CREATE INDEX "ix_twin_{name}" ON "{TABLE}" ("{name}", id)'))
        if connection.dialect.name == "postgresql":
            body = f'("{name}" DESC NULLS LAST, id DESC)'
            connection.execute(text(f'CREATE INDEX "ix_twin_{name}_down" ON "{TABLE}" {body}'))


def _compared() -> Iterator[tuple[str, float, float]]:
    """(what, seconds of the custom field, of its twin), the best of each: all else is what the machine did besides."""
    model = MODELS[CLIENT]
    person = load_principal(1)
    if person is None:
        raise LookupError("the benchmark's person is missing")
    with acting_as(person):
        for twin, (code, _values) in TWINS.items():
            for way, make in WAYS.items():
                ours, theirs = [], []
                for _round in range(TIMES):
                    theirs.append(_seconds(model, make(twin, *ASKED[twin])))
                    ours.append(_seconds(model, make(code, *ASKED[twin])))
                yield f"custom {way} {twin}", min(ours), min(theirs)


def _seconds(model: Any, query: Query) -> float:
    began = time.perf_counter()
    page = list_records(model, query)
    took = time.perf_counter() - began
    if not page.rows:
        raise LookupError(f"{query} finds nothing, so that nothing is measured")
    return took


def _page(name: str, **more: Any) -> Query:
    return Query(fields=("name", name), limit=50, **more)


WAYS: dict[str, Callable[[str, str, Any], Query]] = {
    "filter": lambda name, op, value: _page(name, filters=(Filter(name, op, value),), sort=("name",)),
    "filter and count": lambda name, op, value: _page(name, filters=(Filter(name, op, value),), count=True, page=1),
    "sort up": lambda name, op, value: _page(name, sort=(name,)),
    "sort down": lambda name, op, value: _page(name, sort=(f"-{name}",)),
    "filter and sort": lambda name, op, value: _page(name, filters=(Filter(name, op, value),), sort=(f"-{name}",)),
}
