"""Service fees: list price, tier, volume, rush, discounts and who may grant them. Pure; prices include their tax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .amounts import ZERO, to_cents

HUNDRED = Decimal(100)
PARTNER = "partner"


@dataclass(frozen=True)
class PriceRules:
    """The agency's rules: per cent of the list by tier and by number of classes, rush surcharge, exchange reserve."""

    tiers: Mapping[str, Decimal] = field(default_factory=dict)
    volume: Sequence[tuple[int, Decimal]] = ()
    rush: Decimal = Decimal(50)
    exchange_reserve: Decimal = Decimal(3)


def rate(rules: PriceRules, tier: str | None, units: int) -> Decimal:
    """Per cent of the list price: the better of tier and volume, never both."""
    by_tier = rules.tiers.get(tier or "", HUNDRED)
    by_volume = min((pct for least, pct in rules.volume if units >= least), default=HUNDRED)
    return min(by_tier, by_volume)


def service_fee(list_price: Decimal, quantity: Decimal, percent: Decimal) -> Decimal:
    """The service fee of a line, rounded to the fen once."""
    return to_cents(list_price * quantity * percent / HUNDRED)


def rush_fee(rules: PriceRules, service: Decimal) -> Decimal:
    """The surcharge of a rush order, a line of its own."""
    return to_cents(service * rules.rush / HUNDRED)


def foreign_cost(rules: PriceRules, invoice: Decimal, exchange_rate: Decimal) -> Decimal:
    """A foreign agent's invoice in CNY with the exchange reserve; the difference is settled with the final bill."""
    return to_cents(invoice * exchange_rate * (HUNDRED + rules.exchange_reserve) / HUNDRED)


def discount_pct(listed: Decimal, offered: Decimal) -> Decimal:
    """How far below the list an offer lies, in per cent, rounded up to two places so that no limit is slipped under."""
    if listed <= 0 or offered >= listed:
        return ZERO
    exact = (listed - offered) * HUNDRED / listed
    rounded = to_cents(exact)
    return rounded if rounded >= exact else rounded + Decimal("0.01")


def within(limits: Iterable[tuple[Decimal, str]], discount: Decimal, roles: Iterable[str], *, floor: bool) -> bool:
    """Whether one of the roles may grant this discount; below the floor price only a partner may.

    `limits`: (up to so many per cent, role). A partner may grant any.
    """
    roles = set(roles)
    if PARTNER in roles:
        return True
    return not floor and any(role in roles and discount <= limit for limit, role in limits)
