"""What custom fields there are, as `Field`s: one edition per process, looked at anew within a second."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dc_field
from typing import Any

from core.i18n import L
from core.records.fields import Choice, Field

CODE = re.compile(r"x_[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""How fields may be called; the name stands in SQL as it is."""
FRESH_SECONDS = 0.8
FIGURES = {"number": "decimal"}
"""Kinds whose name for people differs from the kind of field that they are."""


@dataclass(frozen=True)
class Edition:
    """The definitions of one moment. `memory` is for what is computed from them and from nothing else that changes."""

    number: int = 0
    stamp: tuple[Any, ...] | None = None
    live: Mapping[str, Mapping[str, Field]] = dc_field(default_factory=dict)
    away: Mapping[str, Mapping[str, Field]] = dc_field(default_factory=dict)
    memory: dict[Any, Any] = dc_field(default_factory=dict)

    def of(self, key: str) -> Mapping[str, Field]:
        """The fields of a record type that are in use, by name, in their order."""
        return self.live.get(key, _NONE)

    def find(self, key: str, name: str) -> Field | None:
        """A field of a record type, also one that was put away."""
        return self.live.get(key, _NONE).get(name) or self.away.get(key, _NONE).get(name)

    def remembered(self, what: Any, make: Callable[[], Any]) -> Any:
        """The same answer for as long as the definitions stay."""
        if what not in self.memory:
            self.memory[what] = make()
        return self.memory[what]


_NONE: Mapping[str, Field] = {}
_edition = Edition()
_until = 0.0
_lock = threading.Lock()


def edition() -> Edition:
    """The definitions as this process knows them."""
    return _edition


def refresh() -> Edition:
    """The definitions as they were less than a second ago. Asked where work begins: requests, jobs, commands."""
    global _until
    if _until < time.monotonic() and _lock.acquire(blocking=_edition.stamp is None):
        try:
            _read()
            _until = time.monotonic() + FRESH_SECONDS
        finally:
            _lock.release()
    return _edition


def forget() -> None:
    """Look again at the next question; the other processes follow within a second."""
    global _until
    _until = 0.0


def reset() -> None:
    """For a new deployment in this process."""
    global _edition
    forget()
    _edition = Edition(number=_edition.number + 1)


def _read() -> None:
    """On a connection of its own that only reads. Before the table exists there are no custom fields.

    A database that does not answer later on takes nothing away of what is known.
    """
    from sqlalchemy import func, select
    from sqlalchemy.exc import DatabaseError

    from core.db import reading
    from core.records.custom.model import CustomField

    table = CustomField.__table__
    picture = select(func.count(), func.sum(table.c.version), func.max(table.c.updated_at)).select_from(table)
    try:
        with reading() as connection:
            stamp = tuple(connection.execute(picture).one())
            if stamp == _edition.stamp:
                return
            rows = connection.execute(select(table).order_by(table.c.place, table.c.id)).mappings().all()
    except DatabaseError:
        if _edition.stamp is not None:
            return
        stamp, rows = (), []
    take(stamp, [row for row in rows if CODE.fullmatch(row["code"])])


def take(stamp: tuple[Any, ...], rows: Any) -> None:
    """Make these definitions the ones that hold: for records, and for the types of the registry."""
    global _edition
    from core.records.custom.values import offer
    from core.registry import registry

    types = registry().types
    live: dict[str, dict[str, Field]] = defaultdict(dict)
    away: dict[str, dict[str, Field]] = defaultdict(dict)
    for row in rows:
        fit = row["record_key"] in types and (row["target"] is None or row["target"] in types)
        (live if fit and row["archived_at"] is None else away)[row["record_key"]][row["code"]] = field_of_row(row)
    offer({row["code"] for row in rows})
    _edition = Edition(_edition.number + 1, stamp, live, away)
    for kind in types.values():
        declared = {name: spec for name, spec in kind.fields.items() if not spec.custom}
        if len(declared) != len(kind.fields) or kind.key in live:
            kind.fields = declared | live.get(kind.key, {})


def field_of_row(row: Mapping[str, Any]) -> Field:
    """The field that a definition describes. Files are asked for in forms alone, after their record is made."""
    kind = FIGURES.get(row["kind"], row["kind"])
    choices = row["choices"] or ()
    spec = Field(
        kind,
        L(row["label_zh"], row["label_en"] or row["label_zh"]),
        required=bool(row["needed"]) and kind != "file",
        help=L(row["help_zh"] or row["help_en"], row["help_en"] or row["help_zh"])
        if row["help_zh"] or row["help_en"]
        else None,
        search=bool(row["searched"]) and kind in ("text", "long_text"),
        max_length={"text": 400, "long_text": 20_000}.get(kind),
        choices_source=[_choice(c) for c in choices] if "choice" in kind else None,
        target="core.attachment" if kind == "file" else row["target"],
        group=row["section"],
        scale=2 if kind == "money" else int(row["decimals"] if row["decimals"] is not None else 2),
        name=row["code"],
        attr=row["code"],
        plugin="core",
        custom=True,
        extra={
            "id": row["id"],
            "readers": frozenset(row["readers"] or ()),
            "writers": frozenset(row["writers"] or ()),
            "closed": row["closed"],
            "heading": (row["heading_zh"] or row["heading_en"], row["heading_en"] or row["heading_zh"]),
            "indexed": bool(row["indexed"]),
            "needed": bool(row["needed"]),
        },
    )
    spec.default = _default(spec, row["begins_with"])
    return spec


def _choice(given: Mapping[str, Any]) -> Choice:
    label = L(given["zh"], given.get("en") or given["zh"])
    return Choice(given["code"], label, given.get("tone") or "", retired=bool(given.get("retired")))


def _default(spec: Field, text: str | None) -> Any:
    """What a new record begins with; `today` is said anew each day."""
    from core.clock import today
    from core.records.schema import CodedError, schema_field

    if text in (None, "") or spec.kind == "file":
        return None
    if spec.kind == "date" and text == "today":
        return today
    given: Any = [part.strip() for part in text.split(",")] if spec.kind == "multi_choice" else text
    try:
        return schema_field(spec)._deserialize(given, spec.name, None)
    except CodedError:
        return None
