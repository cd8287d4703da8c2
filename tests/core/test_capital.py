"""Capital Chinese amounts: the worked examples, and a round trip through a reader that was written apart."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core import capital_amount

VALUES = {c: i for i, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}
amounts = st.integers(0, 999_999_999_999_999).map(lambda cents: Decimal(cents) / 100)


def read_whole(text: str) -> int:
    """Left to right like a person: units close digits, 万 closes what came since 亿, 亿 closes everything."""
    done = section = digit = 0
    for sign in text:
        if sign in VALUES:
            digit = VALUES[sign]
        elif sign in UNITS:
            section, digit = section + digit * UNITS[sign], 0
        elif sign == "万":
            done, section, digit = done + (section + digit) * 10_000, 0, 0
        elif sign == "亿":
            done, section, digit = (done + section + digit) * 100_000_000, 0, 0
    return done + section + digit


def read(text: str) -> Decimal:
    assert text.startswith("人民币")
    text = text.removeprefix("人民币")
    sign = -1 if text.startswith("负") else 1
    whole, _, rest = text.removeprefix("负").rpartition("元")
    cents = 0
    for word, factor in (("角", 10), ("分", 1)):
        if word in rest:
            cents += VALUES[rest[rest.index(word) - 1]] * factor
    return sign * (read_whole(whole) + Decimal(cents) / 100)


def test_worked_examples(shared_data):
    given_ = yaml.safe_load((shared_data / "fees-and-prices.yaml").read_text("utf-8"))
    examples = given_["capital_numerals"]["examples"]
    assert len(examples) >= 15
    for example in examples:
        assert capital_amount(Decimal(example["amount"])) == example["text"], example["why"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1000000000000", "人民币壹万亿元整"),
        ("1000000050000", "人民币壹万亿零伍万元整"),
        ("1000050000000", "人民币壹万亿零伍仟万元整"),
        ("1000100000000", "人民币壹万零壹亿元整"),
        ("1680.32", "人民币壹仟陆佰捌拾元叁角贰分"),
        ("-20.5", "人民币负贰拾元伍角整"),
        ("0.005", "人民币壹分"),
        ("0.004", "人民币零元整"),
        ("-0.004", "人民币零元整"),
        ("9999999999999.99", "人民币玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_edges(amount, text):
    assert capital_amount(Decimal(amount)) == text


@given(amounts)
def test_reads_back(amount):
    assert read(capital_amount(amount)) == amount


@given(amounts)
def test_no_double_zero_and_an_end(amount):
    text = capital_amount(amount)
    assert "零零" not in text
    assert text.endswith(("整", "分"))


def test_other_currencies_carry_figures_and_english_words():
    assert capital_amount(Decimal("1234.50"), "USD") == (
        "USD 1,234.50 (one thousand two hundred thirty-four and 50/100)"
    )


def test_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match=r"9,999"):
        capital_amount(Decimal("10000000000000"))
