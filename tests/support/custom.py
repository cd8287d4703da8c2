"""Custom fields for tests: one of each kind on a record type, made as an administrator makes them."""

from __future__ import annotations

from typing import Any

CHOICES = [{"code": "low", "zh": "低", "en": "Low"}, {"code": "high", "zh": "高", "en": "High", "tone": "danger"}]
KINDS: dict[str, dict[str, Any]] = {
    "x_text": {"kind": "text", "label_zh": "短文", "label_en": "Short text", "searched": True},
    "x_long": {"kind": "long_text", "label_zh": "长文", "label_en": "Long words"},
    "x_number": {"kind": "number", "label_zh": "数量", "label_en": "Quantity", "decimals": 3, "indexed": True},
    "x_money": {"kind": "money", "label_zh": "估值", "label_en": "Estimate", "indexed": True},
    "x_day": {"kind": "date", "label_zh": "回访日", "label_en": "Visit", "indexed": True},
    "x_level": {"kind": "choice", "label_zh": "紧要", "label_en": "Level", "choices": CHOICES},
    "x_marks": {"kind": "multi_choice", "label_zh": "标记", "label_en": "Marks", "choices": CHOICES},
    "x_sure": {"kind": "boolean", "label_zh": "确认", "label_en": "Confirmed"},
    "x_person": {"kind": "link", "label_zh": "联络人", "label_en": "Liaison", "target": "core.user"},
    "x_paper": {"kind": "file", "label_zh": "附图", "label_en": "Drawing"},
}

ASKED = [
    ("x_number", "eq", "1.5", "s0"),
    ("x_number", "gt", "1.5", "s2"),
    ("x_number", "ne", "10", "s0 s1 s3"),
    ("x_number", "in", "-2,10", "s1 s2"),
    ("x_money", "lte", "100", "s0 s1"),
    ("x_money", "gte", "20000000.05", "s2"),
    ("x_day", "lt", "2026-01-01", "s1"),
    ("x_day", "gte", "2025-12-31", "s0 s1"),
    ("x_day", "isnull", "1", "s2 s3"),
    ("x_level", "in", "low,high", "s0 s1"),
    ("x_level", "ne", "low", "s1 s2 s3"),
    ("x_marks", "contains", "high", "s1"),
    ("x_marks", "eq", "low", "s0 s1"),
    ("x_marks", "ne", "low", "s2 s3"),
    ("x_sure", "eq", "1", "s2"),
    ("x_text", "contains", "MBE", "s2"),
    ("x_text", "contains", "琥", "s2"),
    ("x_text", "eq", "琥珀 amber", "s2"),
    ("x_person", "eq", "me", "s2"),
    ("x_person", "isnull", "0", "s2"),
    ("x_person.login", "eq", "ann", "s2"),
]
"""What a filter on the shelf finds: (field, operator, value, names)."""


def shelved(person: int) -> tuple[dict[str, Any], ...]:
    """The custom values of four records, the last without any."""
    return (
        {"x_number": "1.5", "x_money": "100", "x_day": "2026-01-02", "x_level": "low", "x_marks": ["low"]},
        {"x_number": "-2", "x_money": "99.90", "x_day": "2025-12-31", "x_level": "high", "x_marks": ["low", "high"]},
        {"x_number": "10", "x_money": "20000000.05", "x_sure": True, "x_text": "琥珀 amber", "x_person": person},
        {},
    )


def define(key: str, **fields: dict[str, Any]) -> dict[str, int]:
    """Make these fields on a record type and know them; their ids. Inside an app context."""
    from core.db import system
    from core.records import service
    from core.records.custom import known
    from core.records.custom.model import CustomField

    with system("fields of a test"):
        made = {
            code: service.create(CustomField, {"record_key": key, "code": code, "label_zh": code} | values).id
            for code, values in fields.items()
        }
    known.forget()
    known.refresh()
    return made


def change(ident: int, **values: Any) -> None:
    """Change one definition, as the system, and know it."""
    from core.db import system
    from core.records import service
    from core.records.custom import known
    from core.records.custom.model import CustomField

    with system("fields of a test"):
        service.update(service.get(CustomField, ident), values)
    known.forget()
    known.refresh()


def plan_of(statement: str) -> str:
    """How the database would answer; PostgreSQL is kept from scanning a table that is small."""
    from sqlalchemy import text

    from core.db import db

    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            return "\n".join(connection.scalars(text(f"EXPLAIN {statement}")))
        return "\n".join(row[-1] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
