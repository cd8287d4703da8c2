"""What an agency agrees for its bills: price rules, days until payment, discount limits, its account. From the config.

`[plugin_settings.billing]` of the config overrides the values of `data/agreed.json` by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from flask import current_app

from plugins.billing.reckoning.prices import PriceRules

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Agreed:
    """`due_days` and `valid_days` from the day of issue; limits in per cent or CNY with the role that may go so far."""

    prices: PriceRules
    due_days: int
    valid_days: int
    reminder_days: int
    history_days: int
    discount_limits: tuple[tuple[Decimal, str], ...]
    small_amount: Decimal
    terms: Mapping[str, str]


@cache
def _shipped() -> dict[str, Any]:
    return json.loads((DATA / "agreed.json").read_text("utf-8"))


def agreed() -> Agreed:
    """The agreement of this deployment."""
    return _read(json.dumps(_shipped() | current_app.config["ZHIAN"].plugin_settings.get("billing", {}), default=str))


@cache
def _read(text: str) -> Agreed:
    given = json.loads(text)
    return Agreed(
        prices=PriceRules(
            tiers={tier: Decimal(str(pct)) for tier, pct in given["tier_percent"].items()},
            volume=tuple((int(least), Decimal(str(pct))) for least, pct in given["volume_percent"]),
            rush=Decimal(str(given["rush_percent"])),
            exchange_reserve=Decimal(str(given["exchange_reserve_percent"])),
        ),
        due_days=int(given["due_days"]),
        valid_days=int(given["valid_days"]),
        reminder_days=int(given["reminder_days"]),
        history_days=int(given["history_days"]),
        discount_limits=tuple((Decimal(str(pct)), role) for pct, role in given["discount_limits"]),
        small_amount=Decimal(str(given["small_amount"])),
        terms=given["terms"],
    )
