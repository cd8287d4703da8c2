"""Official fees from a table with effective dates: classes, extra items, thresholds, annuities, late fees, reductions.

Pure; amounts in CNY. The table is data (`data/official-fees.yaml`); what one proceeding is, is a `Subject`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .amounts import ZERO, to_cents

FREE_ITEMS = 10
"""Goods items of a class, and claims of an application, that the basic fee covers."""
FREE_PAGES, MIDDLE_PAGES = 30, 300


class UnknownFee(LookupError):
    """The table has no amount for this code, kind, channel or year on that day."""


@dataclass(frozen=True)
class Fee:
    """One row of the table. `step` names a part of a fee: `extra_item`, `page_31_to_300`, `4-6` (years), `month_3`."""

    code: str
    amount: Decimal
    per: str = "case"
    right_kind: str | None = None
    channel: str | None = None
    step: str | None = None
    reducible: bool = False
    valid_from: date = date.min
    valid_to: date | None = None


@dataclass(frozen=True)
class Subject:
    """What fees are counted on. `reduction` in per cent; `grace_month` 1 to 6; `quantity` for fees per case."""

    right_kind: str | None = None
    channel: str = "online"
    classes: int = 1
    extra_items: int = 0
    claims: int = 0
    pages: int = 0
    priorities: int = 0
    reduction: Decimal = ZERO
    annuity_year: int | None = None
    grace_month: int = 0
    months: int = 1
    quantity: int = 1


class FeeTable:
    """The rows in force on one day."""

    def __init__(self, rows: Iterable[Fee], day: date) -> None:
        self._rows: dict[tuple[str, str | None, str | None, str | None], Fee] = {}
        for row in sorted(rows, key=lambda r: r.valid_from):
            if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to):
                self._rows[row.code, row.right_kind, row.channel, row.step] = row

    def row(self, code: str, subject: Subject, step: str | None = None) -> Fee:
        """The row that fits the subject best; raises `UnknownFee`."""
        for kind in (subject.right_kind, None):
            for channel in (subject.channel, None):
                if found := self._rows.get((code, kind, channel, step)):
                    return found
        raise UnknownFee(f"{code} {subject.right_kind or ''} {subject.channel} {step or ''}".strip())

    def official(self, code: str, subject: Subject) -> Decimal:
        """The fee of `code` for the subject; raises `UnknownFee`."""
        count = _COUNTED.get(code)
        if count is not None:
            return count(self, code, subject)
        row = self.row(code, subject)
        units = subject.classes if row.per == "class" else subject.quantity
        return self._reduced(row, subject) * units

    def extra_items(self, code: str, subject: Subject) -> Decimal:
        """What goods items from the 11th of a class cost beside the fee of the class."""
        return self.row(code, subject, "extra_item").amount * subject.extra_items

    def annuity(self, subject: Subject) -> Decimal:
        """The full annuity of `subject.annuity_year`, before any reduction; raises `UnknownFee`."""
        year = subject.annuity_year or 0
        for (code, kind, _channel, step), row in self._rows.items():
            if code == "PAT_ANNUITY" and kind == subject.right_kind and step and "-" in step:
                first, _, last = step.partition("-")
                if int(first) <= year <= int(last):
                    return row.amount
        raise UnknownFee(f"PAT_ANNUITY {subject.right_kind} {year}")

    def _reduced(self, row: Fee, subject: Subject) -> Decimal:
        if not row.reducible or not subject.reduction:
            return row.amount
        return to_cents(row.amount * (100 - subject.reduction) / 100)


def _application(table: FeeTable, code: str, subject: Subject) -> Decimal:
    extra = table.extra_items(code, subject) if subject.extra_items else ZERO
    return table.row(code, subject).amount * subject.classes + extra


def _excess_claims(table: FeeTable, code: str, subject: Subject) -> Decimal:
    return table.row(code, subject).amount * max(0, subject.claims - FREE_ITEMS)


def _excess_pages(table: FeeTable, code: str, subject: Subject) -> Decimal:
    middle = max(0, min(subject.pages, MIDDLE_PAGES) - FREE_PAGES)
    far = max(0, subject.pages - MIDDLE_PAGES)
    return (
        table.row(code, subject, "page_31_to_300").amount * middle
        + table.row(code, subject, "page_301_up").amount * far
    )


def _annuity(table: FeeTable, code: str, subject: Subject) -> Decimal:
    return to_cents(table.annuity(subject) * (100 - subject.reduction) / 100)


def _late(table: FeeTable, code: str, subject: Subject) -> Decimal:
    """Reckoned on the full annuity, whatever the reduction; a ceased right is restored with the last step."""
    if not subject.grace_month:
        return ZERO
    percent = table.row(code, subject, f"month_{min(subject.grace_month, 6)}").amount
    return to_cents(table.annuity(subject) * percent / 100)


def _extension(table: FeeTable, code: str, subject: Subject) -> Decimal:
    return table.row(code, subject, "first_per_month").amount * subject.months


def _priority(table: FeeTable, code: str, subject: Subject) -> Decimal:
    return table.row(code, subject).amount * max(subject.priorities, 1)


def _translation_fix(table: FeeTable, code: str, subject: Subject) -> Decimal:
    return table.row(code, subject, "preliminary").amount


_COUNTED = {
    "TM_APPLICATION": _application,
    "PAT_EXCESS_CLAIMS": _excess_claims,
    "PAT_EXCESS_PAGES": _excess_pages,
    "PAT_ANNUITY": _annuity,
    "PAT_LATE": _late,
    "PAT_EXTENSION": _extension,
    "PAT_PRIORITY": _priority,
    "PCT_TRANSLATION_FIX": _translation_fix,
}
