"""Computed fields of a case. Pure functions of the record's own values."""

from __future__ import annotations

from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

from plugins.cases import status

NAMES = ("title_text", "mark_name", "software_name", "work_title", "opposed_mark", "attacked_mark", "attacked_patent")
"""Where the name of a case stands, by case type; the first that is filled counts."""


def display_name(case: Any) -> str:
    """What people call the case: its title, mark, software or work, the numbers it is about, else its type."""
    numbers = ("opposed_number", "attacked_number", "application_number", "registration_number", "ir_number")
    found = next((value for name in (*NAMES, *numbers) if (value := getattr(case, name))), None)
    if found or case.case_type not in status.codes():
        return found or case.case_type
    return "、".join(case.marks)[:500] if case.marks else status.model(case.case_type).zh


def status_group(case: Any) -> str | None:
    """The group of the case's state."""
    state = status.model(case.case_type).states.get(case.status) if case.case_type in status.codes() else None
    return state.group if state else None


def goods_text(case: Any) -> str | None:
    """The goods in words: 30 茶、茶饮料；43 茶馆."""
    rows = [f"{row['class']} {'、'.join(row['items'])}".strip() for row in case.goods or ()]
    return "；".join(rows) or None


def applicant_names(case: Any) -> str | None:
    """The names of all applicants in Chinese and English, for searching."""
    names = [name for row in case.applicants or () for name in (row.get("name"), row.get("name_en")) if name]
    return "；".join(names)[:1000] or None


def next_renewal_reminder(case: Any) -> date | None:
    """One year before the exclusive right ends; 2035-03-09 gives 2034-03-09."""
    if case.valid_to is None or case.right_kind not in ("trademark", "madrid"):
        return None
    return case.valid_to - relativedelta(years=1)


def end_of_term(start: date) -> date:
    """The last day of a term of ten years: 2025-03-10 gives 2035-03-09 (Trademark Law, article 39)."""
    return start + relativedelta(years=10) - relativedelta(days=1)
