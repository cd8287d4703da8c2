"""Turns one cell into the value of one field, or says with a code why not."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.i18n import _

from .dates import BadDate, parse_date
from .headers import fold
from .source import CellError
from .text import LOST, as_text, half_width, split_names, split_values, tidy

YES = {"是", "有", "对", "真", "启用", "√", "✓", "y", "yes", "true", "t", "1", "on", "x"}
NO = {"否", "无", "無", "没有", "错", "假", "停用", "×", "n", "no", "false", "f", "0", "off"}
EMPTY = {"", "-", "--", "—", "——", "/", "\\", "n/a", "null", "none", "nan"}
_NUMBER_DRESS = re.compile(r"[,\s¥￥$€元]|RMB|CNY|人民币", re.IGNORECASE)
SHANGHAI = ZoneInfo("Asia/Shanghai")
REASONS = {
    "cell_error": _("The cell holds a spreadsheet error (%(value)s)."),
    "lost_characters": _("The text lost characters on its way here (%(value)s). Correct it in the source."),
    "bad_date": _("“%(value)s” is not a day. Write it as 2019-07-09."),
    "incomplete_date": _("“%(value)s” is not a whole day. Write year, month and day."),
    "ambiguous_date": _("“%(value)s” can be read as more than one day. Write it as 2019-07-09."),
    "bad_number": _("“%(value)s” is not a number."),
    "not_whole": _("“%(value)s” is not a whole number."),
    "bad_boolean": _("“%(value)s” is neither yes nor no."),
    "bad_choice": _("“%(value)s” is none of the choices of this field."),
    "too_long": _("The text is longer than %(limit)s characters."),
    "bad_json": _("“%(value)s” cannot be put into this field."),
}


class BadCell(ValueError):
    """A cell that its field cannot take: a stable `code` and a message for the person who has the file."""

    def __init__(self, code: str, message: Any = None, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message if message is not None else str(REASONS[code]) % values


@dataclass(frozen=True)
class ImportTarget:
    """A field as the importer sees it: of a record, or one that a plugin takes care of (`virtual`)."""

    name: str
    kind: str
    label: Any
    synonyms: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False
    choices: Sequence[Any] = ()
    max_length: int | None = None
    target: str | None = None
    virtual: bool = False
    roc: bool = False
    help: Any = None


def coerce(target: ImportTarget, cell: Any, *, roc: bool = False) -> Any:
    """The value of `cell` for `target`, None when it is empty; raises `BadCell`."""
    if isinstance(cell, CellError):
        raise BadCell("cell_error", value=str(cell))
    if cell is None or (isinstance(cell, str) and len(cell) < 9 and _is_empty(cell)):
        return None
    if LOST in (cell if isinstance(cell, str) else as_text(cell)):
        raise BadCell("lost_characters", value=shown(cell))
    return READERS.get(target.kind, _text)(target, cell, roc or target.roc)


@lru_cache(maxsize=4096)
def _is_empty(cell: str) -> bool:
    return half_width(tidy(cell)).lower() in EMPTY


def shown(cell: Any) -> str:
    """The cell as a reason quotes it: at most 60 characters."""
    text = tidy(cell)
    return text if len(text) <= 60 else text[:59] + "…"


def _text(target: ImportTarget, cell: Any, roc: bool) -> str | None:
    text = tidy(cell).rstrip(";；").rstrip()
    if target.max_length and len(text) > target.max_length:
        raise BadCell("too_long", limit=target.max_length)
    return text or None


def _long_text(target: ImportTarget, cell: Any, roc: bool) -> str | None:
    return tidy(cell, lines=True) or None


def _integer(target: ImportTarget, cell: Any, roc: bool) -> int | None:
    number = _decimal(target, cell, roc)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise BadCell("not_whole", value=shown(cell))
    return int(number)


def _decimal(target: ImportTarget, cell: Any, roc: bool) -> Decimal | None:
    if isinstance(cell, bool):
        raise BadCell("bad_number", value=shown(cell))
    text = half_width(tidy(cell))
    negative = text.startswith("(") and text.endswith(")")
    text = _NUMBER_DRESS.sub("", text.strip("()"))
    if not text:
        return None
    share = text.endswith("%")
    try:
        number = Decimal(text.rstrip("%"))
    except InvalidOperation as error:
        raise BadCell("bad_number", value=shown(cell)) from error
    if not number.is_finite():
        raise BadCell("bad_number", value=shown(cell))
    number = number / 100 if share else number
    return -number if negative else number


def _date(target: ImportTarget, cell: Any, roc: bool) -> date | None:
    try:
        return parse_date(cell, roc=roc)
    except BadDate as error:
        raise BadCell(error.code, value=shown(cell)) from error


def _datetime(target: ImportTarget, cell: Any, roc: bool) -> datetime | None:
    """An instant; a time without a zone is Shanghai time, a day alone its midnight."""
    if not isinstance(cell, datetime):
        try:
            cell = datetime.fromisoformat(half_width(tidy(cell)))
        except ValueError:
            day = _date(target, cell, roc)
            cell = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) if day else None
    return cell.replace(tzinfo=SHANGHAI) if cell is not None and cell.tzinfo is None else cell


def _boolean(target: ImportTarget, cell: Any, roc: bool) -> bool:
    word = half_width(tidy(cell)).lower()
    if cell is True or word in YES:
        return True
    if cell is False or word in NO:
        return False
    raise BadCell("bad_boolean", value=shown(cell))


def choice_index(choices: Sequence[Any]) -> dict[str, str]:
    """Folded code, label and synonym of each choice → its code."""
    index: dict[str, str] = {}
    for choice in choices:
        label = choice.label
        words = [choice.code, getattr(label, "zh", None), getattr(label, "en", None), str(label)]
        for word in [*words, *getattr(choice, "synonyms", ())]:
            if word:
                index.setdefault(fold(str(word)), choice.code)
    return index


_indexes: dict[int, tuple[Any, dict[str, str]]] = {}


def _find_choice(target: ImportTarget, word: Any) -> str:
    if id(target) not in _indexes:
        _indexes[id(target)] = (target, choice_index(target.choices))
    found = _indexes[id(target)][1].get(fold(tidy(word)))
    if found is None:
        raise BadCell("bad_choice", value=shown(word))
    return found


def _choice(target: ImportTarget, cell: Any, roc: bool) -> str:
    return _find_choice(target, cell[0] if isinstance(cell, list) and len(cell) == 1 else cell)


def _multi_choice(target: ImportTarget, cell: Any, roc: bool) -> list[str] | None:
    return list(dict.fromkeys(_find_choice(target, word) for word in split_values(cell))) or None


def _names(target: ImportTarget, cell: Any, roc: bool) -> list[str] | None:
    return split_names(cell) or None


def _words(target: ImportTarget, cell: Any, roc: bool) -> list[str] | None:
    return split_values(cell) or None


def _as_is(target: ImportTarget, cell: Any, roc: bool) -> Any:
    return cell if not isinstance(cell, str) else tidy(cell) or None


READERS: dict[str, Callable[[ImportTarget, Any, bool], Any]] = {
    "text": _text,
    "long_text": _long_text,
    "integer": _integer,
    "decimal": _decimal,
    "money": _decimal,
    "date": _date,
    "datetime": _datetime,
    "boolean": _boolean,
    "choice": _choice,
    "multi_choice": _multi_choice,
    "tags": _names,
    "names": _names,
    "words": _words,
    "json": _as_is,
    "raw": _as_is,
    "link": _text,
}
