"""Unified social credit codes: what is accepted, what is refused and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import use_locale
from plugins.clients import uscc

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "real" / "uscc_valid_numbers" / "uscc.txt"


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y43", "91110000101623741K", "12100000400000000W", "92330106MA2B00000Q", "9144030500DEM0015E"],
)
def test_known_codes_are_accepted(code):
    assert uscc.validate(code) == code


def test_spaces_width_and_case_do_not_matter():
    assert uscc.validate(" 9135 0100-m000 100ｙ43 ") == "91350100M000100Y43"


def test_a_letter_taken_for_a_digit_is_named_with_its_place():
    with pytest.raises(ValueError, match=r"Character 5 is the letter O, use the digit 0\."), use_locale("en"):
        _said("9135O100M000100Y43")


def _said(text):
    try:
        uscc.validate(text)
    except ValueError as error:
        raise ValueError(str(error.args[0])) from None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("91350100M000100Y4", "18 characters"),
        ("91350100M000100Y44", "check character"),
        ("91350A00M000100Y43", "region"),
        ("91350100M0#0100Y43", "Character 11"),
    ],
)
def test_each_fault_has_its_own_words(text, reason):
    with pytest.raises(ValueError, match=reason), use_locale("en"):
        _said(text)


def test_real_numbers_pass():
    if not REAL.exists():
        pytest.skip("the data folder ../shared is not here")
    codes = REAL.read_text("utf-8").split()
    assert len(codes) >= 190
    assert [c for c in codes if not uscc.is_valid(c)] == []
