"""Years and grace months of patent annuities, counted from the filing day. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

REDUCED_ANNUITIES = 10
"""Annuities are reduced for ten years from the year of grant (财税〔2016〕78号)."""


def add_months(day: date, months: int) -> date:
    """The same-numbered day so many months later, or the last day of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def annuity_year_on(filed: date, day: date) -> int:
    """The annuity year in which `day` lies; year 1 starts on the filing day."""
    years = day.year - filed.year
    return years + 1 if add_months(filed, years * 12) <= day else years


def grace_month(filed: date, year: int, paid: date) -> int:
    """In which month of grace the annuity of `year` is paid: 0 in time, 1 to 6, 7 when the right has ceased."""
    nominal = add_months(filed, (year - 1) * 12)
    if paid <= nominal:
        return 0
    return next((month for month in range(1, 7) if paid <= add_months(nominal, month)), 7)


def reduction_of_annuity(percent: Decimal, filed: date | None, granted: date | None, year: int) -> Decimal:
    """The reduction that the annuity of `year` still enjoys; without a known grant day it stands."""
    if not percent or filed is None or granted is None:
        return percent
    return percent if year < annuity_year_on(filed, granted) + REDUCED_ANNUITIES else Decimal(0)
