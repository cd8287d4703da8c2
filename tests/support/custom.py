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
