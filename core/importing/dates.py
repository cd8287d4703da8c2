"""Days as spreadsheets write them: Chinese, ISO, compact, English, spreadsheet serials and ROC years."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from .text import as_text, half_width, tidy

SERIAL_ORIGIN = date(1899, 12, 30)
SERIALS = range(10_000, 80_000)
ROC_OFFSET = 1911
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: i for i, name in enumerate(MONTH_NAMES, 1)}

_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$")
_YMD = re.compile(r"^(\d{4})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})日?$")
_ROC_WORD = re.compile(r"^(?:中華)?(?:民國|民国)\s?(\d{1,3})\s?[-./年]?\s?(\d{1,2})\s?[-./月]?\s?(\d{1,2})日?$")
_SHORT = re.compile(r"^(\d{2,3})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})日?$")
_COMPACT_ROC = re.compile(r"^(\d{2,3})(\d{2})(\d{2})$")
_DMY = re.compile(r"^(\d{1,2})[-./](\d{1,2})[-./](\d{4})$")
_ENGLISH_MDY = re.compile(r"^([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$")
_ENGLISH_DMY = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})$")
NOTHING = {"", "-", "--", "/", "无", "無", "无数据", "none", "null", "n/a", "nan", "0000-00-00", "0", "00000000"}


class BadDate(ValueError):
    """A cell that is no day; `code` is `bad_date`, `incomplete_date` or `ambiguous_date`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_date(value: Any, *, roc: bool = False) -> date | None:
    """The day a cell means, None for an empty one; `roc` reads years below 200 as years of the Republic (add 1911)."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return _from_words(value, roc)
    if isinstance(value, list):
        value = next((part for part in value if part is not None), None)
    if isinstance(value, bool):
        raise BadDate("bad_date")
    if isinstance(value, int | float):
        return _from_number(value, roc)
    return _from_words(as_text(value), roc)


@lru_cache(maxsize=8192)
def _from_words(words: str, roc: bool) -> date | None:
    text = _TIME.sub("", half_width(tidy(words))).strip().rstrip("?;.")
    return None if text.lower() in NOTHING else _from_text(text, roc)


def _from_number(value: float, roc: bool) -> date | None:
    if value == 0:
        return None
    if int(value) in SERIALS and not roc:
        return SERIAL_ORIGIN + timedelta(days=int(value))
    if float(value).is_integer():
        return _from_text(str(int(value)), roc)
    raise BadDate("bad_date")


def _from_text(text: str, roc: bool) -> date:
    if match := _YMD.match(text):
        return _day(match[1], match[2], match[3])
    if match := _ROC_WORD.match(text):
        return _day(int(match[1]) + ROC_OFFSET, match[2], match[3])
    if re.fullmatch(r"\d{8}", text):
        return _day(text[:4], text[4:6], text[6:])
    if match := _SHORT.match(text) or (roc and _COMPACT_ROC.match(text)):
        if not roc:
            raise BadDate("ambiguous_date")
        return _day(int(match[1]) + ROC_OFFSET, match[2], match[3])
    return _from_western(text)


def _from_western(text: str) -> date:
    if match := _ENGLISH_MDY.match(text):
        return _day(match[3], _month(match[1]), match[2])
    if match := _ENGLISH_DMY.match(text):
        return _day(match[3], _month(match[2]), match[1])
    if match := _DMY.match(text):
        return _day_first_or_last(int(match[1]), int(match[2]), match[3])
    if re.fullmatch(r"\d{4}([-./年]\d{1,2}月?)?年?", text):
        raise BadDate("incomplete_date")
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in SERIALS:
        return SERIAL_ORIGIN + timedelta(days=int(float(text)))
    raise BadDate("bad_date")


def _day_first_or_last(first: int, second: int, year: str) -> date:
    """`25/12/2019` and `12/25/2019` are clear, `07/09/2019` is not."""
    if first > 12 or first == second:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    raise BadDate("ambiguous_date")


def _month(name: str) -> int:
    try:
        return MONTHS[name[:3].lower()]
    except KeyError as error:
        raise BadDate("bad_date") from error


def _day(year: str | int, month: str | int, day: str | int) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as error:
        raise BadDate("bad_date") from error
    if not 1850 <= found.year <= 2200:
        raise BadDate("bad_date")
    return found
