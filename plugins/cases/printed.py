"""What a paper prints about its own period, and other inputs under the names that deadline rules read. Pure text."""

from __future__ import annotations

import re
from typing import Any

NUMERALS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBER = r"(\d+|[一二两三四五六七八九十]{1,3})"
_MONTHS = re.compile(_NUMBER + r"\s*(?:个?月|months?)", re.IGNORECASE)
_DAYS = re.compile(_NUMBER + r"\s*(?:天|日|days?)", re.IGNORECASE)


def number(text: str) -> int:
    """15, 十五, 三十 or 两 as a number."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return NUMERALS[text[0]]
    return NUMERALS.get(tens, 1) * 10 + (NUMERALS[ones] if ones else 0)


def printed_period(text: str) -> dict[str, int]:
    """`period_months` or `period_days` of a period as printed, such as 两个月, 15 日 or 2 months; empty if unclear."""
    if found := _MONTHS.search(text):
        return {"period_months": number(found[1])}
    if found := _DAYS.search(text):
        return {"period_days": number(found[1])}
    return {}


def rule_inputs(details: dict[str, Any]) -> dict[str, Any]:
    """What deadline rules read besides what was entered: the printed period in figures, the months of an extension."""
    made: dict[str, Any] = {}
    if details.get("period_in_notice"):
        made |= printed_period(str(details["period_in_notice"]))
    if str(details.get("months") or "").isdigit():
        made["extension_months"] = int(details["months"])
    return {name: value for name, value in made.items() if name not in details}
