"""Reads .xlsx with openpyxl in read-only mode: values only, formulas by their cached results, errors without one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet import _read_only
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from .cells import UNCOMPUTED, pack
from .limits import MAX_COLUMNS, MAX_ROWS
from .problems import Unreadable


class _Parser(WorkSheetParser):
    """Tells a formula that no program has computed from an empty cell; openpyxl reads both as nothing."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            kept = element.find(VALUE_TAG)
            if kept is None or (not kept.text and element.get("t") != "str"):
                cell["value"] = UNCOMPUTED
        return cell


_read_only.WorkSheetParser = _Parser  # the reader makes its parser by this name and takes no other


def sheets(path: Path) -> list[str]:
    """Names of the visible worksheets in order; hidden ones are left out."""
    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield (row number from 1, cells) for rows that hold anything."""
    worksheet = load_workbook(path, read_only=True, data_only=True, keep_links=False)[sheet]
    worksheet.reset_dimensions()
    count = 0
    for number, row in enumerate(worksheet.iter_rows(values_only=True), 1):
        if not row:
            continue
        if len(row) > MAX_COLUMNS and any(cell is not None for cell in row[MAX_COLUMNS:]):
            raise Unreadable("too_many_columns")
        cells = [pack(cell) for cell in row[:MAX_COLUMNS]]
        if any(cell is not None for cell in cells):
            count += 1
            if count > MAX_ROWS:
                raise Unreadable("too_many_rows")
            yield number, cells
