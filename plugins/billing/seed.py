"""What every deployment starts with: the price list and the official fees that ship with the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from plugins.billing.reckoning.official import Fee
from plugins.billing.records import OfficialFee, PriceItem

DATA = Path(__file__).parent / "data"
VALID_FROM = date(2024, 1, 1)
"""From when the table was read; official fees of earlier days are entered by whoever needs them."""
PER = {"件": "case", "类": "class", "类（10项内）": "class", "项": "item", "页": "page"}
KINDS = ("invention", "utility_model", "design")
FLOOR = Decimal("0.65")
"""Floor prices that nobody has set yet lie at 65 % of the list, the largest discount below a partner."""


@cache
def _file(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))


def shipped_fees() -> list[tuple[Fee, dict[str, Any]]]:
    """The rows of the shipped table with name, certainty and note."""
    given = _file("official-fees")
    found = [row for group in ("patent", "trademark") for entry in given["fees"][group] for row in _rows(entry)]
    entry = next(e for e in given["fees"]["patent"] if e["code"] == "PAT_LATE")
    for step in given["late"]["patent_annuity"]["steps"]:
        fee = Fee("PAT_LATE", Decimal(step["pct"]), step=f"month_{step['month']}", valid_from=VALID_FROM)
        found.append((fee, _words(entry)))
    return found


def _rows(entry: dict[str, Any]) -> Iterator[tuple[Fee, dict[str, Any]]]:
    cny, code = entry["cny"], entry["code"]
    common = {"per": PER[entry["per"]], "reducible": entry["reducible"], "valid_from": VALID_FROM}
    if entry.get("valid_to"):
        common |= {"valid_from": date(2019, 1, 1), "valid_to": date.fromisoformat(str(entry["valid_to"]))}
    if isinstance(cny, str):
        return
    if not isinstance(cny, dict):
        cny = {"": cny}
    for name, amount in cny.items():
        if isinstance(amount, dict):  # annuities: kind, then spans of years
            for span, value in amount.items():
                yield Fee(code, Decimal(value), right_kind=name, step=span, **common), _words(entry)
        else:
            yield Fee(code, Decimal(amount), **common | _place(name)), _words(entry)


def _place(name: str) -> dict[str, Any]:
    if name in KINDS:
        return {"right_kind": name}
    if name in ("online", "paper"):
        return {"channel": name}
    if name.startswith("extra_item_"):
        return {"channel": name.removeprefix("extra_item_"), "step": "extra_item", "per": "item"}
    if name.endswith("_per_month"):
        return {"step": name, "per": "month"}
    return {"step": name} if name else {}


def _words(entry: dict[str, Any]) -> dict[str, Any]:
    return {"name": entry["zh"], "certainty": entry.get("certainty"), "note": entry.get("note")}


def seed_fees(session: Any) -> None:
    """Rows that are missing are added; what people entered or changed stays."""
    columns = (OfficialFee.code, OfficialFee.right_kind, OfficialFee.channel, OfficialFee.step, OfficialFee.valid_from)
    known = {tuple(row) for row in session.execute(select(*columns))}
    for fee, words in shipped_fees():
        if (fee.code, fee.right_kind, fee.channel, fee.step, fee.valid_from) not in known:
            values = {name: getattr(fee, name) for name in Fee.__dataclass_fields__}
            session.add(OfficialFee(**values, **words))


def seed_prices(session: Any) -> None:
    """Items that are missing are added; prices that the agency set stay."""
    known = set(session.scalars(select(PriceItem.code)))
    for row in _file("price-list")["items"]:
        if row["code"] not in known:
            session.add(PriceItem(**_item(row)))


def _item(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("code", "group", "unit", "counting", "events", "case_types", "conditions", "repeats")
    told = {name: row.get(name) for name in (*kept, "revenue_moment", "commission_base", "internal_days", "note")}
    price = Decimal(row["price"])
    named = {"name": row["zh"], "name_en": row["en"], "list_price": price, "floor_price": price * FLOOR}
    return told | named | {"official_fees": row["official_fees"] or None, "repeats": bool(row.get("repeats"))}
