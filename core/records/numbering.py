"""Numbering rules: parts, scopes, reset. Numbers are unique under concurrency, without gaps, and never reused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Integer, String, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.clock import today
from core.records.base import Base

RESETS = {None: "", "day": "%Y%m%d", "month": "%Y%m", "year": "%Y"}


@dataclass(frozen=True)
class Text:
    """Fixed characters."""

    text: str

    def render(self, record: Any, day: date) -> str:
        """The characters."""
        return self.text


@dataclass(frozen=True)
class DatePart:
    """A date pattern, of today or of a date field of the record; an absent date prints as zeros."""

    pattern: str
    field: str | None = None

    def render(self, record: Any, day: date) -> str:
        """The date by the pattern."""
        value = getattr(record, self.field, None) if self.field else day
        return value.strftime(self.pattern) if value else "0" * len(day.strftime(self.pattern))


@dataclass(frozen=True)
class FieldPart:
    """A value of the record, or what a function makes of it; `unknown` fills the width when there is none."""

    source: str | Callable[[Any], Any]
    width: int = 0
    unknown: str = "X"

    def render(self, record: Any, day: date) -> str:
        """The value, or its stand-in."""
        value = self.source(record) if callable(self.source) else getattr(record, self.source, None)
        return str(value) if value not in (None, "") else self.unknown * max(self.width, 1)


@dataclass(frozen=True)
class Seq:
    """The running number. Its scope is what was printed before it, unless `scope` is a function of the record."""

    width: int = 3
    reset: str | None = None
    scope: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class PluginPart:
    """A part that some plugin gave a name by `register_number_parts`."""

    code: str

    def render(self, record: Any, day: date) -> str:
        """What the plugin says for this record."""
        from core.registry import registry

        return registry().number_parts[self.code].render(record)


Part = Text | DatePart | FieldPart | PluginPart | Seq


def shape_parts(rule: NumberRule) -> tuple[Part, ...]:
    """The parts of a rule as they hold now; the room of shaping puts its own function here."""
    return rule.parts


def ever_shaped(rule: NumberRule) -> bool:
    """Whether the rule was once another one; the room of shaping puts its own function here."""
    return False


def taken(rule: NumberRule, numbers: list[str]) -> set[str]:
    """Those of the numbers that are given already; the room of shaping puts its own function here."""
    return set()


@dataclass(frozen=True)
class NumberRule:
    """How `field` of the record `key` is numbered. One part is a `Seq`. `when` says which records take a number."""

    key: str
    field: str
    parts: tuple[Part, ...]
    when: Callable[[Any], bool] | None = None

    def scope(self, record: Any, day: date) -> str:
        """The counter that a record draws from."""
        before = ""
        for part in shape_parts(self):
            if isinstance(part, Seq):
                base = before if part.scope is None else part.scope(record)
                return f"{base}|{day.strftime(RESETS[part.reset])}"[:120]
            before += part.render(record, day)
        raise ValueError(f"the numbering rule of {self.key} has no sequence")

    def render(self, record: Any, day: date, number: int) -> str:
        """The number as people read it."""
        parts = shape_parts(self)
        return "".join(str(number).zfill(p.width) if isinstance(p, Seq) else p.render(record, day) for p in parts)


class Sequence(Base):
    """The last number given in one scope of one rule."""

    __tablename__ = "core_sequence"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    scope: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[int] = mapped_column(Integer, nullable=False)


@cache
def _draw(dialect: str) -> Any:
    """The statement that counts one scope up and tells where it stands."""
    table = Sequence.__table__
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    fresh = insert(table).values(key=bindparam("rule"), scope=bindparam("drawn"), value=bindparam("by"))
    counted = {"value": table.c.value + bindparam("by")}
    return fresh.on_conflict_do_update(index_elements=["key", "scope"], set_=counted).returning(table.c.value)


def take(session: Session, key: str, scope: str, count: int = 1) -> int:
    """Reserve `count` numbers; returns the first. The counter's row stays locked until the transaction ends."""
    drawn = {"rule": key, "drawn": scope, "by": count}
    return session.connection().execute(_draw(session.get_bind().dialect.name), drawn).scalar_one() - count + 1


def number_records(session: Session, rules: list[NumberRule], records: list[Any]) -> None:
    """Give every record without a number its own, one draw per scope."""
    day = today()
    for rule in rules:
        waiting: dict[str, list[Any]] = {}
        for record in records:
            if not getattr(record, rule.field) and (rule.when is None or rule.when(record)):
                waiting.setdefault(rule.scope(record, day), []).append(record)
        for scope in sorted(waiting):
            _number(session, rule, scope, waiting[scope], day)


def _number(session: Session, rule: NumberRule, scope: str, records: list[Any], day: date) -> None:
    """One draw for all records of a scope; another one for those whose number an earlier rule gave to somebody else."""
    while records:
        first = take(session, f"{rule.key}.{rule.field}", scope, len(records))
        numbers = [rule.render(record, day, first + offset) for offset, record in enumerate(records)]
        gone = taken(rule, numbers) if ever_shaped(rule) else set()
        for record, number in zip(records, numbers, strict=True):
            if number not in gone:
                setattr(record, rule.field, number)
        records = [record for record, number in zip(records, numbers, strict=True) if number in gone]
