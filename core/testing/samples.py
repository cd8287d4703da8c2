"""One row of a record type, made through the services with what its fields need; a plugin may give better values.

`testing.py` of a plugin may hold `SAMPLES: dict[record key, function -> values]` and `EVENTS: dict[event, function ->
payload]`; both are called as the system.
"""

from __future__ import annotations

import datetime
import importlib
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.db import db
from core.errors import Invalid, ZhianError
from core.records import service
from core.records.fields import Field
from core.registry import Registry

SPELLINGS = ("sample", "1001", "sample@example.com", "SAMPLE1", "https://sample.example.com", "core.user")
"""Texts that one field or another takes."""
FAULTS = (ZhianError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
_DAY = datetime.date(2026, 3, 2)
_AT = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
_PLAIN = {
    "long_text": "Sample",
    "integer": 1,
    "decimal": Decimal(1),
    "money": Decimal(1),
    "date": _DAY,
    "datetime": _AT,
    "boolean": False,
    "tags": ["sample"],
    "json": {},
    "secret": "sample",
}


class Samples:
    """Makes samples and remembers why one could not be made. Use inside `system()`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.made: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self._count = 0
        self.given: dict[str, Any] = {}
        self.events: dict[str, Any] = {}
        for manifest in registry.manifests:
            if (manifest.folder / "testing.py").exists():
                module = importlib.import_module(f"{manifest.module}.testing")
                self.given |= getattr(module, "SAMPLES", {})
                self.events |= getattr(module, "EVENTS", {})

    def one(self, key: str) -> int | None:
        """The id of a row of this type, an existing or a new one; None when none can be made."""
        if key not in self.made and key not in self.refused:
            self._make(key)
        return self.made.get(key)

    def fresh(self, key: str, **values: Any) -> int | None:
        """The id of a new row with these values, or None. What a field refuses is tried in another form."""
        wanted = self.values(key) | values
        for spelling in (None, *SPELLINGS):
            try:
                return self._stored(key, wanted)
            except Invalid as error:
                self.refused[key] = str(error)[:300]
                wanted = wanted | self._otherwise(key, [e.field for e in error.errors], spelling)
            except FAULTS as error:
                self.refused[key] = str(error)[:300]
                break
        return None

    def _stored(self, key: str, values: dict[str, Any]) -> int:
        kind = self.registry.types[key]
        closed = tuple(f.name for f in kind.fields.values() if not f.writable)
        with db.session.begin_nested():
            record = service.create(kind.model, values, allow=closed)
            db.session.flush()
        self.refused.pop(key, None)
        return record.id

    def _otherwise(self, key: str, names: list[str], spelling: str | None) -> dict[str, Any]:
        """Other values for fields that were refused."""
        known = self.registry.types[key].fields
        fields = [known[name] for name in names if name in known]
        return {f.name: spelling if spelling and f.kind == "text" else self.value(f) for f in fields}

    def _make(self, key: str) -> None:
        model = self.registry.types[key].model
        there = db.session.scalar(select(model.id).order_by(model.id).limit(1))
        self.refused[key] = "it needs itself"
        found = there if there is not None else self.fresh(key)
        if found is not None:
            self.refused.pop(key, None)
            self.made[key] = found

    def values(self, key: str) -> dict[str, Any]:
        """What the plugin gives for this type, else something for each required field."""
        if key in self.given:
            return dict(self.given[key]())
        wanted = self.registry.types[key].fields.values()
        return {f.name: self.value(f) for f in wanted if f.required and not f.compute and f.default is None}

    def value(self, field: Field) -> Any:
        """Something that this field may hold."""
        if field.kind == "link":
            return self.one(field.target or "")
        if field.kind in ("choice", "multi_choice"):
            codes = [c.code for c in field.choices][:1]
            return codes if field.kind == "multi_choice" else (codes or [None])[0]
        if field.kind == "text":
            self._count += 1
            return f"Sample {self._count}"[: field.max_length or 200]
        return _PLAIN.get(field.kind)
