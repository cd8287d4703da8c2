"""How a custom value lies in the column `custom`, and how SQL reads it there, exactly and served by an index."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator

from core.records.fields import Field
from core.records.types import ExactDecimal, Id, Json

SCALES = {"decimal": 4, "money": 2}
"""Figures lie as whole numbers of ten-thousandths and of cents: exact in both databases, and in order."""


class Scaled(ExactDecimal):
    """A decimal that lies as a whole number of its smallest unit; it is shown with at least `places` places."""

    cache_ok = True

    def __init__(self, scale: int, places: int) -> None:
        super().__init__(18, scale)
        self.places = places

    def load_dialect_impl(self, dialect: Any) -> Any:
        """A whole number on every database."""
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        """To the database."""
        return None if value is None else scaled(value, self.scale)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        """From the database."""
        return None if value is None else unscaled(int(value), self.scale, self.places)


class IsoDay(TypeDecorator[dt.date]):
    """A calendar day that lies as `2026-12-14`, which sorts as it is."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """Text on every database."""
        return dialect.type_descriptor(String())

    def process_bind_param(self, value: dt.date | None, dialect: Any) -> str | None:
        """To the database."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Any) -> dt.date | None:
        """From the database."""
        return None if value is None else dt.date.fromisoformat(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Compared values are days too."""
        return self


def scaled(value: Any, scale: int) -> int:
    """4800.5 as 480050, for two places."""
    return int(Decimal(value).quantize(Decimal(1).scaleb(-scale)).scaleb(scale))


def unscaled(value: int, scale: int, places: int) -> Decimal:
    """480050 as 4800.50; finer than `places` only where the value is."""
    exact = Decimal(value).scaleb(-scale)
    short = exact.quantize(Decimal(1).scaleb(-places))
    return short if short == exact else exact


def to_json(spec: Field, value: Any) -> Any:
    """A loaded value as it lies in the column; None for what is not kept at all."""
    if value is None or value == []:
        return None
    if spec.kind in SCALES:
        return scaled(value, SCALES[spec.kind])
    return value.isoformat() if spec.kind == "date" else value


def from_json(spec: Field, raw: Any) -> Any:
    """What lies in the column as a value of the field."""
    if raw is None:
        return None
    if spec.kind in SCALES:
        return unscaled(int(raw), SCALES[spec.kind], spec.scale)
    return dt.date.fromisoformat(raw) if spec.kind == "date" else raw


class CustomPart(ColumnElement[Any]):
    """One value inside a column `custom`, typed; its SQL is the same wherever it stands, as an index needs it."""

    _traverse_internals = [
        ("inside", InternalTraversal.dp_clauseelement),
        ("name", InternalTraversal.dp_string),
        ("kind", InternalTraversal.dp_string),
        ("type", InternalTraversal.dp_type),
    ]

    def __init__(self, column: Any, spec: Field) -> None:
        self.inside = coercions.expect(roles.ExpressionElementRole, column)
        self.name, self.kind, self.type = spec.name, spec.kind, _type_of(spec)

    @property
    def _from_objects(self) -> Any:
        return self.inside._from_objects

    def self_group(self, against: Any = None) -> Any:
        """It carries its own brackets."""
        return self


def _type_of(spec: Field) -> Any:
    if spec.kind in SCALES:
        return Scaled(SCALES[spec.kind], spec.scale)
    plain = {"date": IsoDay(), "boolean": Boolean(), "multi_choice": Json, "link": Id, "file": Id}
    return plain.get(spec.kind) or Text()


@compiles(CustomPart, "sqlite")
@compiles(CustomPart)
def _on_sqlite(element: CustomPart, compiler: Any, **options: Any) -> str:
    return in_sqlite(_column(element, compiler, options), element.name)


@compiles(CustomPart, "postgresql")
def _on_postgresql(element: CustomPart, compiler: Any, **options: Any) -> str:
    return in_postgresql(_column(element, compiler, options), element.name, element.kind)


def _column(element: CustomPart, compiler: Any, options: dict[str, Any]) -> str:
    """The SQL of the column; where the value is read it is found in the row by this element and its type."""
    tell = options.pop("add_to_result_map", None)
    if tell is not None:
        tell(element.name, element.name, (element,), element.type)
    return compiler.process(element.inside, **options)


def in_sqlite(column: str, name: str) -> str:
    """The SQL of one value on SQLite."""
    return f"json_extract({column}, '$.{name}')"


def in_postgresql(column: str, name: str, kind: str) -> str:
    """The SQL of one value on PostgreSQL; only casts that an index may hold."""
    if kind == "multi_choice":
        return f"({column} -> '{name}')"
    text = f"({column} ->> '{name}')"
    if kind in (*SCALES, "link", "file"):
        return f"(({text})::bigint)"
    if kind == "boolean":
        return f"(({text})::boolean)"
    return f'({text} COLLATE "C")' if kind == "date" else text
