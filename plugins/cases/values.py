"""Structured values of a case made uniform: priority claims, classes with goods, applicants. Pure functions."""

from __future__ import annotations

from datetime import date
from typing import Any

from core import _
from plugins.clients import split_names, tidy

REDUCTIONS = (0, 70, 85)


def fee_reduction(value: int) -> int:
    """The per cent by which fees are reduced: 0, 70 or 85 (fee reduction rules of the office)."""
    if value not in REDUCTIONS:
        raise ValueError(_("Fees are reduced by 0, 70 or 85 per cent."))
    return value


def priority(value: Any) -> list[dict[str, str]]:
    """Priority claims as `[{country, number, date}]`, earliest first; raises `ValueError`."""
    claims = [value] if isinstance(value, dict) else value
    return sorted((_claim(claim) for claim in claims), key=lambda claim: claim["date"])


def _claim(claim: Any) -> dict[str, str]:
    if not isinstance(claim, dict) or not claim.get("date"):
        raise ValueError(_("Each priority has a date, a country and a number."))
    day = claim["date"]
    try:
        parsed = day if isinstance(day, date) else date.fromisoformat(str(day).strip())
    except ValueError:
        raise ValueError(_("Write the day of a priority as 2026-12-14.")) from None
    return {
        "country": str(claim.get("country") or "").strip().upper(),
        "number": str(claim.get("number") or "").strip(),
        "date": parsed.isoformat(),
    }


def goods(value: Any) -> list[dict[str, Any]]:
    """Goods as `[{class, items}]` in the order of classes; a class may stand alone. Raises `ValueError`."""
    rows = [value] if isinstance(value, dict) else value
    found: dict[int, list[str]] = {}
    for row in rows:
        number, items = _goods_row(row)
        kept = found.setdefault(number, [])
        kept += [item for item in items if item not in kept]
    return [{"class": number, "items": found[number]} for number in sorted(found)]


def _goods_row(row: Any) -> tuple[int, list[str]]:
    if not isinstance(row, dict) or "class" not in row:
        raise ValueError(_("Give goods as a list of classes with their items."))
    number = class_number(row["class"])
    items = row.get("items") or []
    if isinstance(items, str):
        items = items.replace("；", ";").replace("、", ";").split(";")
    if not isinstance(items, (list, tuple)) or any(isinstance(item, (dict, list)) for item in items):
        raise ValueError(_("Give the items of a class as a list of words."))
    return number, [word for item in items if (word := str(item).strip())]


def class_number(value: Any) -> int:
    """A Nice class from 1 to 45; raises `ValueError`."""
    try:
        number = int(str(value).strip())
    except ValueError:
        number = 0
    if not 1 <= number <= 45:
        raise ValueError(_("Nice classes go from 1 to 45."))
    return number


def applicants(value: Any) -> list[dict[str, Any]]:
    """Applicants as `[{name, name_en, client, address}]` in their order; names alone will do. Raises `ValueError`."""
    rows: list[Any] = [value] if isinstance(value, dict) else list(value)
    flat: list[Any] = []
    for row in rows:
        flat += split_names(row) if isinstance(row, str) else [row]
    return [_applicant(row) for row in flat]


def _applicant(row: Any) -> dict[str, Any]:
    entry = {"name": row} if isinstance(row, str) else row
    if not isinstance(entry, dict) or not str(entry.get("name") or "").strip():
        raise ValueError(_("Each applicant has a name."))
    client = entry.get("client")
    made = {
        "name": tidy(str(entry["name"])),
        "name_en": tidy(str(entry["name_en"])) if entry.get("name_en") else None,
        "client": client.get("id") if isinstance(client, dict) else client,
        "address": str(entry["address"]).strip() if entry.get("address") else None,
    }
    return {key: value for key, value in made.items() if value is not None}
