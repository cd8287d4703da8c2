"""Reads the old binary .xls through calamine; numbers arrive as floats and leave as whole numbers where they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from .cells import pack
from .limits import MAX_COLUMNS, MAX_ROWS
from .problems import Unreadable


def sheets(path: Path) -> list[str]:
    """Names of the visible worksheets in order."""
    book = CalamineWorkbook.from_path(str(path))
    return [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]


def rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield (row number from 1, cells), with the empty columns on the left kept."""
    worksheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet)
    start = worksheet.start
    if start is None:
        return
    first_row, first_column = start
    if first_column + worksheet.width > MAX_COLUMNS:
        raise Unreadable("too_many_columns")
    if worksheet.height > MAX_ROWS:
        raise Unreadable("too_many_rows")
    for number, row in enumerate(worksheet.iter_rows(), first_row + 1):
        cells = [None] * first_column + [pack(None if cell == "" else cell) for cell in row]
        if any(cell is not None for cell in cells):
            yield number, cells
