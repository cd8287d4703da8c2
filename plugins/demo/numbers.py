"""Invented official numbers in the right shape, with right check digits. Nobody holds them."""

from __future__ import annotations

from datetime import date

WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
DIGITS = {"invention": "1", "utility_model": "2", "design": "3", "pct_national": "8"}
FIRST_MARK = {
    2015: 16,
    2016: 20,
    2017: 24,
    2018: 30,
    2019: 37,
    2020: 44,
    2021: 54,
    2022: 63,
    2023: 70,
    2024: 77,
    2025: 83,
}
"""The first two digits of trademark numbers by the year of filing, roughly as the office counted."""


def patent(case_type: str, filed: date, serial: int) -> str:
    """A patent application number such as 202610300001.0 (check digit after ZC 0006-2003)."""
    base = f"{filed.year}{DIGITS[case_type]}{300_000 + serial:07d}"
    check = sum(int(digit) * weight for digit, weight in zip(base, WEIGHTS, strict=True)) % 11
    return f"{base}.{'X' if check == 10 else check}"


def trademark(filed: date, serial: int) -> str:
    """A trademark number of eight digits."""
    return f"{FIRST_MARK.get(filed.year, 88 if filed.year > 2025 else 12)}{100_000 + serial * 37:06d}"


def publication(case_type: str, serial: int, *, granted: bool) -> str:
    """A publication or grant number: CN1…A or B, CN2…U, CN3…S."""
    if case_type == "utility_model":
        return f"CN2{22_000_000 + serial:08d}U"
    if case_type == "design":
        return f"CN3{7_000_000 + serial:08d}S"
    return f"CN1{19_000_000 + serial:08d}{'B' if granted else 'A'}"


def application(case_type: str, filed: date, serial: int) -> str | None:
    """The application number of a case of that type, None where the office gives no such number."""
    if case_type == "tm_application":
        return trademark(filed, serial)
    return patent(case_type, filed, serial) if case_type in DIGITS else None
