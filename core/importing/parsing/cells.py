"""One cell on the wire: text, number, yes/no, nothing, or a tagged day, instant or spreadsheet error."""

from datetime import date, datetime, time, timedelta
from typing import Any

from .limits import MAX_CELL_CHARS
from .problems import Unreadable

UNCOMPUTED = "#FORMULA!"
"""Stands for a formula whose result the file does not hold."""
SPREADSHEET_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", UNCOMPUTED}


def pack(value: Any) -> Any:
    """Return the JSON-ready form of a cell: `{"d": day}`, `{"t": instant}`, `{"e": error}` or the bare value."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _pack_text(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    if isinstance(value, datetime):
        return {"d": value.date().isoformat()} if value.time() == time() else {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, timedelta | time):
        return str(value)
    return str(value)


def _pack_text(value: str) -> Any:
    if len(value) > MAX_CELL_CHARS:
        raise Unreadable("cell_too_long")
    if value in SPREADSHEET_ERRORS:
        return {"e": value}
    return value or None
