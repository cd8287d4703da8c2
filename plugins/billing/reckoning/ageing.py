"""How long money has been owed: the columns of an ageing table. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from .amounts import ZERO

BUCKETS = ("current", "d30", "d60", "d90", "over")
"""Not due yet; overdue by 1-30, 31-60, 61-90 and over 90 days."""
EDGES = (0, 30, 60, 90)
K = TypeVar("K", bound=Hashable)


def bucket(due: date, day: date) -> str:
    """The column of something due on `due` as seen on `day`; the due day itself is not overdue."""
    late = (day - due).days
    return next((name for name, edge in zip(BUCKETS, EDGES, strict=False) if late <= edge), BUCKETS[-1])


def age(items: Iterable[tuple[K, date, Decimal]], day: date) -> dict[K, dict[str, Decimal]]:
    """(whose, due day, balance) summed by whose and column; each row also holds `total`."""
    table: dict[K, dict[str, Decimal]] = {}
    for whose, due, owed in items:
        row = table.setdefault(whose, dict.fromkeys((*BUCKETS, "total"), ZERO))
        row[bucket(due, day)] += owed
        row["total"] += owed
    return table
