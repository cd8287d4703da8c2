"""Amounts in capital Chinese numerals (大写金额), as bills and quotations print them. Pure; formats no figures."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from core.i18n import _

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("仟", "佰", "拾", "")
LIMIT = Decimal("9999999999999.99")
_CENT = Decimal("0.01")


def capital_amount(amount: Decimal, currency: str = "CNY") -> str:
    """The amount in words, rounded half up to two decimals: 105.20 is 人民币壹佰零伍元贰角整.

    Other currencies carry their ISO name, the figures and English words. Raises ValueError beyond 9,999,999,999,999.99.
    Source: 支付结算办法 annex 1 (rules of writing amounts on bills).
    """
    value = Decimal(amount).quantize(_CENT, ROUND_HALF_UP)
    if abs(value) > LIMIT:
        raise ValueError(str(_("Amounts beyond 9,999,999,999,999.99 have no capital numerals.")))
    if currency != "CNY":
        return _foreign(value, currency)
    return ("人民币负" if value < 0 else "人民币") + _yuan(abs(value))


def _yuan(value: Decimal) -> str:
    whole, cents = divmod(int(value * 100), 100)
    jiao, fen = divmod(cents, 10)
    text = f"{_whole(whole)}元" if whole else ""
    if not cents:
        return f"{text or '零元'}整"
    if jiao:
        text += f"{DIGITS[jiao]}角"
    elif text:
        text += "零"
    return text + (f"{DIGITS[fen]}分" if fen else "整")


def _whole(number: int) -> str:
    """A positive whole number; 万亿 is written as 万 of 亿."""
    for unit, word in ((10**8, "亿"), (10**4, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            gap = "零" if low and (low < unit // 10 or high % 10_000 == 0) else ""
            return _whole(high) + word + gap + (_whole(low) if low else "")
    return _group(number)


def _group(number: int) -> str:
    """1 to 9999 without leading or trailing zeros; zeros inside give one 零."""
    pairs = zip(f"{number:04}", PLACES, strict=True)
    text = "".join(DIGITS[int(digit)] + place if digit != "0" else "零" for digit, place in pairs)
    while "零零" in text:
        text = text.replace("零零", "零")
    return text.strip("零")


_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred"))


def _foreign(value: Decimal, currency: str) -> str:
    whole, cents = divmod(int(abs(value) * 100), 100)
    sign = "minus " if value < 0 else ""
    return f"{currency} {value:,.2f} ({sign}{_english(whole)} and {cents:02}/100)"


def _english(number: int) -> str:
    for unit, word in _SCALES:
        if number >= unit:
            high, low = divmod(number, unit)
            return f"{_english(high)} {word}" + (f" {_english(low)}" if low else "")
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
