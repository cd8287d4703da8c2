"""Reading a sheet of receipts: which column is what, one `Row` for each line, doubled lines named."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.importing import dates, headers, sandbox, text, values

COLUMNS = {
    "receipt": ("收款单号", "收款编号", "单据编号", "流水号", "receipt number", "receipt no", "receipt"),
    "bill": ("账单号", "账单编号", "应收单号", "源单编号", "bill number", "bill no", "bill"),
    "amount": ("金额", "收款金额", "实收金额", "amount"),
    "day": ("日期", "收款日期", "到账日期", "交易日期", "date", "received on"),
    "payer": ("付款人", "付款单位", "客户名称", "客户", "payer"),
}
NEEDED = ("bill", "amount", "day")
MOST = 5000
LONGEST = 100
CENT = Decimal("0.01")
MOST_MONEY = Decimal(10) ** 12


@dataclass
class Row:
    """One line. `key` names the receipt for good: its number, or bill, amount and day where it has none."""

    number: int
    receipt: str
    bill: str
    amount: Decimal | None
    day: date | None
    payer: str
    key: str = ""
    problem: str = ""


class Unreadable(ValueError):
    """The sheet lacks columns; the argument names them."""


def read(path: Path, suffix: str) -> list[Row]:
    """The rows of the first sheet with our columns. Raises `Unreadable`, and `sandbox.FileRefused` for broken files."""
    outline = [line for line in sandbox.parse(path, suffix=suffix, mode="describe") if "sheet" in line]
    for described in outline:
        known = {headers.fold(name) for names in COLUMNS.values() for name in names}
        head = headers.find_header([tuple(row) for row in described["rows"]], known.__contains__)
        places = _places(head.names) if head else {}
        if all(name in places for name in NEEDED):
            lines = sandbox.parse(path, suffix=suffix, mode="rows", sheet=described["sheet"])
            return _marked(_rows(lines, head.last_row, places))
    raise Unreadable(", ".join(COLUMNS[name][0] for name in NEEDED))


def _places(names: Iterable[str | None]) -> dict[str, int]:
    folded = {headers.fold(name): at for at, name in reversed(list(enumerate(names))) if name}
    found: dict[str, int] = {}
    for column, words in COLUMNS.items():
        at = next((folded[headers.fold(word)] for word in words if headers.fold(word) in folded), None)
        if at is not None and at not in found.values():
            found[column] = at
    return found


def _rows(lines: Iterable[Any], last_head: int, places: dict[str, int]) -> Iterator[Row]:
    for number, cells in lines:
        if number <= last_head or not any(cell not in (None, "") for cell in cells):
            continue
        got = {name: cells[at] if at < len(cells) else None for name, at in places.items()}
        yield _row(number, got)


def _row(number: int, got: dict[str, Any]) -> Row:
    words = {name: _words(got.get(name)) for name in ("receipt", "bill", "payer") if got.get(name)}
    row = Row(number, words.get("receipt", ""), words.get("bill", "").upper(), None, None, words.get("payer", "")[:300])
    try:
        row.amount = _money(values_of(got.get("amount")))
        row.day = values.coerce(values.ImportTarget("day", "date", ""), values_of(got.get("day")))
    except values.BadCell:
        row.problem = "cell"
    if len(row.receipt) > LONGEST or len(row.bill) > LONGEST:
        row.receipt, row.bill, row.problem = row.receipt[:LONGEST], row.bill[:LONGEST], "cell"
    if not row.problem and (not row.bill or not row.amount or row.day is None):
        row.problem = "empty"
    return row


def _words(cell: Any) -> str:
    """A text as it is compared: full-width letters and digits are the plain ones."""
    return unicodedata.normalize("NFKC", text.tidy(cell)).strip()


def _money(cell: Any) -> Decimal | None:
    """An amount in whole cents; raises `BadCell` for fractions of them and for figures that a program cut short."""
    found = values.coerce(values.ImportTarget("amount", "decimal", ""), cell)
    cut = isinstance(cell, str) and "e" in _words(cell).lower()
    if found is not None and (cut or abs(found) >= MOST_MONEY or found != found.quantize(CENT)):
        raise values.BadCell("bad_number", value=values.shown(cell))
    return found


def values_of(cell: Any) -> Any:
    """A cell as the reader packed it, unpacked."""
    if isinstance(cell, dict):
        return dates.parse_date(cell.get("d") or str(cell.get("t", ""))[:10]) if {"d", "t"} & set(cell) else None
    return cell


def _marked(rows: Iterable[Row]) -> list[Row]:
    """With keys; a line whose key came before is doubled."""
    found: list[Row] = []
    seen: set[str] = set()
    for row in rows:
        if len(found) == MOST:
            raise Unreadable(str(MOST))
        if not row.problem:
            told = f"{row.bill}|{row.amount:.2f}|{row.day}"
            row.key = row.receipt or hashlib.sha256(told.encode()).hexdigest()[:24]
            row.problem = "doubled" if row.key in seen else ""
            seen.add(row.key)
        found.append(row)
    return found
