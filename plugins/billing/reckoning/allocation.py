"""Which part of which line a sum of money pays: official fees first, oldest bill first. Conserves every fen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .amounts import ZERO

ORDER = ("official", "disbursement", "service")
"""Within a bill: what we advanced for the client comes first."""


@dataclass(frozen=True)
class Claim:
    """One part of one line of a bill that is still open by `open`, which is never negative."""

    bill: int
    line: int
    part: str
    open: Decimal


@dataclass(frozen=True)
class Share:
    """So much of a sum of money for one claim; always positive."""

    claim: Claim
    amount: Decimal


def in_order(claims: Iterable[Claim]) -> list[Claim]:
    """Claims of one bill in the order in which money pays them, whatever order they come in."""
    return sorted(claims, key=lambda claim: (ORDER.index(claim.part), claim.line))


def spread(amount: Decimal, claims: Iterable[Claim]) -> list[Share]:
    """Shares of `amount` for the claims of one bill; together the smaller of the amount and what is open."""
    shares, left = [], amount
    for claim in in_order(claims):
        taken = min(left, claim.open)
        if taken > 0:
            shares.append(Share(claim, taken))
            left -= taken
    return shares


def release(amount: Decimal, held: Sequence[tuple[int, str, int, Decimal]]) -> list[tuple[int, Decimal]]:
    """How much of each allocation is taken back for `amount`: service fees first, the latest first.

    `held`: (allocation id, part, line, amount). Returns (allocation id, what is taken back of it).
    """
    taken, left = [], amount
    for ident, _part, _line, kept in sorted(held, key=lambda h: (-ORDER.index(h[1]), -h[2], -h[0])):
        back = min(left, kept)
        if back > 0:
            taken.append((ident, back))
            left -= back
    return taken


@dataclass(frozen=True)
class OpenBill:
    """A bill that money may pay."""

    bill: int
    due: date
    balance: Decimal


def suggest(amount: Decimal, bills: Iterable[OpenBill], named: Iterable[int] = ()) -> dict[int, Decimal]:
    """What `amount` most likely pays: bills that the payer named, then one of exactly this balance, else the oldest."""
    bills, first = sorted(bills, key=lambda b: (b.due, b.bill)), set(named)
    exact = [b for b in bills if b.balance == amount and b.balance > 0]
    ranked = [b for b in bills if b.bill in first]
    if not ranked:
        ranked = exact[:1] or bills
    found, left = {}, amount
    for bill in ranked:
        taken = min(left, bill.balance)
        if taken > ZERO:
            found[bill.bill] = taken
            left -= taken
    return found
