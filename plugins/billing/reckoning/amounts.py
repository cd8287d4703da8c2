"""Amounts of one line: rounding, tax inside the price, totals. Every figure is rounded on its line, so sums agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def to_cents(amount: Decimal) -> Decimal:
    """The amount rounded half up to the fen."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def tax_inside(gross: Decimal, rate_pct: Decimal) -> Decimal:
    """The tax that is part of a price with tax: 1060.00 at 6 % holds 60.00. Negative prices hold negative tax."""
    return to_cents(gross * rate_pct / (100 + rate_pct))


@dataclass(frozen=True)
class Line:
    """The money of one line. `service` includes its tax; official fees and disbursements carry none (pass-through)."""

    official: Decimal = ZERO
    service: Decimal = ZERO
    disbursement: Decimal = ZERO
    tax_rate: Decimal = Decimal(6)

    @property
    def tax(self) -> Decimal:
        """The tax inside the service fee."""
        return tax_inside(self.service, self.tax_rate)

    @property
    def total(self) -> Decimal:
        """What the client pays for the line."""
        return self.official + self.service + self.disbursement


@dataclass(frozen=True)
class Totals:
    """The foot of a bill or quotation; `total` = official + service + disbursement, and the tax lies inside service."""

    official: Decimal
    service: Decimal
    disbursement: Decimal
    tax: Decimal
    total: Decimal


def totals(lines: Iterable[Line]) -> Totals:
    """Sums of the rounded lines."""
    lines = list(lines)
    return Totals(
        sum((line.official for line in lines), ZERO),
        sum((line.service for line in lines), ZERO),
        sum((line.disbursement for line in lines), ZERO),
        sum((line.tax for line in lines), ZERO),
        sum((line.total for line in lines), ZERO),
    )


def balance(total: Decimal, paid: Decimal, credited: Decimal, written_off: Decimal) -> Decimal:
    """What is still owed on a bill."""
    return total - paid - credited - written_off
